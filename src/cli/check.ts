// `check RECORDING...`: were the rules of the protocol kept, and can what the clients saw be explained? Standard output says how each stands, as
// lines or as JSON, and of what is broken the event, the events that prove it, and a sentence. Status 0: all is as it should be; 1: something is
// broken; 2: a file cannot be judged, or a search ended at its limit. `check --history FILE`: the same of another tool's history.
import type { Command } from 'commander'
import { linearizabilityText, LiveHistory, RuleMonitors, ruleTexts, standingSentence, type HistoryMax, type HistoryStanding, type RuleState, type SearchLimits } from '../check'
import { readRecordingFile, reasonOf } from '../lab'
import { grouped, RecordingProblem, type TraceHeader } from '../trace'
import { CannotRun, wholeNumber } from './cannot-run'
import { checkHistory } from './check-history'

interface Flags {
  readonly json?: boolean
  readonly history?: string
  readonly timeLimit: number
}

export function checkCommand(program: Command): void {
  program.command('check').argument('[recordings...]', 'files (.jsonl, .jsonl.gz)')
    .description('whether the rules of the protocol were kept in a recording, and whether what the clients saw is linearizable')
    .option('--history <file>', 'whether a history of Jepsen or Knossos (EDN) is linearizable')
    .option('--time-limit <seconds>', 'for the search of each file; after it the answer is "unknown"', wholeNumber('--time-limit', 1, 86_400), 60)
    .option('--json', 'one line of JSON for each file')
    .action(check)
}

/** A command has the memory to itself: some 600 MiB of it where a recording is as large as this. */
const fileMax: HistoryMax = { operations: 1_000_000, bytes: 512 * 1024 * 1024, keys: 200_000 }

interface Judged {
  readonly header: TraceHeader
  readonly events: number
  readonly note: string
  /** Empty for an imported history: it tells nothing of views and messages. */
  readonly rules: readonly RuleState[]
  readonly history: HistoryStanding
}

async function check(paths: readonly string[], { json = false, history, timeLimit }: Flags): Promise<void> {
  if (paths.length === 0 && history === undefined) throw new CannotRun('Name a recording, or a history with --history FILE.')
  // Time is what ends a search here; the steps are as many as it has time for.
  const limits: SearchLimits = { stepsMax: Infinity, memoMax: 500_000, milliseconds: timeLimit * 1000, now: () => performance.now() }
  let status: number = history === undefined ? 0 : await checkHistory(history, limits, json)
  for (const path of paths) {
    try {
      const judged = await judge(path, limits)
      process.stdout.write(json ? `${JSON.stringify({ recording: path, ...jsonOf(judged) })}\n` : `${lines(path, judged).join('\n')}\n`)
      status = Math.max(status, isBroken(judged) ? 1 : judged.history.standing === 'unknown' ? 2 : 0)
    } catch (error) {
      process.stderr.write(`${path}: ${error instanceof RecordingProblem ? error.message : `cannot be read: ${reasonOf(error)}.`}\n`)
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
      if (first.source !== 'imported') monitors = new RuleMonitors(first)
      history = new LiveHistory(first, fileMax)
    },
    take: ({ events }) => {
      for (const event of events) {
        monitors?.take(event)
        history?.take(event)
      }
    },
  })
  return { header, events: count, note, rules: monitors?.states() ?? [], history: (history ?? new LiveHistory(header)).finish(limits) }
}

function isBroken({ rules, history }: Judged): boolean {
  return history.standing === 'not-linearizable' || rules.some(({ standing }) => standing === 'broken')
}

function lines(path: string, { header, events, note, rules, history }: Judged): string[] {
  const { mutants } = header.settings
  const broken = rules.filter(({ standing }) => standing === 'broken')
  const ofRules = broken.length === 0 ? 'no rule was broken' : `${broken.map(({ rule }) => ruleTexts[rule].title).join(', ')} broken`
  const found = header.source === 'imported' ? 'an imported history tells nothing of views and messages, so no rule can be judged' : ofRules
  return [
    `${path}: ${found} (${grouped(events)} events).${mutants.length > 0 ? ` Broken on purpose: ${mutants.join(', ')}.` : ''}${note === '' ? '' : ` ${note}`}`,
    ...rules.flatMap(ruleLines),
    ...historyLines(history),
  ]
}

/** Keys whose errors are told one by one. */
const errorsShown = 20

const standingWords = {
  'linearizable': 'held', 'not-linearizable': 'BROKEN', 'unknown': 'unknown', 'not-exercised': 'not exercised', 'not-promised': 'not promised in this mode',
} as const

function historyLines(history: HistoryStanding): string[] {
  const evidence = history.errors.map(({ seq, unplaced, why }) => `${' '.repeat(20)}#${seq}: ${why} (invoked in #${unplaced})`)
  return [`  ${linearizabilityText.title.padEnd(18)}${standingWords[history.standing]}. ${standingSentence(history)}`, ...evidence.slice(0, errorsShown)]
}

function ruleLines({ rule, standing, held, broken, first }: RuleState): string[] {
  const { title, says, uw } = ruleTexts[rule]
  const name = `  ${`${title}${uw > 0 ? ` [${uw}]` : ''}`.padEnd(18)}`
  const evidence = first === null ? [] : [`${' '.repeat(20)}#${first.seq}: ${first.text} (events ${first.evidence.map((seq) => `#${seq}`).join(', ')})`]
  switch (standing) {
    case 'held': return [`${name}held ${grouped(held)} times. ${says}`]
    case 'not-exercised': return [`${name}not exercised: nothing of its kind happened. ${says}`]
    case 'broken': return [`${name}BROKEN ${broken === 1 ? 'once' : `${grouped(broken)} times`}. ${says}`, ...evidence]
    case 'not-promised': return [`${name}not promised in asynchronous replication; broken ${grouped(broken)} times. ${says}`, ...evidence]
  }
}

function jsonOf(judged: Judged): Record<string, unknown> {
  const { header, events, note, rules, history } = judged
  return { broken: isBroken(judged), mutants: header.settings.mutants, events, note, rules, linearizability: history }
}
