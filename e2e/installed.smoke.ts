// The desktop app that `npm run package:try` installed: it starts, a cluster serves and survives a kill, and a second start hands a recording
// to the first. Electron's fuses forbid a debugger, so the test reaches the window through Chromium's remote debugging port.
import { spawn } from 'node:child_process'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join, resolve } from 'node:path'
import { chromium, expect, test, type Page } from '@playwright/test'
import { LabPage } from './lab-page'

const program = process.env['UNDERSTUDY_INSTALLED'] ?? '/usr/bin/understudy-desktop'
const sample = resolve(import.meta.dirname, '../src/trace/testdata/v7.jsonl')

let folder: string
test.beforeEach(() => { folder = mkdtempSync(join(tmpdir(), 'understudy-installed-')) })
test.afterEach(() => { rmSync(folder, { recursive: true, force: true }) })

/** Starts the app with these arguments; resolves with its only page, and a function that ends the app and waits for its exit. */
async function start(words: readonly string[] = [], environment: NodeJS.ProcessEnv = {}): Promise<{ page: Page; printed: () => string; end: () => Promise<void> }> {
  const child = spawn(program, [`--user-data-dir=${join(folder, 'profile')}`, '--remote-debugging-port=0', ...words], {
    stdio: ['ignore', 'pipe', 'pipe'], env: { ...process.env, UNDERSTUDY_DATA: folder, ...environment },
  })
  let printed = ''
  child.stdout.setEncoding('utf8').on('data', (text: string) => { printed += text })
  const gone = new Promise<void>((done) => child.once('exit', () => done()))
  const address = await new Promise<string>((found, fail) => {
    let told = ''
    child.stderr.setEncoding('utf8').on('data', (text: string) => {
      told += text
      const [, url] = /DevTools listening on (ws:\S+)/.exec(told) ?? []
      if (url !== undefined) found(url)
    })
    void gone.then(() => fail(new Error(`${program} ended: ${told}`)))
  })
  const browser = await chromium.connectOverCDP(address)
  const page = browser.contexts()[0]?.pages()[0] ?? await browser.contexts()[0]?.waitForEvent('page')
  if (page === undefined) throw new Error('it has no window')
  return { page, printed: () => printed, end: async () => {
    child.kill('SIGTERM')
    await gone
    await browser.close()
  } }
}

test('a cluster serves and survives the kill of its primary', async () => {
  const { page, end } = await start()
  const lab = new LabPage(page, 'electron')
  await lab.expectView('s1', 's2')
  expect(await lab.send('put', 'a', '1')).toEqual({ state: 'ok', result: 'ok' })
  await lab.act('Kill', 's1')
  await lab.expectView('s2', 's3')
  expect(await lab.send('get', 'a')).toMatchObject({ state: 'ok', result: expect.stringContaining('1') })
  await page.screenshot({ path: join(process.env['UNDERSTUDY_SHOTS'] ?? folder, 'installed.png') })
  await end()
})

test('a file named at the start is open, and a second start hands its own to the first', async () => {
  const { page, end } = await start([sample])
  await expect(page.getByText('Recorded', { exact: true })).toBeVisible()
  const second = spawn(program, [`--user-data-dir=${join(folder, 'profile')}`, resolve(sample, '../v4.jsonl')], { stdio: 'ignore', env: { ...process.env, UNDERSTUDY_DATA: folder } })
  expect(await new Promise((done) => second.once('exit', done))).toBe(0)
  await expect(page.getByText('v4.jsonl', { exact: false }).first()).toBeVisible()
  await end()
})

test('no variable and no argument makes a Node of it: what opens is the window', async () => {
  const { page, printed, end } = await start(['--eval=console.log("ran as a Node")', '--inspect-brk=0'], { ELECTRON_RUN_AS_NODE: '1', NODE_OPTIONS: '--require=/dev/null' })
  await new LabPage(page, 'electron').expectView('s1', 's2')
  expect(printed()).not.toContain('ran as a Node')
  await end()
})
