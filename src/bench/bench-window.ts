// `bench window`: the built window in a real browser with a very large recording, as JSON lines. Software rendering, as on a machine
// without a display. Where others use the machine too, the processor time in each line says more than the clock.
import { existsSync, mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { performance } from 'node:perf_hooks'
import { fileURLToPath } from 'node:url'
import { connectLab, createPortPair, defaultClusterSettings, type Workload } from '../contract'
import { createLab, openLab, startWebHost, type LabOptions, type RunningLab } from '../lab'
import { writeBigRecording } from './big-recording'
import { startBrowser, type DrivenPage } from './browser'
import * as probe from './page-probe'
import { playedClusters } from './played-cluster'
import { findRenderer, processorTime, residentMebibytes } from './processor-time'

export interface WindowBench {
  readonly events: number
  readonly rounds: number
  /** Of `open`, `live`, `played`. */
  readonly only: readonly string[]
  /** The desktop window's runtime; empty for Chromium. */
  readonly electron: string
  readonly print: (line: object) => void
}

const seeks = 21
const frameMs = 3000
const liveMs = 8000
/** The live cluster: some 15 events for each operation. */
const workload: Workload = { rate: 200, inFlight: 8, mix: { put: 50, append: 0, get: 50, delete: 0, cas: 0 }, keys: 40, valueBytes: 8, clients: [] }
const playedRate = 20_000
/** Seeks go to the last million events: to more of them than are in memory is another matter. */
const seekWithin = 1_000_000

const beside = (name: string): string => fileURLToPath(new URL(name, import.meta.url))

/** Empty, or one sentence: why nothing could be measured. */
export async function benchWindow(options: WindowBench): Promise<string> {
  const chromium = [process.env.CHROMIUM, '/usr/bin/chromium', '/usr/bin/chromium-browser', '/usr/bin/google-chrome'].find((path) => path && existsSync(path))
  const program = options.electron || chromium
  if (!program) return 'There is no Chromium here; set CHROMIUM to its program.'
  const folder = mkdtempSync(join(tmpdir(), 'understudy-bench-'))
  const recording = join(folder, 'big.jsonl')
  try {
    const beganAt = performance.now()
    const bytes = await writeBigRecording({ path: recording, events: options.events })
    options.print({ bench: 'window', what: 'recording', events: options.events, bytes, madeMs: Math.round(performance.now() - beganAt) })
    for (let round = 1; round <= options.rounds; round++) {
      const run = { ...options, round, folder, recording, program }
      if (options.only.includes('open')) await benchOpen(run)
      // These two need a lab of the bench's own behind the window.
      if (options.only.includes('live') && !options.electron) await benchLive(run)
      if (options.only.includes('played') && !options.electron) await benchPlayed(run)
    }
    return ''
  } finally {
    // A browser's last processes may still write to their profile.
    rmSync(folder, { recursive: true, force: true, maxRetries: 20, retryDelay: 250 })
  }
}

interface Run extends WindowBench {
  readonly round: number
  readonly folder: string
  readonly recording: string
  readonly program: string
}

/** The page, with a lab in this process behind it; in the desktop window the lab is its own. */
async function openPage(run: Run, makeLab: (options: LabOptions) => Promise<RunningLab>): Promise<DrivenPage> {
  const flags = ['--no-sandbox', '--enable-precise-memory-info', '--js-flags=--expose-gc', '--window-size=1440,900']
  const profileFolder = join(run.folder, `profile-${performance.now()}`)
  if (run.electron !== '') {
    const env = { ...process.env, UNDERSTUDY_DATA: join(run.folder, 'data') }
    return ready(await startBrowser({ program: run.program, args: [...flags, '--empty', beside('../..')], profileFolder, env }))
  }
  const log = (): void => undefined
  const lab = await makeLab({
    host: 'browser', dataFolder: join(run.folder, 'data'), version: 'bench', scenariosFolder: beside('../../scenarios'),
    programs: { node: beside('./node.js'), switchboard: beside('./switchboard.js'), exploreWorker: beside('./explore-worker.js') }, log,
  })
  const host = await startWebHost({ lab, rendererFolder: beside('../renderer'), log })
  const args = [...flags, '--headless=new', '--no-first-run', '--disable-background-networking', '--disable-gpu', `${host.url}&empty`]
  const page = await ready(await startBrowser({ program: run.program, args, profileFolder }))
  return {
    ...page,
    close: async () => {
      await page.close()
      await lab.close()
      await host.close()
    },
  }
}

/** Tries that a page may need that is still on its way from nothing to the window: a question is lost with the document it was put to. */
const readyTries = 100

async function ready(page: DrivenPage): Promise<DrivenPage> {
  for (let tries = 1; ; tries++) {
    try {
      await inPage(page, probe.untilReady)
      return page
    } catch (error) {
      if (tries < readyTries) {
        await new Promise((resolve) => setTimeout(resolve, 100))
        continue
      }
      await page.close()
      throw error
    }
  }
}

/** A function of page-probe.ts, called in the page. */
function inPage<Value>(page: DrivenPage, act: (...args: never[]) => Value | Promise<Value>, ...args: readonly unknown[]): Promise<Value> {
  return page.evaluate(`(${String(act)})(${args.map((arg) => JSON.stringify(arg)).join(', ')})`)
}

async function benchOpen(run: Run): Promise<void> {
  const { events, print, round } = run
  const page = await openPage(run, createLab)
  const renderer = findRenderer()
  const say = (what: string, values: object): void => print({ bench: 'window', round, what, events, ...values })
  try {
    const opening = meter(renderer)
    await inPage(page, probe.startWatching)
    await page.chooseFile('[data-test="file-picker"]', run.recording)
    say('open', { ...await inPage(page, probe.untilOpened, events), ...opening(), ...await inPage(page, probe.stopWatching) })
    const stepping = meter(renderer)
    say('stepped', { ms: await inPage(page, probe.untilStepped), ...stepping() })
    const seeking = meter(renderer)
    const { paintedMs, stateMs } = await inPage(page, probe.seek, seeks, [Math.max(1, events - seekWithin), events])
    say('seek', { seeks, paintedMs: quantiles(paintedMs), stateMs: quantiles(stateMs), ...seeking() })
    await page.evaluate('document.querySelector("button.go-live")?.click()')
    await inPage(page, probe.openLog)
    const acts = [
      ['scroll', () => inPage(page, probe.scrollLog, frameMs)], ['scrub', () => inPage(page, probe.scrub, frameMs, 0.1, 0.9)],
      ['zoom', () => inPage(page, probe.zoomDiagram, frameMs)],
    ] as const
    for (const [what, act] of acts) {
      await inPage(page, probe.startWatching)
      const acting = meter(renderer)
      await act()
      say(what, { ...await inPage(page, probe.stopWatching), ...acting() })
    }
    say('memory', { heapMiB: mebibytes(await inPage(page, probe.heapBytes)), rendererMiB: residentMebibytes(renderer), labMiB: mebibytes(process.memoryUsage().rss) })
  } finally {
    await page.close()
  }
}

async function benchLive(run: Run): Promise<void> {
  const clock = { beganAt: Infinity }
  const page = await openPage(run, async (options) => {
    const lab = await createLab(options)
    watchClock(lab, clock)
    return lab
  })
  try {
    await inPage(page, probe.startCluster, defaultClusterSettings, workload)
    await measureLag(run, page, 'live', clock.beganAt)
  } finally {
    await page.close()
  }
}

/** When the session's wall time was 0: told from the quickest of the events that another screen, in this process, is told. */
function watchClock(lab: RunningLab, clock: { beganAt: number }): void {
  const [near, far] = createPortPair()
  lab.connect(far)
  const screen = connectLab(near)
  let shown = 0
  screen.on('status', ({ session, kind }) => {
    if (kind !== 'live' || session === shown) return
    shown = session
    void screen.call('subscribe', { session, since: 1 })
  })
  screen.on('events', ({ session, batch, text }) => {
    const { wall } = JSON.parse(text.slice(text.lastIndexOf('\n') + 1)) as { wall: number }
    clock.beganAt = Math.min(clock.beganAt, Date.now() - wall / 1000)
    void screen.call('ackBatch', { session, batch })
  })
}

/** A recording told as fast as no cluster here could, as if it were live. */
async function benchPlayed(run: Run): Promise<void> {
  const clusters = playedClusters(run.recording, playedRate)
  const page = await openPage(run, (options) => openLab(options, clusters))
  try {
    await inPage(page, probe.startCluster, defaultClusterSettings, null)
    await measureLag(run, page, 'played', clusters.beganAt())
  } finally {
    await page.close()
  }
}

async function measureLag({ print, round }: Run, page: DrivenPage, what: string, beganAt: number): Promise<void> {
  await inPage(page, probe.startWatching)
  const spent = meter(findRenderer())
  const { events, ...lagMs } = await inPage(page, probe.lagOf, liveMs, beganAt)
  print({ bench: 'window', round, what, eventsPerSecond: Math.round(events / liveMs * 1000), lagMs, ...await inPage(page, probe.stopWatching), ...spent() })
}

/** What was spent from now until it is asked, in processor time. */
function meter(renderer: number): () => { pageCpuMs: number; labCpuMs: number } {
  const before = processorTime(renderer)
  return () => {
    const now = processorTime(renderer)
    return { pageCpuMs: now.pageMs - before.pageMs, labCpuMs: now.labMs - before.labMs }
  }
}

function quantiles(all: readonly number[]): { p50: number; p95: number; max: number } {
  const sorted = all.toSorted((one, other) => one - other)
  const at = (share: number): number => Math.round((sorted[Math.max(0, Math.ceil(sorted.length * share) - 1)] ?? 0) * 10) / 10
  return { p50: at(0.5), p95: at(0.95), max: at(1) }
}

const mebibytes = (bytes: number): number => Math.round(bytes / 1024 / 1024)
