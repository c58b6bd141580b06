// Blocks what no page may do: leave the lab's own address, open windows, attach webviews, or receive a permission. It must never make an exception.
import { session, type WebContents } from 'electron'
import { windowOrigin } from './window-files'

export function fenceContents(contents: WebContents): void {
  const keepHome = (event: Electron.Event, url: string): void => {
    if (originOf(url) !== windowOrigin) event.preventDefault()
  }
  contents.setWindowOpenHandler(() => ({ action: 'deny' }))
  contents.on('will-navigate', (event) => keepHome(event, event.url))
  contents.on('will-redirect', (event) => keepHome(event, event.url))
  contents.on('will-attach-webview', (event) => event.preventDefault())
}

export function fenceSession(): void {
  session.defaultSession.setPermissionRequestHandler((_contents, _permission, answer) => answer(false))
  session.defaultSession.setPermissionCheckHandler(() => false)
}

function originOf(url: string): string {
  try {
    // `URL.origin` is "null" for a custom scheme, so the origin is built here.
    const { protocol, host } = new URL(url)
    return `${protocol}//${host}`
  } catch {
    return ''
  }
}
