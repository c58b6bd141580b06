// `bench resend`: the time until a lost message between a primary and its backup is sent again, in direct mode. The view server and the primary are
// processes; the backup loses messages on purpose (lossy-backup.ts). A round is one loss of each cause.
import { join } from 'node:path'
import { DirectClient } from '../cluster'
import { defaultSettings, utf8ToBytes } from '../protocol'
import type { Bench, BenchContext, Goal } from './bench'
import { LossyBackup, type Loss } from './lossy-backup'
import { until } from './until'

const { retryMs, pingIntervalMs } = defaultSettings
/** Clusters that run in parallel, so that a thousand losses take minutes and not half an hour. */
const clustersAtOnce = 4
const betweenMs = 250

const causes = {
  forward: 'a forward is lost', connection: 'the connection ends with a forward and its ack', chunk: 'the first chunk of a transfer is lost',
} as const satisfies Record<Loss, string>
const losses = Object.keys(causes) as Loss[]

const medianOf = (loss: Loss): Goal => ({ name: `${causes[loss]}: until it comes again, median`, better: 'lower', needed: 1.5, aim: 1.1, unit: 'retryMs' })
const p99Of = (loss: Loss): Goal => ({ name: `${causes[loss]}: until it comes again, 99 of 100`, better: 'lower', needed: 3, aim: 1.5, unit: 'retryMs' })

async function measure(context: BenchContext, loss: Loss, number: number, count: number): Promise<number[]> {
  const { children, folder, programs } = context
  const at = (name: string): string => join(folder, `${loss}-${number}-${name}`)
  const start = (...words: string[]) => children.startUntilLine(process.execPath, [join(programs, 'cli.js'), ...words])
  const viewServer = await start('view-server', '--new-cluster', '--listen', at('vs'))
  const primary = await start('replica', '--name', 's1', '--listen', at('s1'), '--view-server', at('vs'))
  const client = new DirectClient({ viewServer: at('vs'), settings: { ...defaultSettings, operationTimeoutMs: 0 }, log: () => undefined })
  const backup = new LossyBackup({ listen: at('s2'), viewServer: at('vs'), pingIntervalMs, loss, betweenMs })
  let isOver = false
  try {
    await until('a first view', async () => (await client.query()).acked.viewnum > 0 || undefined)
    await backup.start()
    // Keeps some operations in flight, with pauses between them, as clients do.
    const work = (session: number): void => {
      if (!isOver) client.start({ type: 'put', key: utf8ToBytes(`k${session}`), value: utf8ToBytes('v') }, session, () => void setTimeout(() => work(session), Math.random() * 20))
    }
    if (loss !== 'chunk') for (let session = 0; session < 4; session++) work(session)
    for (let told = 0; backup.waits.length < count; told = backup.waits.length) {
      await until(`the next of ${count} losses (${causes[loss]})`, () => Promise.resolve(backup.waits.length > told || undefined))
    }
    return backup.waits.slice(0, count)
  } finally {
    isOver = true
    client.close()
    backup.close()
    await children.stop(primary)
    await children.stop(viewServer)
  }
}

const rank = (sorted: readonly number[], share: number): number => sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * share))] ?? NaN

export const resend: Bench = {
  name: 'resend', title: `from a loss between primary and backup until the same comes again, retryMs ${retryMs}; one loss of each cause in each round`,
  rounds: 1000, seconds: 1, goals: losses.flatMap((loss) => [medianOf(loss), p99Of(loss)]),
  async run(context) {
    for (const loss of losses) {
      const endWatch = context.watchForeignCores()
      const clusters = Math.min(clustersAtOnce, context.rounds)
      const counts = Array.from({ length: clusters }, (_, index) => Math.ceil((context.rounds - index) / clusters))
      const waits = (await Promise.all(counts.map((count, number) => measure(context, loss, number, count)))).flat().sort((one, other) => one - other)
      const foreignCores = endWatch()
      const [median, p99, worst] = [0.5, 0.99, 1].map((share) => Math.round(rank(waits, share) * 10) / 10)
      context.round({ round: 1, row: causes[loss], losses: waits.length, retryMs, medianMs: median, p99Ms: p99, worstMs: worst, foreignCores })
      context.value(medianOf(loss).name, rank(waits, 0.5) / retryMs, foreignCores)
      context.value(p99Of(loss).name, rank(waits, 0.99) / retryMs, foreignCores)
    }
  },
}
