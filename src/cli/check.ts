// `check RECORDING...`: checks the protocol's rules and linearizability. Standard output reports each check as lines or as JSON. For a violation it
// names the event, the events that prove it, and a sentence.
// Status 0: nothing is wrong; 1: something is broken; 2: a file cannot be judged, or a search ended at its limit.
// `check --history FILE` judges another tool's history.
import { getHeapStatistics } from 'node:v8'
import type { Command } from 'commander'
import {
  linearizabilityText, LiveHistory, RuleMonitors, ruleTexts, standingSentence, wholeVerdict, wholeVerdictText,
  type HistoryMax, type HistoryStanding, type RuleState, type SearchLimits,
} from '../check'
import { readRecordingFile, unreadable } from '../lab'
import { grouped, whyNoSteps, type TraceHeader } from '../trace'
import { CannotRun, wholeNumber } from './cannot-run'
import { checkHistory } from './check-history'
import { withHistoryFlags, type HistoryFlags } from './history-flags'
import { printJson, printLines, say } from './terminal'

interface Flags extends HistoryFlags {
  readonly json?: boolean
  readonly history?: string
  readonly allKeys?: boolean
  readonly timeLimit: number
}

export function checkCommand(program: Command): void {
  const command = program.command('check').argument('[recordings...]', 'files (.jsonl, .jsonl.gz)')
    .description('whether the rules of the protocol were kept in a recording, and whether what the clients saw is linearizable')
    .option('--history <file>', 'whether a history of Jepsen, Knossos or Porcupine (EDN or JSON) is linearizable')
    .option('--all-keys', 'judge every key, also where one is wrong already')
    .option('--time-limit <seconds>', 'for the search of each file; after it the answer is "unknown"', wholeNumber('--time-limit', 1, 86_400), 60)
    .option('--json', 'one line of JSON for each file')
  withHistoryFlags(command).action(check)
}

/** Limits for an imported history. Such a history needs about 600 MiB of memory, which a command has to itself. */
const fileMax: HistoryMax = { operations: 1_000_000, bytes: 512 * 1024 * 1024, keys: 200_000 }

/** Half of this process's heap limit, capped so that the number of contents fits into one Map. */
function contentBytes(): number {
  return Math.min(getHeapStatistics().heap_size_limit / 2, 2.5e9)
}

interface Judged {
  readonly header: TraceHeader
  readonly events: number
  readonly note: string
  /** Empty for an imported history: it has no views and no messages. */
  readonly rules: readonly RuleState[]
  readonly history: HistoryStanding
}

async function check(paths: readonly string[], { json = false, allKeys = false, history, timeLimit, ...options }: Flags): Promise<void> {
  if (paths.length === 0 && history === undefined) throw new CannotRun('Name a recording, or a history with --history FILE.')
  // Only time and memory limit the search; the number of steps is unlimited.
  const limits: SearchLimits = {
    stepsMax: Infinity, memoMax: Infinity, contentBytesMax: contentBytes(), untilProof: !allKeys, milliseconds: timeLimit * 1000, now: () => performance.now(),
  }
  let status: number = history === undefined ? 0 : await checkHistory(history, { limits, json, options })
  for (const path of paths) {
    try {
      const judged = await judge(path, limits)
      if (json) printJson({ recording: path, ...jsonOf(judged) })
      else printLines(lines(path, judged))
      status = Math.max(status, wholeVerdict(judged.rules, judged.history) === 'broken' ? 1 : judged.history.standing === 'unknown' || isNothingJudged(judged) ? 2 : 0)
    } catch (error) {
      say(unreadable(path, error))
      status = 2
    }
  }
  process.exitCode = status
}

async function judge(path: string, limits: SearchLimits): Promise<Judged> {
  let monitors: RuleMonitors | undefined
  let history: LiveHistory | undefined
  const { header, count, note } = await readRecordingFile(path, {
    begin: (first) => {
      if (whyNoSteps(first) === '') monitors = new RuleMonitors(first)
      history = new LiveHistory(first, fileMax)
    },
    take: ({ events }) => {
      for (const event of events) {
        monitors?.take(event)
        history?.take(event)
      }
    },
  })
  // Asynchronous replication may lose operations that the last primary does not hold.
  const served = header.settings.replication === 'synchronous' ? monitors?.served ?? null : null
  const standing = (history ?? new LiveHistory(header)).finish(limits, { served, seq: count })
  return { header, events: count, note, rules: monitors?.states() ?? [], history: standing }
}

/** True if no operation returned and no rule was exercised: there is nothing to judge. */
function isNothingJudged({ rules, history }: Judged): boolean {
  return history.standing === 'not-exercised' && rules.every(({ held, broken }) => held + broken === 0)
}

function lines(path: string, { header, events, note, rules, history }: Judged): string[] {
  const { mutants } = header.settings
  return [
    `${path}: ${wholeVerdictText(rules, history)} (${grouped(events)} events).${mutants.length > 0 ? ` Broken on purpose: ${mutants.join(', ')}.` : ''}${note === '' ? '' : ` ${note}`}`,
    ...rules.flatMap(ruleLines),
    ...historyLines(history),
  ]
}

/** At most so many errors are printed one by one. */
const errorsShown = 20

const standingWords = {
  'linearizable': 'held', 'not-linearizable': 'BROKEN', 'unknown': 'unknown', 'not-exercised': 'not exercised', 'not-promised': 'not promised in this mode',
} as const

function historyLines(history: HistoryStanding): string[] {
  const evidence = history.errors.map(({ seq, unplaced, why }) => `${' '.repeat(20)}#${seq}: ${why}${unplaced < seq ? ` (invoked in #${unplaced})` : ' (what the primary holds at the end)'}`)
  return [`  ${linearizabilityText.title.padEnd(18)}${standingWords[history.standing]}. ${standingSentence(history)}`, ...evidence.slice(0, errorsShown)]
}

function ruleLines({ rule, standing, held, broken, first, why }: RuleState): string[] {
  const { title, says, uw } = ruleTexts[rule]
  const name = `  ${`${title}${uw > 0 ? ` [${uw}]` : ''}`.padEnd(18)}`
  const evidence = first === null ? [] : [`${' '.repeat(20)}#${first.seq}: ${first.text} (events ${first.evidence.map((seq) => `#${seq}`).join(', ')})`]
  switch (standing) {
    case 'held': return [`${name}held ${grouped(held)} times. ${says}`]
    case 'not-exercised': return [`${name}not exercised: nothing of its kind happened. ${says}`]
    case 'not-judged': return [`${name}not judged, because ${why}. ${says}`]
    case 'broken': return [`${name}BROKEN ${broken === 1 ? 'once' : `${grouped(broken)} times`}. ${says}`, ...evidence]
    case 'not-promised': return [`${name}not promised in asynchronous replication; broken ${grouped(broken)} times. ${says}`, ...evidence]
  }
}

function jsonOf(judged: Judged): Record<string, unknown> {
  const { header, events, note, rules, history } = judged
  const verdict = wholeVerdict(rules, history)
  return { verdict, broken: verdict === 'broken', mutants: header.settings.mutants, events, note, rules, linearizability: history }
}
