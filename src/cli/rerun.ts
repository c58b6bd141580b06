// `rerun FILE`: executes a recording that ends in a freeze, such as a counterexample, again on real processes. It delivers the same messages and
// fires the same timers in the same order.
// Status 0: the same rule breaks each time; 1: it does not; 2: the recording cannot be run again.
import { fileURLToPath } from 'node:url'
import type { Command } from 'commander'
import { LiveHistory, RuleMonitors, ruleTexts, wholeVerdictText, type Violation, type SearchLimits } from '../check'
import { connectLab, createPortPair, type Lab, type SessionStatus } from '../contract'
import { createLab, readRecordingFile, unreadable } from '../lab'
import { makeFolder, makeTemporaryFolder, reasonOf } from '../system'
import { CannotRun, wholeNumber } from './cannot-run'
import { printJson, printLines } from './terminal'

/** Set by the build. */
declare const __VERSION__: string

interface RerunOptions {
  readonly times: number
  readonly recordings?: string
  readonly json?: boolean
}

export function rerunCommand(program: Command): void {
  program.command('rerun').argument('<recording>', 'file (.jsonl, .jsonl.gz) that ends frozen')
    .description('a counterexample again on real processes, step by step: the same rule must break')
    .option('--times <number>', '1 to 100', wholeNumber('--times', 1, 100), 1)
    .option('--recordings <folder>', 'where the new recordings are kept; without it they are not')
    .option('--json', 'one line of JSON for each time')
    .action(rerun)
}

const beside = (name: string): string => fileURLToPath(new URL(name, import.meta.url))

async function rerun(path: string, { times, recordings, json = false }: RerunOptions): Promise<void> {
  const expected = await judge(path)
  if (recordings !== undefined) makeRecordings(recordings)
  const folder = makeTemporaryFolder('rerun')
  let missed = 0
  try {
    for (let time = 1; time <= times; time++) {
      const began = performance.now()
      const found = await judge(await once(path, recordings ?? folder.path, folder.path))
      const same = isSame(found, expected)
      if (!same) missed++
      const ms = Math.round(performance.now() - began)
      const broken = found.violations.map(({ rule, text, seq }) => ({ rule, text, seq }))
      const said = [`${capitalised(found.verdict)}.`, ...broken.map(({ rule, text }) => `${ruleTexts[rule].title}: ${text}`)].join(' ')
      if (json) printJson({ time, same, ms, verdict: found.verdict, broken })
      else printLines([`${time}: ${same ? 'the same' : 'NOT the same'}, ${ms} ms. ${said}`])
    }
  } finally {
    folder.remove()
  }
  process.exitCode = missed > 0 ? 1 : 0
}

/** Created first: otherwise the lab would write the recordings to a temporary folder. */
function makeRecordings(folder: string): void {
  try {
    makeFolder(folder)
  } catch (error) {
    throw new CannotRun(`The folder ${folder} cannot be made: ${reasonOf(error)}.`)
  }
}

/** Executes it on processes and resolves with the path of the recording. */
async function once(path: string, recordingsFolder: string, dataFolder: string): Promise<string> {
  const lab = await createLab({
    host: 'in-process', dataFolder, recordingsFolder, version: __VERSION__, scenariosFolder: beside('../../scenarios'),
    programs: { node: beside('./node.js'), switchboard: beside('./switchboard.js'), host: beside('./foreign.js') },
  })
  try {
    const [near, far] = createPortPair()
    lab.connect(far)
    const caller = connectLab(near)
    const { session } = await lab.openRecording(path)
    await untilRead(caller)
    await caller.call('rerun', { session })
    await caller.call('endSession', {})
    const { recording } = (await caller.call('hello', {})).status
    if (recording && recording.problem !== '') process.stderr.write(`${recording.problem}\n`)
    return recording?.path ?? ''
  } catch (error) {
    throw new CannotRun(`${path}: ${(error as Error).message}`)
  } finally {
    await lab.close()
  }
}

/** The session is shown before the whole file is read. */
async function untilRead(lab: Lab): Promise<void> {
  const isRead = ({ kind, recording }: SessionStatus): boolean => kind === 'recorded' && recording?.readShare === undefined
  const read = new Promise<void>((resolve) => {
    lab.on('status', (status) => { if (isRead(status)) resolve() })
  })
  if (!isRead((await lab.call('hello', {})).status)) await read
}

interface Found {
  readonly violations: readonly Violation[]
  /** The overall verdict in words. */
  readonly verdict: string
  readonly isLinearizable: boolean
}

/** A search limit that suffices for the few operations of a counterexample. */
const limits: SearchLimits = { stepsMax: 5_000_000, memoMax: 200_000 }

async function judge(path: string): Promise<Found> {
  const violations: Violation[] = []
  let monitors: RuleMonitors | undefined
  let history: LiveHistory | undefined
  try {
    const { header, count } = await readRecordingFile(path, {
      begin: (first) => {
        monitors = new RuleMonitors(first)
        history = new LiveHistory(first)
      },
      take: ({ events }) => {
        for (const event of events) {
          violations.push(...monitors?.take(event) ?? [])
          history?.take(event)
        }
      },
    })
    const served = header.settings.replication === 'synchronous' ? monitors?.served ?? null : null
    const standing = (history ?? new LiveHistory(header)).finish(limits, { served, seq: count })
    return { violations, verdict: wholeVerdictText(monitors?.states() ?? [], standing), isLinearizable: standing.standing !== 'not-linearizable' }
  } catch (error) {
    throw new CannotRun(unreadable(path, error))
  }
}

function isSame(one: Found, other: Found): boolean {
  const told = ({ violations }: Found): string => violations.map(({ rule, text }) => `${rule} ${text}`).join('\n')
  return one.isLinearizable === other.isLinearizable && told(one) === told(other)
}

function capitalised(text: string): string {
  return `${text.charAt(0).toUpperCase()}${text.slice(1)}`
}
