// `node scripts/bench-diagram.mjs [EVENTS]`: measures how many events the diagram takes in a second, and how long a frame takes at every zoom.
// It runs in Chromium with software rendering. Times are CPU time of the page's process, so a busy machine changes them little.
// Prints one JSON line for taking the events, then one for each zoom, the slowest first. It must never be a test: machines differ.
import { mkdtempSync, readdirSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { chromium } from '@playwright/test'
import { build } from 'vite'
import { root } from './install.mjs'
import { findChromium } from './system.mjs'

const count = Number(process.argv[2] ?? 1_000_000)
const shares = [1, 0.5, 0.2, 0.1, 0.05, 0.02, 0.01, 0.005, 0.002, 0.001, 0.0005, 0.0001]
const framesEach = 40

const folder = mkdtempSync(join(tmpdir(), 'understudy-bench-'))
try {
  await build({
    configFile: false, root, logLevel: 'error',
    build: { outDir: folder, emptyOutDir: true, lib: { entry: 'renderer/panels/diagram/testing/bench.ts', formats: ['iife'], name: 'diagramBench', fileName: 'bench' } },
  })
  const executablePath = findChromium()
  const browser = await chromium.launch({ ...(executablePath ? { executablePath } : {}), args: ['--no-sandbox'] })
  const page = await browser.newPage()
  await page.addScriptTag({ path: join(folder, readdirSync(folder).find((name) => name.endsWith('.js'))) })
  const cdp = await browser.newBrowserCDPSession()
  /** CPU milliseconds of the page's process, all threads together. */
  const usedMs = async () => (await cdp.send('SystemInfo.getProcessInfo')).processInfo.filter(({ type }) => type === 'renderer').reduce((sum, { cpuTime }) => sum + cpuTime, 0) * 1000
  const timed = async (work) => {
    const before = await usedMs()
    const gives = await work()
    return { ms: await usedMs() - before, gives }
  }
  const rounded = (value) => Math.round(value * 100) / 100

  await page.evaluate((events) => globalThis.diagramBench.prepare(events), count)
  let takeMs = Infinity
  for (let time = 0; time < 3; time++) takeMs = Math.min(takeMs, (await timed(() => page.evaluate(() => globalThis.diagramBench.take()))).ms)
  process.stdout.write(`${JSON.stringify({ events: count, takenPerSecond: Math.round(count / takeMs * 1000) })}\n`)
  const frames = []
  for (const axis of ['real', 'logical']) {
    for (const isFolded of [true, false]) {
      for (const share of shares) {
        const draw = (times) => page.evaluate((what) => globalThis.diagramBench.draw(...what), [axis, isFolded, share, times])
        await draw(3)
        const { ms, gives } = await timed(() => draw(framesEach))
        frames.push({ axis, isFolded, eventsInView: gives, frameMs: rounded(ms / framesEach) })
      }
    }
  }
  await browser.close()
  for (const frame of frames.toSorted((one, other) => other.frameMs - one.frameMs)) process.stdout.write(`${JSON.stringify(frame)}\n`)
} finally {
  rmSync(folder, { recursive: true, force: true })
}
