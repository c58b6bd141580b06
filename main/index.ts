// The desktop window: Electron's main process. It opens a lab, shows it in one window, and ends every process when it ends.
// It must know nothing of the protocol. fence.ts and window-files.ts limit what a page may do.
import { createReadStream } from 'node:fs'
import { fileURLToPath } from 'node:url'
import {
  app, BrowserWindow, dialog, Menu, MessageChannelMain, ipcMain, nativeTheme, session, type IpcMainEvent, type IpcMainInvokeEvent,
} from 'electron'
import { createLab, defaultDataFolder, type RunningLab } from '../src/lab'
import { endOf, endOnUncaught, makeTemporaryFolder, onParentEnd, stayUnlessOurs } from '../src/system'
import { watchDownloads } from './downloads'
import { fenceContents, fenceSession } from './fence'
import { menuTemplate } from './menu'
import { messagePort } from './message-port'
import { filesAmong, openFile } from './opened-files'
import { programs } from './programs'
import { Revival } from './revival'
import { registerScheme, serveWindowFiles, windowOrigin, windowUrl } from './window-files'
import { readWindowState, rememberWindowState } from './window-state'

/** Set by the build. */
declare const __VERSION__: string

const beside = (name: string): string => fileURLToPath(new URL(name, import.meta.url))

/** The panel colour of each theme: a window that is not drawn yet must not flash. */
const backgrounds = { dark: '#090B0E', light: '#E9ECF0' } as const

// Otherwise Electron shows a dialog with a stack trace.
endOnUncaught(stayUnlessOurs)
registerScheme()
// A root user in a container must pass --no-sandbox, and then asking for the sandbox kills every child of Chromium.
if (!app.commandLine.hasSwitch('no-sandbox')) app.enableSandbox()
app.on('web-contents-created', (_event, contents) => fenceContents(contents))

const log = (sentence: string): void => void process.stderr.write(`${sentence}\n`)

async function run(): Promise<void> {
  // The lab and Electron start in parallel.
  const opening = createLab({
    host: 'electron', dataFolder: defaultDataFolder(), version: __VERSION__, scenariosFolder: beside('../../scenarios'),
    programs, mayRunPrograms: true, log,
  })
  opening.catch(() => undefined)
  await app.whenReady()
  fenceSession()
  const savingFolder = makeTemporaryFolder('saving')
  watchDownloads(session.defaultSession, savingFolder.path)
  serveWindowFiles(beside('../renderer'))
  Menu.setApplicationMenu(Menu.buildFromTemplate(menuTemplate(app.name)))
  const lab = await opening
  endWithApp(() => lab.close().finally(() => savingFolder.remove()))
  ipcMain.on('lab:want-port', (event) => handOverPort(lab, event))
  ipcMain.handle('lab:bring', (event, key: unknown, path: unknown) => bringFile(lab, event, String(key), String(path)))
  const [named = macFile] = filesAmong(process.argv, { folder: process.cwd(), isPackaged: app.isPackaged })
  await openWindow(named !== '')
  const open = (path: string): void => void openFile(lab, path, BrowserWindow.getAllWindows()[0])
  if (named !== '') open(named)
  app.on('second-instance', (_event, words, folder) => {
    const [window] = BrowserWindow.getAllWindows()
    if (window?.isMinimized()) window.restore()
    window?.focus()
    const [path] = filesAmong(words, { folder, isPackaged: app.isPackaged })
    if (path !== undefined) open(path)
  })
  app.on('open-file', (_event, path) => open(path))
  app.on('activate', () => {
    if (BrowserWindow.getAllWindows().length === 0) void openWindow(false)
  })
}

/** macOS passes a double-clicked file in an event, which may come before the app is ready. */
let macFile = ''
app.once('open-file', (event, path) => {
  event.preventDefault()
  macFile = path
})

/** `isForFile`: a file is opened in this window, so the page starts no cluster. */
async function openWindow(isForFile: boolean): Promise<void> {
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
  reviveWindow(window)
  window.once('ready-to-show', () => {
    if (state.isMaximized) window.maximize()
    window.show()
  })
  // `--empty` starts no cluster: the window shows its start cards.
  await window.loadURL(windowUrl(isForFile || app.commandLine.hasSwitch('empty')))
}

/** Reloads a page whose process died. The session in the lab is unaffected. */
function reviveWindow(window: BrowserWindow): void {
  // Electron must finish its own event first.
  const load = (): void => void setImmediate(() => {
    if (!window.isDestroyed()) window.loadURL(windowUrl(true)).catch((error: unknown) => log(`The page could not be loaded: ${String(error)}`))
  })
  const ask = async (message: string): Promise<boolean> => {
    const { response } = await dialog.showMessageBox(window, { type: 'error', message, buttons: ['Load it again', 'Quit'], defaultId: 0, cancelId: 1 })
    return response === 0
  }
  const revival = new Revival({ nowMs: () => performance.now(), log, load, ask, close: () => window.destroy() })
  window.webContents.on('render-process-gone', (_event, { reason }) => {
    if (!window.isDestroyed()) void revival.died(reason)
  })
}

/** True if the sender is the main frame of our page. */
function isOurs({ senderFrame: frame, sender }: IpcMainEvent | IpcMainInvokeEvent): boolean {
  const isOur = frame?.origin === windowOrigin && frame === sender.mainFrame
  if (!isOur) log(`A frame of ${frame?.origin ?? 'nowhere'} asked for the lab and was refused.`)
  return isOur
}

/** Passes a file that a person chose to the lab unchanged. Resolves with an empty text, or with one sentence of refusal. */
async function bringFile(lab: RunningLab, event: IpcMainInvokeEvent, key: string, path: string): Promise<string> {
  if (!isOurs(event)) return 'Only the lab’s own window may bring files.'
  return lab.receive(key, createReadStream(path, { highWaterMark: 1024 * 1024 })).then(() => '', (error: unknown) => error instanceof Error ? error.message : String(error))
}

/** Sends a page its port, if the sender is the main frame of our page. */
function handOverPort(lab: RunningLab, event: IpcMainEvent): void {
  const frame = event.senderFrame
  if (!isOurs(event) || !frame) return
  const { port1, port2 } = new MessageChannelMain()
  lab.connect(messagePort(port1))
  frame.postMessage('lab:port', null, [port2])
}

const endMs = 5000

/** Delays quitting until every process of the session has ended, but at most `endMs`. */
function endWithApp(close: () => Promise<unknown>): void {
  let hasEnded = false
  app.on('window-all-closed', () => app.quit())
  app.on('will-quit', (event) => {
    if (hasEnded) return
    event.preventDefault()
    // The lab kills hanging processes much earlier than this.
    setTimeout(() => app.exit(0), endMs)
    close().catch((error: unknown) => log(String(error))).finally(() => {
      hasEnded = true
      app.quit()
    })
  })
  for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) process.on(signal, () => app.quit())
  onParentEnd(() => app.quit())
}

// A second instance passes its arguments to the first one and ends.
if (!app.requestSingleInstanceLock()) app.exit(0)
else run().catch((error: unknown) => app.exit(endOf(error)))
