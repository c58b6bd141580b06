// The lab in Firefox, driven over WebDriver BiDi: start, send, kill, failover, a recording opened, an export, and no message on the console.
// The specs run in Chromium and Electron; this file checks what may differ in another engine: workers, files, downloads.
import { spawn, type ChildProcess } from 'node:child_process'
import { once } from 'node:events'
import { copyFileSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join, resolve } from 'node:path'
import { createInterface } from 'node:readline'
import puppeteer, { type Browser, type Page } from 'puppeteer-core'
import { afterAll, beforeAll, expect, it } from 'vitest'
import { findFirefox } from '../scripts/system.mjs'

const root = resolve(import.meta.dirname, '..')
const stepMs = 60_000

let folder: string
let server: ChildProcess
let browser: Browser
let page: Page
const problems: string[] = []

beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), 'understudy-firefox-'))
  mkdirSync(join(folder, 'downloads'))
  server = spawn(process.execPath, [join(root, 'out/main/cli.js'), 'serve', '--no-open'], { stdio: ['ignore', 'pipe', 'inherit'], env: { ...process.env, UNDERSTUDY_DATA: join(folder, 'data') } })
  const [url] = await once(createInterface(server.stdout as NodeJS.ReadableStream), 'line') as [string]
  browser = await puppeteer.launch({
    browser: 'firefox', executablePath: findFirefox() ?? '', headless: true, userDataDir: join(folder, 'profile'), defaultViewport: { width: 1280, height: 800 },
    // A profile for this test alone; root has no other home that it can write to.
    env: { ...process.env, HOME: folder }, timeout: 120_000, protocolTimeout: 120_000,
    extraPrefsFirefox: { 'browser.download.folderList': 2, 'browser.download.dir': join(folder, 'downloads'), 'browser.download.useDownloadDir': true, 'browser.download.always_ask_before_handling_new_types': false },
  })
  page = await browser.newPage()
  page.setDefaultTimeout(stepMs)
  page.on('console', (message) => { if (['error', 'warn'].includes(message.type())) problems.push(message.text()) })
  page.on('pageerror', (error) => problems.push(String(error)))
  await page.goto(url)
}, 180_000)

afterAll(async () => {
  await browser?.close()
  server?.kill('SIGTERM')
  if (server && server.exitCode === null) await once(server, 'exit')
  rmSync(folder, { recursive: true, force: true, maxRetries: 5 })
})

const button = (name: string): Promise<void> => page.locator(`::-p-aria([name="${name}"][role="button"])`).click()
const says = (name: string, role: string): Promise<unknown> => page.waitForSelector(`[data-process="${name}"][data-says="${role}"]`)

it('starts a cluster whose view is acked', async () => {
  await page.waitForSelector('[data-test="view-card"][data-acked="true"]')
  await Promise.all([says('s1', 'primary'), says('s2', 'backup')])
}, stepMs)

it('sends an operation', async () => {
  await button('Send')
  await page.waitForSelector('[data-test="operation-row"][data-state="ok"]')
}, stepMs)

it('kills the primary, and the backup takes over', async () => {
  await button('Kill s1')
  await page.waitForSelector('[data-process="s1"][data-life="dead"]')
  await Promise.all([says('s2', 'primary'), says('s3', 'backup')])
}, stepMs)

it('exports the session', async () => {
  await page.keyboard.down('Control')
  await page.keyboard.press('e')
  await page.keyboard.up('Control')
  await page.waitForSelector('[role="dialog"]')
  await page.locator('[role="dialog"] .button.main').click()
  await expect.poll(() => readdirSync(join(folder, 'downloads')).filter((name) => !name.endsWith('.part')).length, { timeout: stepMs }).toBe(1)
  const [name = ''] = readdirSync(join(folder, 'downloads'))
  await expect.poll(() => readFileSync(join(folder, 'downloads', name)).length, { timeout: stepMs }).toBeGreaterThan(1000)
  await page.keyboard.press('Escape')
  await page.waitForSelector('[role="dialog"]', { hidden: true })
}, 2 * stepMs)

it('opens a recording, and steps into its past', async () => {
  const [recorded = ''] = readdirSync(join(folder, 'data', 'recordings'))
  // A copy, because a browser cannot finish reading a file that grows meanwhile.
  copyFileSync(join(folder, 'data', 'recordings', recorded), join(folder, 'copy.jsonl'))
  const picker = await page.$('[data-test="file-picker"]')
  await (picker as unknown as { uploadFile(...paths: string[]): Promise<void> }).uploadFile(join(folder, 'copy.jsonl'))
  // A cluster is running, so the window asks before it ends it.
  await page.waitForSelector('[role="dialog"]')
  await page.locator('[role="dialog"] .button.main').click()
  // Wait until the recording is shown; a key pressed earlier would act on the session that ends.
  await page.waitForFunction(() => document.body.textContent?.includes('copy.jsonl is open'))
  await page.waitForFunction(() => document.querySelector('[data-test="session-chip"]')?.textContent?.includes('Recorded'))
  // Wait for the first events; without them there is no moment to go to.
  await page.waitForFunction(() => document.querySelector('[data-test="cursor"]')?.textContent?.includes('end ·'))
  await page.keyboard.press('Home')
  await page.waitForFunction(() => document.querySelector('[data-test="cursor"]')?.textContent?.includes('#1'))
}, 2 * stepMs)

it('has nothing on its console', () => {
  expect(problems).toEqual([])
})
