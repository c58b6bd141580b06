// A class in two windows: the teacher's page and a student's lab, which the teacher opens read-only. A class is shown in browsers only.
import { once } from 'node:events'
import { spawn } from 'node:child_process'
import { join, resolve } from 'node:path'
import { createInterface } from 'node:readline'
import { test as base, expect, type Page } from '@playwright/test'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { ClassPage } from './class-page'
import type { HostOptions } from './fixtures'
import { LabPage } from './lab-page'

const root = resolve(import.meta.dirname, '..')

interface Class { readonly teacher: string; readonly labs: readonly string[] }

const test = base.extend<{ room: Class; problems: string[]; watch: (page: Page) => Page }, HostOptions>({
  host: ['chromium', { option: true, scope: 'worker' }],
  room: async ({}, use) => {
    const data = mkdtempSync(join(tmpdir(), 'understudy-class-'))
    const server = spawn(process.execPath, [join(root, 'out/main/cli.js'), 'serve', '--no-open', '--class', '3'], { stdio: ['ignore', 'pipe', 'inherit'], env: { ...process.env, UNDERSTUDY_DATA: data } })
    const lines = createInterface(server.stdout)[Symbol.asyncIterator]()
    const printed: string[] = []
    while (printed.length < 4) printed.push((await lines.next()).value as string)
    const [teacher = '', ...labs] = printed.map((line) => line.replace(/^(teacher|lab \d+) /, ''))
    await use({ teacher, labs })
    server.kill('SIGTERM')
    if (server.exitCode === null) await once(server, 'exit')
    rmSync(data, { recursive: true, force: true })
  },
  problems: async ({}, use) => {
    const problems: string[] = []
    await use(problems)
    expect(problems, 'errors and warnings on the console').toEqual([])
  },
  watch: async ({ problems }, use) => {
    await use((page) => {
      page.on('console', (message) => { if (message.type() === 'error' || message.type() === 'warning') problems.push(message.text()) })
      page.on('pageerror', (error) => problems.push(String(error)))
      return page
    })
  },
})

test.describe('a class', () => {
  test.skip(({ host }) => host === 'electron', 'a class is served to browsers')

  test('a teacher sees a student\'s cluster fail over, watches it and can do nothing in it', async ({ room, browser, watch }, info) => {
    const context = await browser.newContext({ viewport: { width: 1280, height: 800 } })
    const teacher = new ClassPage(watch(await context.newPage()))
    await teacher.page.goto(room.teacher)
    await expect(teacher.summary).toHaveText('3 labs, 0 with a window open')
    await expect(teacher.lab(2)).toContainText('never opened')

    const studentContext = await browser.newContext({ viewport: { width: 1280, height: 800 } })
    const student = new LabPage(watch(await studentContext.newPage()), 'chromium')
    await student.page.goto(room.labs[1] ?? '')
    await expect(student.page.getByTestId('lab-chip')).toHaveText('Lab 2')
    await student.expectView('s1', 's2')
    await expect(teacher.lab(2)).toContainText('Live')
    await expect(teacher.lab(2)).toContainText('open')
    await expect(teacher.lab(1)).toContainText('No cluster')

    const watching = new LabPage(watch(await teacher.watch(2)), 'chromium')
    await expect(watching.page.getByTestId('lab-chip')).toHaveText('Lab 2, read-only')
    await expect(watching.page.getByTestId('notice-watching')).toHaveText('You are watching Lab 2. Only its own address can change it.')
    await watching.expectView('s1', 's2')
    await watching.page.keyboard.press('Space')
    await expect(watching.page.getByText('Frozen', { exact: true })).toBeHidden()
    await student.act('Kill', 's1')
    await expect(watching.process('s1')).toHaveAttribute('data-life', 'dead')
    await watching.expectView('s2', 's3')
    await watching.expectAccessible()
    await watching.page.screenshot({ path: info.outputPath('watching.png') })
    await watching.page.close()

    await teacher.showAddresses()
    await expect(teacher.page.getByText(room.labs[1] ?? '')).toBeVisible()
    await expect(teacher.page.getByText(room.labs[0] ?? '')).toBeVisible()
    for (const [width, height] of [[1280, 800], [1920, 1080]] as const) {
      for (const theme of ['light', 'dark'] as const) {
        await teacher.page.setViewportSize({ width, height })
        await teacher.useTheme(theme)
        await teacher.page.screenshot({ path: info.outputPath(`class-${width}-${theme}.png`) })
        await teacher.expectAccessible()
      }
    }
    await student.page.close()
    await expect(teacher.lab(2)).toContainText('closed')
    await studentContext.close()
    await context.close()
  })

  test('a page without the teacher\'s token is told so, and no lab\'s token is one', async ({ room, browser, problems }) => {
    const context = await browser.newContext()
    const teacher = new ClassPage(await context.newPage())
    await teacher.page.goto(room.teacher.replace(/#.*$/, ''))
    await expect(teacher.problem).toHaveText('This address lacks its token. Open the address that the lab printed when it started.')
    const { hash } = new URL(room.labs[0] ?? '')
    await teacher.page.goto('about:blank')
    await teacher.page.goto(room.teacher.replace(/#.*$/, hash))
    await expect(teacher.problem).toHaveText('The token is missing or wrong; open the address that the lab printed when it started.')
    expect(problems).toEqual([])
    await context.close()
  })
})
