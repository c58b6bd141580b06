// `bench sample`: checks that a benchmark run follows the protocol. It runs the load with journals on, merges them, and judges the recording like
// any other: every rule, the replay of every step, and the clients' history. (Throughput is measured with journals off.)
import { join } from 'node:path'
import type { Bench, BenchContext } from './bench'
import { startDirectCluster } from './direct-cluster'
import { loadgenFor, type LoadGenerator } from './loadgen'

const bad = 'samples with a broken rule, a step that does not conform, or a history that is not linearizable'
const errors = 'errors of the load'
/** Time limit for merging and judging millions of events. */
const judgingMs = 240_000

export const sample: Bench = {
  name: 'sample', title: 'a sample of a benchmark run, recorded by journals, merged and judged', rounds: 1, seconds: 2,
  goals: [
    { name: bad, better: 'lower', needed: 0, aim: 0, unit: 'samples', judgedBy: 'worst' },
    { name: errors, better: 'lower', needed: 0, aim: 0, unit: 'errors', judgedBy: 'worst' },
  ],
  run: async (context) => {
    const loadgen = await loadgenFor(context)
    if (!loadgen) return
    for (let round = 1; round <= context.rounds; round++) {
      for (const inFlight of [1, 16]) await judgeSample(context, loadgen, round, inFlight)
    }
  },
}

async function judgeSample(context: BenchContext, loadgen: LoadGenerator, round: number, inFlight: number): Promise<void> {
  const name = `j${round}-${inFlight}`
  const cluster = await startDirectCluster(context, { name, transport: 'UDS', withJournals: true })
  await cluster.untilReplicated()
  const load = await loadgen.run({ protocol: 'understudy', address: cluster.viewServer, connections: 50, inFlight, seconds: context.seconds, warmSeconds: 0 })
  await cluster.stop()
  const recording = join(context.folder, `${name}.jsonl`)
  const lab = (...words: string[]): Promise<string> => context.children.run(process.execPath, [join(context.programs, 'cli.js'), ...words], { timeoutMs: judgingMs })
  await lab('merge', ...cluster.journals, '--out', recording)
  // A bad verdict has its own exit status, so the promise rejects with the program's output.
  const verdicts = await Promise.allSettled([lab('check', '--json', recording), lab('conformance', '--json', recording)])
  const said = verdicts.map((verdict) => verdict.status === 'fulfilled' ? lastLine(verdict.value) : String(verdict.reason))
  context.round({ round, row: `50x${inFlight}`, operations: load.ops_total, ops_s: load.ops_s, check: said[0], conformance: said[1] })
  context.value(bad, verdicts.every(({ status }) => status === 'fulfilled') ? 0 : 1, 0)
  context.value(errors, load.errors, 0)
}

function lastLine(text: string): string {
  return text.trimEnd().split('\n').at(-1)?.slice(0, 500) ?? ''
}
