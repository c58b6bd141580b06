// The worker process of scenario-pool.ts: it plays one scenario after another for its parent, and ends with it.
import { fileURLToPath } from 'node:url'
import type { Command } from 'commander'
import { playOne } from '../lab'
import { readScenario, reportedScenario, withMutants, type ReportedScenario } from '../scenario'
import { endSignals, sentenceOf } from '../system'
import type { FromWorker, ScenarioJob, ToWorker } from './scenario-pool'

export function runWorkerCommand(program: Command): void {
  program.command('run-worker', { hidden: true }).action(work)
}

const beside = (name: string): string => fileURLToPath(new URL(name, import.meta.url))

function work(): Promise<never> {
  // Signals are ignored here: the parent gets them too and sends `stop`.
  for (const signal of endSignals) process.on(signal, () => undefined)
  const stopping = new AbortController()
  return new Promise(() => {
    let running: Promise<void> = Promise.resolve()
    process.on('message', (message: ToWorker) => {
      if (message.type === 'stop') {
        stopping.abort()
        void running.then(() => process.disconnect?.())
        return
      }
      const { index } = message
      running = runOne(message.job, stopping.signal)
        .then((reported): FromWorker => ({ type: 'finished', index, reported }), (error: unknown): FromWorker => ({ type: 'cannot-run', index, reason: sentenceOf(error) }))
        .then(tell)
    })
    tell({ type: 'up' })
    // Without a parent nobody needs the result; the clusters end with this process.
    process.on('disconnect', () => process.exit(0))
  })
}

function tell(message: FromWorker): void {
  process.send?.(message)
}

async function runOne(job: ScenarioJob, signal: AbortSignal): Promise<ReportedScenario> {
  const { name, text, on, seed, mutants, recordingPath, keepRecording, given } = job
  const { scenario: read } = readScenario(name, text)
  if (!read) throw new Error('it was read before')
  const scenario = withMutants(read, mutants)
  const began = performance.now()
  const { result, recording, determinism } = await playOne(scenario, {
    on, seed, recordingPath, keepRecording, given, programs: { node: beside('./node.js'), switchboard: beside('./switchboard.js'), host: beside('./foreign.js'), guard: new URL('./program-guard.js', import.meta.url).href },
    signal, gate: () => Promise.resolve(!signal.aborted),
  })
  return reportedScenario(scenario, result, { on, seed, seconds: (performance.now() - began) / 1000, recording, determinism })
}
