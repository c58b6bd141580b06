// The desktop window: Electron's main process. It opens a lab, shows it in one window, and takes every process with it when it
// ends. No word of the protocol here. What a page may do is fenced in by fence.ts and window-files.ts.
import { createReadStream } from 'node:fs'
import { rm } from 'node:fs/promises'
import { fileURLToPath } from 'node:url'
import {
  app, BrowserWindow, Menu, MessageChannelMain, ipcMain, nativeTheme, session, type IpcMainEvent, type IpcMainInvokeEvent,
} from 'electron'
import { createLab, defaultDataFolder, makePrivateFolder, type RunningLab } from '../src/lab'
import { watchDownloads } from './downloads'
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
    host: 'electron', dataFolder: defaultDataFolder(), version: __VERSION__, scenariosFolder: beside('../../scenarios'),
    programs: { node: beside('./node.js'), switchboard: beside('./switchboard.js'), exploreWorker: beside('./explore-worker.js') }, log,
  })
  opening.catch(() => undefined)
  await app.whenReady()
  fenceSession()
  const savingFolder = await makePrivateFolder()
  watchDownloads(session.defaultSession, savingFolder)
  serveWindowFiles(beside('../renderer'))
  Menu.setApplicationMenu(Menu.buildFromTemplate(menuTemplate(app.name)))
  const lab = await opening
  endWithApp(() => Promise.all([lab.close(), rm(savingFolder, { recursive: true, force: true })]))
  ipcMain.on('lab:want-port', (event) => handOverPort(lab, event))
  ipcMain.handle('lab:bring', (event, key: unknown, path: unknown) => bringFile(lab, event, String(key), String(path)))
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

/** Our page, and its main frame. */
function isOurs({ senderFrame: frame, sender }: IpcMainEvent | IpcMainInvokeEvent): boolean {
  const isOur = frame?.origin === windowOrigin && frame === sender.mainFrame
  if (!isOur) log(`A frame of ${frame?.origin ?? 'nowhere'} asked for the lab and was refused.`)
  return isOur
}

/** A file that a person chose goes to the lab as it is; empty, or one sentence. */
async function bringFile(lab: RunningLab, event: IpcMainInvokeEvent, key: string, path: string): Promise<string> {
  if (!isOurs(event)) return 'Only the lab’s own window may bring files.'
  return lab.receive(key, createReadStream(path, { highWaterMark: 1024 * 1024 })).then(() => '', (error: unknown) => error instanceof Error ? error.message : String(error))
}

/** Gives a page its port, if it is our page and asks from its main frame. */
function handOverPort(lab: RunningLab, event: IpcMainEvent): void {
  const frame = event.senderFrame
  if (!isOurs(event) || !frame) return
  const { port1, port2 } = new MessageChannelMain()
  lab.connect(messagePort(port1))
  frame.postMessage('lab:port', null, [port2])
}

/** Quitting waits until every process of the session has gone. */
function endWithApp(close: () => Promise<unknown>): void {
  let hasEnded = false
  app.on('window-all-closed', () => app.quit())
  app.on('will-quit', (event) => {
    if (hasEnded) return
    event.preventDefault()
    close().catch((error: unknown) => log(String(error))).finally(() => {
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
