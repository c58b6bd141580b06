// The only bridge between the page and the main process: it passes on one port and exposes nothing.
// A sandboxed preload is CommonJS and may require Electron alone.
import { ipcRenderer } from 'electron'

window.addEventListener('message', (event) => {
  if (event.source === window && event.data === 'lab:want-port') ipcRenderer.send('lab:want-port')
})

ipcRenderer.on('lab:port', (event) => {
  const port = event.ports[0]
  if (port) window.postMessage('lab:port', location.origin === 'null' ? '*' : location.origin, [port])
})
