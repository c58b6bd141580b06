// `bench window`: the built window in a real browser with a very large recording, as JSON lines. It renders in software, as on a machine without a
// display. On a shared machine the processor time in each line says more than the clock.
import { existsSync, rmSync } from 'node:fs'
import { join } from 'node:path'
import { performance } from 'node:perf_hooks'
import { fileURLToPath } from 'node:url'
import { connectLab, createPortPair, defaultClusterSettings, mixOf, type Workload } from '../contract'
import { createLab, doorOf, openLab, startWebHost, type LabOptions, type RunningLab } from '../lab'
import { makeTemporaryFolder } from '../system'
import { writeBigRecording } from './big-recording'
import { startBrowser, type DrivenPage } from './browser'
import * as probe from './page-probe'
import { playedClusters } from './played-cluster'
import { findRenderer, processorTime, residentMebibytes } from './processor-time'

export interface WindowBench {
  readonly events: number
  readonly rounds: number
  /** Any of `open`, `live`, `played`. */
  readonly only: readonly string[]
  /** The desktop window's runtime; empty for Chromium. */
  readonly electron: string
  readonly print: (line: object) => void
}

const seeks = 21
const frameMs = 3000
const liveMs = 8000
/** The live cluster, with some 15 events for each operation. */
const workload: Workload = { rate: 200, inFlight: 8, mix: mixOf({ put: 50, get: 50 }), keys: 40, valueBytes: 8, clients: [] }
const playedRate = 20_000
/** Seeks stay within the last million events; seeks to events that are not in memory are a different case. */
const seekWithin = 1_000_000

const beside = (name: string): string => fileURLToPath(new URL(name, import.meta.url))

/** Resolves with '', or with one sentence that says why nothing could be measured. */
export async function benchWindow(options: WindowBench): Promise<string> {
  const chromium = [process.env.CHROMIUM, '/usr/bin/chromium', '/usr/bin/chromium-browser', '/usr/bin/google-chrome'].find((path) => path && existsSync(path))
  const program = options.electron || chromium
  if (!program) return 'There is no Chromium here; set CHROMIUM to its program.'
  const temporary = makeTemporaryFolder('bench')
  const folder = temporary.path
  const recording = join(folder, 'big.jsonl')
  try {
    const beganAt = performance.now()
    const bytes = await writeBigRecording({ path: recording, events: options.events })
    options.print({ bench: 'window', what: 'recording', events: options.events, bytes, madeMs: Math.round(performance.now() - beganAt) })
    for (let round = 1; round <= options.rounds; round++) {
      const run = { ...options, round, folder, recording, program }
      if (options.only.includes('open')) await benchOpen(run)
      // These two need a lab of the bench behind the window.
      if (options.only.includes('live') && !options.electron) await benchLive(run)
      if (options.only.includes('played') && !options.electron) await benchPlayed(run)
    }
    return ''
  } finally {
    // A browser's last processes may still write to their profile.
    rmSync(folder, { recursive: true, force: true, maxRetries: 20, retryDelay: 250 })
    temporary.remove()
  }
}

interface Run extends WindowBench {
  readonly round: number
  readonly folder: string
  readonly recording: string
  readonly program: string
}

/** Opens the page with a lab in this process; the desktop window has a lab of its own. */
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
    programs: { node: beside('./node.js'), switchboard: beside('./switchboard.js'), host: beside('./foreign.js'), exploreWorker: beside('./explore-worker.js'), scenarioWorker: beside('./scenario-worker.js') }, log,
  })
  const door = doorOf(lab)
  const host = await startWebHost({ doors: [door], rendererFolder: beside('../renderer'), log })
  const close = async (): Promise<void> => {
    await lab.close()
    await host.close()
  }
  const args = [...flags, '--headless=new', '--no-first-run', '--disable-background-networking', '--disable-gpu', `${host.urlOf(door)}&empty`]
  try {
    const page = await ready(await startBrowser({ program: run.program, args, profileFolder }))
    return { ...page, close: () => page.close().finally(close) }
  } catch (error) {
    await close()
    throw error
  }
}

/** Tries for a page that is still loading: a request is lost if its document is replaced. */
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

/** Calls a function of page-probe.ts in the page. */
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

/** Finds the wall-clock time at which the session began, from the events with the least delay. A second screen, in this process, gets those events. */
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

/** Replays a recording as a live session, faster than any real cluster here. */
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

/** Returns a function that gives the processor time spent since this call. */
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
