// `bench desktop-start`: times `npm start` of an existing build, until the window is usable, and until its cluster's first view with a backup is
// acked. The page itself measures. The debugger that reads the times is attached while the window opens, which costs a little.
import { existsSync } from 'node:fs'
import { join } from 'node:path'
import type { Bench, BenchContext } from './bench'
import { startBrowser } from './browser'
import * as probe from './page-probe'
import { findElectron } from './window-programs'

const usable = '`npm start`, built, to a window with a live cluster'
const acked = '`npm start`, built, to an acked view with a backup on the screen'
const tries = 200

export const desktopStartBench: Bench = {
  name: 'desktop-start', title: 'from `npm start` of what is built to the desktop window with its cluster',
  rounds: 5, seconds: 1,
  goals: [{ name: usable, better: 'lower', needed: 2.5, aim: 1.5, unit: 's' }, { name: acked, better: 'lower', needed: null, aim: null, unit: 's' }],
  run: async (context) => {
    if (!existsSync(join(context.programs, '../../scripts/start.mjs'))) return context.absent('the desktop window', 'This is the package, and `npm start` is of a checkout.')
    if (findElectron(context.programs) === '') return context.absent('the desktop window', 'Its runtime or a display is not here; see ELECTRON_OVERRIDE_DIST_PATH.')
    for (let round = 1; round <= context.rounds; round++) await measureStart(context, round)
  },
}

async function measureStart(context: BenchContext, round: number): Promise<void> {
  const root = join(context.programs, '../..')
  const foreign = context.watchForeignCores()
  const beganAt = Date.now()
  const page = await startBrowser({
    program: 'npm', args: [], prefix: ['start', '--prefix', root, '--'], profileFolder: join(context.folder, `desktop-${round}`),
    env: { ...process.env, UNDERSTUDY_DATA: join(context.folder, 'data') },
  })
  try {
    const { usableAt, ackedAt } = await askUntilThere(() => page.evaluate<{ usableAt: number; ackedAt: number }>(`(${String(probe.untilUsable)})()`))
    const foreignCores = foreign()
    const [usableS, ackedS] = [usableAt, ackedAt].map((at) => (at - beganAt) / 1000) as [number, number]
    context.round({ round, row: 'npm start', usableS, ackedS, foreignCores })
    context.value(usable, usableS, foreignCores)
    context.value(acked, ackedS, foreignCores)
  } finally {
    await page.close()
  }
}

/** Retries: a request is lost while the window loads its page and replaces the document. */
async function askUntilThere<Value>(ask: () => Promise<Value>): Promise<Value> {
  for (let tried = 1; ; tried++) {
    try {
      return await ask()
    } catch (error) {
      if (tried >= tries) throw error
      await new Promise((resolve) => setTimeout(resolve, 20))
    }
  }
}
