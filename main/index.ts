// The desktop window: Electron's main process. It opens a lab, shows it in one window, and takes every process with it when it
// ends. No word of the protocol here. What a page may do is fenced in by fence.ts and window-files.ts.
import { fileURLToPath } from 'node:url'
import { app, BrowserWindow, Menu, MessageChannelMain, ipcMain, nativeTheme, type IpcMainEvent } from 'electron'
import { createLab, defaultDataFolder, type RunningLab } from '../src/lab'
import { fenceContents, fenceSession } from './fence'
import { menuTemplate } from './menu'
import { messagePort } from './message-port'
import { registerScheme, serveWindowFiles, windowOrigin, windowUrl } from './window-files'
import { readWindowState, rememberWindowState } from './window-state'

/** Set by the build. */
declare const __VERSION__: string

const beside = (name: string): string => fileURLToPath(new URL(name, import.meta.url))

/** The panel colour of each theme, so that a window that is not drawn yet does not flash. */
const backgrounds = { dark: '#090B0E', light: '#E9ECF0' } as const

registerScheme()
// A root user in a container must pass --no-sandbox, and then asking for the sandbox kills every child of Chromium.
if (!app.commandLine.hasSwitch('no-sandbox')) app.enableSandbox()
app.on('web-contents-created', (_event, contents) => fenceContents(contents))

const log = (sentence: string): void => void process.stderr.write(`${sentence}\n`)

async function run(): Promise<void> {
  // Opening the lab and Electron's own start go on side by side.
  const opening = createLab({
    host: 'electron', dataFolder: defaultDataFolder(), version: __VERSION__,
    programs: { node: beside('./node.js'), switchboard: beside('./switchboard.js') }, log,
  })
  opening.catch(() => undefined)
  await app.whenReady()
  fenceSession()
  serveWindowFiles(beside('../renderer'))
  Menu.setApplicationMenu(Menu.buildFromTemplate(menuTemplate(app.name)))
  const lab = await opening
  endWithApp(lab)
  ipcMain.on('lab:want-port', (event) => handOverPort(lab, event))
  await openWindow()
  app.on('activate', () => {
    if (BrowserWindow.getAllWindows().length === 0) void openWindow()
  })
}

async function openWindow(): Promise<void> {
  const state = await readWindowState(app.getPath('userData'))
  const window = new BrowserWindow({
    ...state.bounds, minWidth: 480, minHeight: 360, show: false, title: 'Understudy', autoHideMenuBar: true,
    backgroundColor: backgrounds[nativeTheme.shouldUseDarkColors ? 'dark' : 'light'],
    webPreferences: {
      preload: beside('../preload/index.cjs'),
      contextIsolation: true, sandbox: true, nodeIntegration: false, webSecurity: true, spellcheck: false, backgroundThrottling: false,
    },
  })
  rememberWindowState(window, app.getPath('userData'))
  window.once('ready-to-show', () => {
    if (state.isMaximized) window.maximize()
    window.show()
  })
  // `--empty` begins without a cluster: the window's own start cards.
  await window.loadURL(windowUrl(app.commandLine.hasSwitch('empty')))
}

/** Gives a page its port, if it is our page and asks from its main frame. */
function handOverPort(lab: RunningLab, event: IpcMainEvent): void {
  const frame = event.senderFrame
  if (!frame || frame.origin !== windowOrigin || frame !== event.sender.mainFrame) return log(`A frame of ${frame?.origin ?? 'nowhere'} asked for the lab and was refused.`)
  const { port1, port2 } = new MessageChannelMain()
  lab.connect(messagePort(port1))
  frame.postMessage('lab:port', null, [port2])
}

/** Quitting waits until every process of the session has gone. */
function endWithApp(lab: RunningLab): void {
  let hasEnded = false
  app.on('window-all-closed', () => app.quit())
  app.on('will-quit', (event) => {
    if (hasEnded) return
    event.preventDefault()
    lab.close().catch((error: unknown) => log(String(error))).finally(() => {
      hasEnded = true
      app.quit()
    })
  })
  for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) process.on(signal, () => app.quit())
}

run().catch((error: unknown) => {
  log(error instanceof Error ? error.message : String(error))
  app.exit(2)
})
