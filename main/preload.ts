// The only bridge between the page and the main process. It passes on one port, the path of a chosen recording, and the outcomes of downloads.
// It must expose nothing else. A sandboxed preload is CommonJS and may require Electron alone.
import { contextBridge, ipcRenderer, webUtils } from 'electron'

const origin = (): string => location.origin === 'null' ? '*' : location.origin

window.addEventListener('message', (event) => {
  if (event.source === window && event.data === 'lab:want-port') ipcRenderer.send('lab:want-port')
})

ipcRenderer.on('lab:port', (event) => {
  const port = event.ports[0]
  if (port) window.postMessage('lab:port', origin(), [port])
})

// A page cannot name a path: only a `File` that a person picked or dropped has one. The page learns whether the file was taken, but never its path.
contextBridge.exposeInMainWorld('understudyFiles', {
  /** Sends a file that was announced with `uploadBegin` to the lab. Resolves with an empty text, or with one sentence of refusal. */
  bring: (key: string, file: File): Promise<string> => {
    const path = webUtils.getPathForFile(file)
    return path === '' ? Promise.resolve('This file has no place on this machine.') : ipcRenderer.invoke('lab:bring', key, path) as Promise<string>
  },
})

ipcRenderer.on('lab:saved', (_event, saved: unknown) => window.postMessage({ type: 'lab:saved', saved }, origin()))
