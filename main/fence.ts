// What no page may ever do here: leave the lab's own address, open windows, attach other pages, or be given a permission.
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
    // URL gives a custom scheme no origin, so it is put together here.
    const { protocol, host } = new URL(url)
    return `${protocol}//${host}`
  } catch {
    return ''
  }
}
