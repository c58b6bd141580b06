// Serves the built window's files to a browser, with security headers that restrict the page.
// It must never leave its folder, whatever the path says.
import { readFile } from 'node:fs/promises'
import type { IncomingMessage, ServerResponse } from 'node:http'
import { extname, join, normalize, sep } from 'node:path'

/** The same policy as the desktop window's; `connect-src 'self'` covers the WebSocket to this host. */
export const contentSecurityPolicy = [
  "default-src 'none'", "script-src 'self'", "style-src 'self'", "img-src 'self' data:", "font-src 'self'", "connect-src 'self'",
  "base-uri 'none'", "form-action 'none'", "frame-ancestors 'none'", "require-trusted-types-for 'script'", 'trusted-types vue understudy-worker',
].join('; ')

/** Headers of every answer, including refusals. */
export const securityHeaders = {
  'content-security-policy': contentSecurityPolicy,
  'x-content-type-options': 'nosniff',
  'x-frame-options': 'DENY',
  'cross-origin-opener-policy': 'same-origin',
  'cross-origin-resource-policy': 'same-origin',
  'referrer-policy': 'no-referrer',
  'permissions-policy': 'camera=(), geolocation=(), microphone=(), usb=(), serial=(), hid=()',
  'cache-control': 'no-store',
} as const

const contentTypes: Record<string, string> = {
  '.html': 'text/html; charset=utf-8', '.js': 'text/javascript; charset=utf-8', '.css': 'text/css; charset=utf-8', '.svg': 'image/svg+xml',
  '.png': 'image/png', '.woff2': 'font/woff2', '.map': 'application/json', '.json': 'application/json', '.txt': 'text/plain; charset=utf-8',
}

export function refuse(response: ServerResponse, status: number, sentence: string): void {
  response.writeHead(status, { ...securityHeaders, 'content-type': 'text/plain; charset=utf-8' }).end(`${sentence}\n`)
}

/** Answers an authorised request. */
export async function serveFile(folder: string, request: IncomingMessage, response: ServerResponse): Promise<void> {
  if (request.method !== 'GET' && request.method !== 'HEAD') return refuse(response, 405, 'Only GET and HEAD are answered here.')
  const path = pathIn(folder, request.url ?? '/')
  if (path === undefined) return refuse(response, 404, 'There is no such file.')
  try {
    const body = await readFile(path)
    response.writeHead(200, { ...securityHeaders, 'content-type': contentTypes[extname(path)] ?? 'application/octet-stream', 'content-length': body.length })
    response.end(request.method === 'HEAD' ? undefined : body)
  } catch {
    // The answer must not reveal whether the file is missing or is a folder.
    refuse(response, 404, 'There is no such file.')
  }
}

/** The path of the requested file; undefined if it is outside of the folder. */
function pathIn(folder: string, url: string): string | undefined {
  let name: string
  try {
    name = decodeURIComponent(url.replace(/[?#].*$/s, ''))
  } catch {
    return undefined
  }
  if (name.includes('\0') || !name.startsWith('/')) return undefined
  const path = normalize(join(folder, name === '/' ? 'index.html' : name))
  return path.startsWith(normalize(folder + sep)) ? path : undefined
}
