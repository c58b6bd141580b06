// `bench idle`: processor time of a window that shows a cluster with only heartbeats: page, browser, graphics, lab and switchboard, after start-up
// has settled. It runs in Chromium with `serve`, and in the desktop window if its runtime is installed.
import { join } from 'node:path'
import { performance } from 'node:perf_hooks'
import { setTimeout as pause } from 'node:timers/promises'
import type { Bench, BenchContext } from './bench'
import { startBrowser } from './browser'
import { loadByRole, processesBelow } from './process-table'
import { findChromium, findElectron } from './window-programs'

const chromiumGoal = 'window and lab of an idle cluster, Chromium'
const electronGoal = 'window and lab of an idle cluster, desktop window'
/** First views, compilations and the browser's start-up are over by then. */
const settleMs = 10_000

export const idleBench: Bench = {
  name: 'idle', title: 'processor time of the window and the lab (nodes left out) while a cluster only pings, in percent of one core',
  rounds: 3, seconds: 20,
  goals: [chromiumGoal, electronGoal].map((name) => ({ name, better: 'lower', needed: 8, aim: 3, unit: '%' })),
  run: measure,
}

async function measure(context: BenchContext): Promise<void> {
  const chromium = findChromium()
  const electron = findElectron(context.programs)
  if (chromium === '') context.absent('Chromium', 'Set CHROMIUM to its program.')
  if (electron === '') context.absent('the desktop window', 'Its runtime or a display is not here; see ELECTRON_OVERRIDE_DIST_PATH.')
  for (let round = 1; round <= context.rounds; round++) {
    if (chromium !== '') await measureChromium(context, round, chromium)
    if (electron !== '') await measureElectron(context, round, electron)
  }
}

async function measureChromium(context: BenchContext, round: number, program: string): Promise<void> {
  const { line: url, ...serve } = await context.children.startUntilLine(process.execPath, [join(context.programs, 'cli.js'), 'serve', '--no-open'], {
    env: { UNDERSTUDY_DATA: join(context.folder, 'data') },
  })
  try {
    const profileFolder = join(context.folder, `profile-${round}`)
    const headless = process.env.DISPLAY ? [] : ['--headless=new']
    const args = [...headless, '--no-sandbox', '--no-first-run', '--disable-background-networking', '--disable-component-update', '--window-size=1280,800', url]
    const page = await startBrowser({ program, args, profileFolder })
    try {
      await measureLoad(context, round, 'Chromium', chromiumGoal)
    } finally {
      await page.close()
    }
  } finally {
    await context.children.end(serve)
  }
}

async function measureElectron(context: BenchContext, round: number, program: string): Promise<void> {
  const sandbox = process.getuid?.() === 0 ? ['--no-sandbox'] : []
  const { ELECTRON_RUN_AS_NODE: _runAsNode, NODE_OPTIONS: _options, ...rest } = process.env
  const page = await startBrowser({
    program, args: [...sandbox, join(context.programs, '../..')], profileFolder: join(context.folder, `electron-${round}`),
    env: { ...rest, UNDERSTUDY_DATA: join(context.folder, 'data') },
  })
  try {
    await measureLoad(context, round, 'desktop window', electronGoal)
  } finally {
    await page.close()
  }
}

async function measureLoad(context: BenchContext, round: number, row: string, goal: string): Promise<void> {
  await pause(settleMs)
  const foreign = context.watchForeignCores()
  const beganAt = performance.now()
  const before = processesBelow(process.pid)
  await pause(context.seconds * 1000)
  const { node, ...load } = loadByRole(before, processesBelow(process.pid), performance.now() - beganAt)
  const foreignCores = foreign()
  const percent = Object.values(load).reduce((sum, part) => sum + part, 0)
  context.round({ round, row, percent: Math.round(percent * 100) / 100, ...load, nodesBeside: node, foreignCores })
  context.value(goal, percent, foreignCores)
}
