// Serves the window's files under a custom scheme, never under file:. Every answer carries the content security policy.
// It must never serve a path outside of the folder.
import { readFile } from 'node:fs/promises'
import { extname, join, normalize, sep } from 'node:path'
import { protocol } from 'electron'
import { contentSecurityPolicy } from '../src/lab'

const scheme = 'lab'
export const windowOrigin = `${scheme}://app`

export function windowUrl(isEmpty: boolean): string {
  return `${windowOrigin}/${isEmpty ? '#empty' : ''}`
}

const types: Record<string, string> = {
  '.html': 'text/html; charset=utf-8', '.js': 'text/javascript; charset=utf-8', '.css': 'text/css; charset=utf-8', '.svg': 'image/svg+xml',
  '.png': 'image/png', '.woff2': 'font/woff2', '.map': 'application/json', '.txt': 'text/plain; charset=utf-8',
}

/** Must run before Electron is ready. */
export function registerScheme(): void {
  protocol.registerSchemesAsPrivileged([{ scheme, privileges: { standard: true, secure: true, supportFetchAPI: true } }])
}

export function serveWindowFiles(folder: string): void {
  protocol.handle(scheme, async (request) => {
    const url = new URL(request.url)
    const name = url.pathname === '/' ? '/index.html' : decodeURIComponent(url.pathname)
    const path = normalize(join(folder, name))
    if (url.host !== 'app' || !path.startsWith(normalize(folder + sep))) return new Response(null, { status: 403 })
    try {
      const body = await readFile(path)
      return new Response(body, {
        headers: {
          'content-type': types[extname(path)] ?? 'application/octet-stream',
          'content-security-policy': contentSecurityPolicy,
          'x-content-type-options': 'nosniff',
        },
      })
    } catch {
      // The answer must not reveal whether the file is missing or is a folder.
      return new Response(null, { status: 404 })
    }
  })
}
