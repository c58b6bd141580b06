// The process of a page dies: the desktop window reports it and loads the page again, with the session unchanged. A browser handles its own pages.
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join, resolve } from 'node:path'
import { expect, test as base } from '@playwright/test'
import { electronEnvironment, findElectron } from '../scripts/electron.mjs'
import type { HostOptions } from './fixtures'

const test = base.extend<object, HostOptions>({ host: ['chromium', { option: true, scope: 'worker' }] })

test('a page that has died is loaded again with the session as it was', async ({ host, playwright }) => {
  test.skip(host !== 'electron', 'a browser looks after its own pages')
  const data = mkdtempSync(join(tmpdir(), 'understudy-e2e-'))
  const isRoot = process.getuid?.() === 0
  const app = await playwright._electron.launch({
    executablePath: findElectron() ?? '', args: [...(isRoot ? ['--no-sandbox'] : []), `--user-data-dir=${join(data, 'profile')}`, resolve(import.meta.dirname, '..')],
    chromiumSandbox: !isRoot, env: { ...electronEnvironment() as Record<string, string>, UNDERSTUDY_DATA: data },
  })
  let said = ''
  app.process().stderr?.on('data', (piece: Buffer) => { said += piece.toString() })
  try {
    await app.firstWindow()
    // Asks through the main process, because Playwright's page object does not survive a crash.
    const chip = (): Promise<string> => app.evaluate(async ({ BrowserWindow }) => {
      const contents = BrowserWindow.getAllWindows()[0]?.webContents
      if (!contents || contents.isCrashed() || contents.isLoading()) return ''
      return String(await contents.executeJavaScript('document.querySelector("[data-test=session-chip]")?.textContent ?? ""')).trim()
    })
    await expect.poll(chip).toBe('Live')
    const before = (await app.evaluate(({ BrowserWindow }) => BrowserWindow.getAllWindows()[0]?.webContents.getOSProcessId())) ?? 0
    process.kill(before, 'SIGKILL')
    await expect.poll(() => said).toContain('The window\'s page has ended (it was killed). It is loaded again; the session goes on.')
    await expect.poll(chip).toBe('Live')
    expect(await app.evaluate(({ BrowserWindow }) => BrowserWindow.getAllWindows()[0]?.webContents.getOSProcessId())).not.toBe(before)
  } finally {
    await app.close()
    rmSync(data, { recursive: true, force: true })
  }
})
