// Opens the lab for a spec, in the Electron window or in Chromium, with a data folder of its own.
// A spec must never leave a process running or a message on the console.
import { spawn, type ChildProcess } from 'node:child_process'
import { once } from 'node:events'
import { mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join, resolve } from 'node:path'
import { createInterface } from 'node:readline'
import { test as base, expect, type _electron as ElectronLauncher, type BrowserType, type Page } from '@playwright/test'
import { electronEnvironment, findElectron } from '../scripts/electron.mjs'
import { LabPage } from './lab-page'
import { allowAgain, mayRunAgain, stalledAnnotation, stalledWhile } from './stalled'

export interface HostOptions {
  host: 'electron' | 'chromium'
}

export interface Fixtures {
  /** True: the lab starts without a cluster. */
  empty: boolean
  windowSize: { width: number; height: number }
  /** A folder for this spec alone; the desktop window saves downloads there. */
  folder: string
  /** The subfolder of `folder` into which the desktop window saves downloads. */
  saveFolder: string
  lab: LabPage
}

const root = resolve(import.meta.dirname, '..')

/** A browser's page gets each message of the lab so much later, as on a slow machine: a spec that passes only on a fast one fails then. */
const messageDelayMs = Number(process.env['UNDERSTUDY_SPEC_DELAY_MS'] ?? 0)

/** Runs in the page, before its own code. */
function delayMessages(ms: number): void {
  const Socket = WebSocket
  window.WebSocket = class extends Socket {
    override addEventListener(type: string, listener: EventListener, options?: AddEventListenerOptions): void {
      super.addEventListener(type, type === 'message' ? (event) => { setTimeout(() => listener(event), ms) } : listener, options)
    }
  }
}

interface Opened {
  readonly page: Page
  readonly close: () => Promise<void>
  /** The process that must be gone at the end, with all its children. */
  readonly pid: number
}

export const test = base.extend<Fixtures, HostOptions>({
  host: ['chromium', { option: true, scope: 'worker' }],
  empty: [false, { option: true }],
  windowSize: [{ width: 1280, height: 800 }, { option: true }],
  saveFolder: ['', { option: true }],
  // Playwright reads the fixture's dependencies from this pattern: it has none.
  folder: async ({}, use) => {
    const folder = mkdtempSync(join(tmpdir(), 'understudy-e2e-'))
    await use(folder)
    rmSync(folder, { recursive: true, force: true })
  },
  lab: async ({ host, empty, windowSize, playwright, folder: data, saveFolder }, use, info) => {
    const { outputDir } = info.project
    if (info.retry > 0 && !mayRunAgain(outputDir, info.testId)) throw new Error('It failed, and the machine had not stalled: it is not run again.')
    const problems: string[] = []
    const watch = (page: Page): void => {
      page.on('console', (message) => {
        if (message.type() === 'error' || message.type() === 'warning') problems.push(message.text())
      })
      page.on('pageerror', (error) => problems.push(String(error)))
    }
    const opened = host === 'electron'
      ? await openElectron(data, saveFolder, empty, windowSize, playwright, watch)
      : await openChromium(data, empty, windowSize, playwright, watch, info.project.use.launchOptions ?? {})
    const lab = new LabPage(opened.page, host)
    await use(lab)
    const stalled = info.status === info.expectedStatus ? '' : stalledWhile(data)
    if (stalled !== '') {
      info.annotations.push({ type: stalledAnnotation, description: stalled })
      allowAgain(outputDir, info.testId)
      console.log(`${info.title}: ${stalled}`)
    }
    const children = childrenOf(opened.pid)
    await opened.close()
    expect(problems, 'errors and warnings on the console').toEqual([])
    await expect.poll(() => children.filter(isAlive), { message: 'processes that are left' }).toEqual([])
  },
})

interface Launcher {
  readonly chromium: BrowserType
  readonly _electron: typeof ElectronLauncher
}

async function openElectron(
  data: string, saveFolder: string, empty: boolean, viewport: Fixtures['windowSize'], { _electron }: Launcher, watch: (page: Page) => void,
): Promise<Opened> {
  const executablePath = findElectron()
  if (!executablePath) throw new Error('the Electron runtime is not here')
  const isRoot = process.getuid?.() === 0
  const app = await _electron.launch({
    executablePath, args: [...(isRoot ? ['--no-sandbox'] : []), ...(empty ? ['--empty'] : []), `--user-data-dir=${join(data, 'profile')}`, root],
    chromiumSandbox: !isRoot, env: { ...electronEnvironment() as Record<string, string>, UNDERSTUDY_DATA: data },
  })
  const page = await app.firstWindow()
  watch(page)
  await app.evaluate(({ BrowserWindow, dialog }, { width, height, folder }) => {
    BrowserWindow.getAllWindows()[0]?.setContentSize(width, height)
    // A test cannot click the system's save dialog, so this replacement answers with the folder.
    dialog.showSaveDialog = (...asked: unknown[]) => {
      const { defaultPath } = asked.at(-1) as { defaultPath: string }
      return Promise.resolve({ canceled: false, filePath: `${folder}/${defaultPath}` })
    }
  }, { ...viewport, folder: join(data, saveFolder) })
  return { page, pid: app.process().pid ?? 0, close: () => app.close() }
}

async function openChromium(
  data: string, empty: boolean, viewport: Fixtures['windowSize'], { chromium }: Launcher, watch: (page: Page) => void, launchOptions: object,
): Promise<Opened> {
  const server: ChildProcess = spawn(process.execPath, [join(root, 'out/main/cli.js'), 'serve', '--no-open'], {
    stdio: ['ignore', 'pipe', 'inherit'], env: { ...process.env, UNDERSTUDY_DATA: data },
  })
  const [url] = await once(createInterface(server.stdout as NonNullable<typeof server.stdout>), 'line') as [string]
  const browser = await chromium.launch(launchOptions)
  const context = await browser.newContext({ viewport, acceptDownloads: true })
  if (messageDelayMs > 0) await context.addInitScript(delayMessages, messageDelayMs)
  const page = await context.newPage()
  watch(page)
  await page.goto(empty ? `${url}&empty` : url)
  return {
    page, pid: server.pid ?? 0,
    close: async () => {
      await browser.close()
      server.kill('SIGTERM')
      if (server.exitCode === null) await once(server, 'exit')
    },
  }
}

/** Every descendant of this process. */
export function childrenOf(pid: number): number[] {
  const parents = new Map<number, number[]>()
  for (const name of readdirSync('/proc').filter((entry) => /^\d+$/.test(entry))) {
    const parent = Number(/^PPid:\s+(\d+)/m.exec(statusOf(Number(name)))?.[1] ?? 0)
    parents.set(parent, [...parents.get(parent) ?? [], Number(name)])
  }
  const below = (parent: number): number[] => (parents.get(parent) ?? []).flatMap((child) => [child, ...below(child)])
  return below(pid)
}

export function isAlive(pid: number): boolean {
  const status = statusOf(pid)
  return status !== '' && !/^State:\s+[ZX]/m.test(status)
}

function statusOf(pid: number): string {
  try {
    return readFileSync(`/proc/${pid}/status`, 'utf8')
  } catch {
    // The process has ended.
    return ''
  }
}

export { expect }
