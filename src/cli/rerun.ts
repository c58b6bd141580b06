// `rerun FILE`: a recording that ends in a freeze, a counterexample above all, once more on real processes: the same messages delivered and the
// same timers fired, by hand and in the same order. Status 0: the same rule is broken each time; 1: it is not; 2: it cannot be run again.
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import type { Command } from 'commander'
import { RuleMonitors, ruleTexts, type Breach } from '../check'
import { connectLab, createPortPair, type Lab, type SessionStatus } from '../contract'
import { createLab, readRecordingFile, reasonOf } from '../lab'
import { RecordingProblem } from '../trace'
import { CannotRun, wholeNumber } from './cannot-run'

/** Set by the build. */
declare const __VERSION__: string

interface RerunOptions {
  readonly times: number
  readonly recordings?: string
  readonly json?: boolean
}

export function rerunCommand(program: Command): void {
  program.command('rerun').argument('<recording>', 'file (.jsonl, .jsonl.gz) that ends while time stands still')
    .description('a counterexample again on real processes, step by step: the same rule must break')
    .option('--times <number>', '1 to 100', wholeNumber('--times', 1, 100), 1)
    .option('--recordings <folder>', 'where the new recordings are kept; without it they are not')
    .option('--json', 'one line of JSON for each time')
    .action(rerun)
}

const beside = (name: string): string => fileURLToPath(new URL(name, import.meta.url))

async function rerun(path: string, { times, recordings, json = false }: RerunOptions): Promise<void> {
  const expected = await breaches(path)
  const folder = await mkdtemp(join(tmpdir(), 'understudy-rerun-'))
  let missed = 0
  try {
    for (let time = 1; time <= times; time++) {
      const began = performance.now()
      const found = await breaches(await once(path, recordings ?? folder, folder))
      const same = found.map(({ rule, text }) => `${rule} ${text}`).join('\n') === expected.map(({ rule, text }) => `${rule} ${text}`).join('\n')
      if (!same) missed++
      const ms = Math.round(performance.now() - began)
      const broken = found.map(({ rule, text, seq }) => ({ rule, text, seq }))
      process.stdout.write(json ? `${JSON.stringify({ time, same, ms, broken })}\n` : `${time}: ${same ? 'the same' : 'NOT the same'}, ${ms} ms. ${broken.map(({ rule, text }) => `${ruleTexts[rule].title}: ${text}`).join(' ') || 'No rule was broken.'}\n`)
    }
  } finally {
    await rm(folder, { recursive: true, force: true })
  }
  process.exitCode = missed > 0 ? 1 : 0
}

/** Plays it on processes and returns the path of the recording. */
async function once(path: string, recordingsFolder: string, dataFolder: string): Promise<string> {
  const lab = await createLab({
    host: 'in-process', dataFolder, recordingsFolder, version: __VERSION__, scenariosFolder: beside('../../scenarios'),
    programs: { node: beside('./node.js'), switchboard: beside('./switchboard.js') },
  })
  try {
    const [near, far] = createPortPair()
    lab.connect(far)
    const caller = connectLab(near)
    const { session } = await lab.openRecording(path)
    await untilRead(caller)
    await caller.call('rerun', { session })
    await caller.call('endSession', {})
    return (await caller.call('hello', {})).status.recording?.path ?? ''
  } catch (error) {
    throw new CannotRun(`${path}: ${(error as Error).message}`)
  } finally {
    await lab.close()
  }
}

/** A file is shown while it is still read. */
async function untilRead(lab: Lab): Promise<void> {
  const isRead = ({ kind, recording }: SessionStatus): boolean => kind === 'recorded' && recording?.readShare === undefined
  const read = new Promise<void>((resolve) => {
    lab.on('status', (status) => { if (isRead(status)) resolve() })
  })
  if (!isRead((await lab.call('hello', {})).status)) await read
}

async function breaches(path: string): Promise<Breach[]> {
  const found: Breach[] = []
  let monitors: RuleMonitors | undefined
  try {
    await readRecordingFile(path, {
      begin: (header) => { monitors = new RuleMonitors(header) },
      take: ({ events }) => { for (const event of events) found.push(...monitors?.take(event) ?? []) },
    })
  } catch (error) {
    throw new CannotRun(error instanceof RecordingProblem ? `${path}: ${error.message}` : `${path} cannot be read: ${reasonOf(error)}.`)
  }
  return found
}
