// `check --history FILE`: is a history of Jepsen, Knossos or Porcupine linearizable? Status 0: yes. 1: no, and standard output says why.
// 2: unknown; standard output names the limit that ended the search, or says that there is nothing to judge.
// Status 2 also for a file that cannot be read; then standard error says why.
import { judgeHistory, shownValue, type HistoryJudgement, type HistoryVerdict, type KeyJudgement, type SearchLimits, type Verdict } from '../check'
import { failedOperations, fromTheMiddle, historyOperations, singleKey, type HistoryOptions, type ImportedHistory } from '../export'
import { readHistoryFile, unreadable } from '../lab'
import { counted, grouped } from '../trace'
import { printJson, printLines, say } from './terminal'

interface Asked {
  readonly limits: SearchLimits
  readonly json: boolean
  readonly options: HistoryOptions
}

/** Resolves with the exit status. */
export async function checkHistory(path: string, { limits, json, options }: Asked): Promise<0 | 1 | 2> {
  let history: ImportedHistory
  try {
    history = await readHistoryFile(path, options)
  } catch (error) {
    say(unreadable(path, error, 'a history'))
    return 2
  }
  if (!history.isFromBeginning) {
    if (json) printJson({ history: path, verdict: 'unknown', operations: judgedOf(history), assumed: history.assumed, unjudgedKeys: 0, why: fromTheMiddle, keys: [] })
    else printLines([`${path}: unknown (${counted(judgedOf(history), 'operation')}). ${fromTheMiddle} Judge the whole, or say with --initial what they held.`])
    return statuses.unknown
  }
  const judgement = judgeHistory(historyOperations(history), limits, { failed: failedOperations(history) })
  if (json) printJson({ history: path, ...jsonOf(history, judgement) })
  else printLines(lines(path, history, judgement))
  return statuses[judgement.verdict]
}

const statuses: Readonly<Record<HistoryVerdict, 0 | 1 | 2>> = { 'linearizable': 0, 'not-linearizable': 1, 'unknown': 2, 'not-exercised': 2 }
const words: Readonly<Record<Verdict, string>> = { 'linearizable': 'linearizable', 'not-linearizable': 'not linearizable', 'unknown': 'unknown' }
/** Verdicts whose keys are printed first. */
const worst: readonly Verdict[] = ['not-linearizable', 'unknown']

function lines(path: string, history: ImportedHistory, { verdict, keys, unjudged }: HistoryJudgement): string[] {
  const assumed = history.assumed.map((sentence) => `  ${sentence}`)
  if (verdict === 'not-exercised') return [`${path}: nothing to judge: ${nothingReturned(history)}`, ...assumed]
  const about = `${counted(judgedOf(history), 'operation')}, ${counted(keys.length + unjudged, 'key')}`
  const told = worst.flatMap((standing) => keys.filter((key) => key.verdict === standing))
  const left = unjudged === 0 ? [] : [`  ${counted(unjudged, 'key')} ${unjudged === 1 ? 'was' : 'were'} not judged, as one proof is enough; --all-keys judges them too.`]
  return [`${path}: ${words[verdict]} (${about}).`, ...told.map((key) => keyLine(history, key)), ...left, ...assumed]
}

/** The number of client operations that did not fail. */
function judgedOf({ operations }: ImportedHistory): number {
  return operations.filter(({ outcome, isInitial }) => outcome.type !== 'failed' && !isInitial).length
}

function nothingReturned({ operations, skipped }: ImportedHistory): string {
  const ofClients = operations.filter(({ isInitial }) => !isInitial)
  const failed = ofClients.filter(({ outcome }) => outcome.type === 'failed').length
  const others = skipped === 0 ? '' : `, and ${counted(skipped, 'entry', 'entries')} of other processes`
  if (ofClients.length === 0) return `there is no operation of a client${others}.`
  return `no operation of a client returned with a result (${grouped(failed)} failed, ${grouped(ofClients.length - failed)} ended unknown or not at all)${others}.`
}

function keyLine({ operations }: ImportedHistory, { key, why, order, unplaced }: KeyJudgement): string {
  const name = key === singleKey ? '' : `Key ${shownValue(key)}: `
  const before = order.filter((id) => !operations[id]?.isInitial).length
  const line = unplaced === null ? '' : ` It began in line ${operations[unplaced]?.line}; ${counted(before, 'operation')} can be put in order before it.`
  return `  ${name}${why}${line}${unplaced !== null && mayHaveBegun(operations, unplaced) ? ' If the key held that at the beginning, say so with --initial.' : ''}`
}

/**
 * True if the read value was written by no operation, and no write had surely ended before the read. The key may have held it initially, if the
 * history gives no initial value.
 */
function mayHaveBegun(operations: ImportedHistory['operations'], unplaced: number): boolean {
  const read = operations[unplaced]
  if (read?.outcome.type !== 'ok' || read.outcome.result?.type !== 'value') return false
  const { value } = read.outcome.result
  const ofKey = operations.filter(({ operation }) => operation.key === read.operation.key)
  const isWritten = ofKey.some(({ operation }) => 'value' in operation && operation.value === value)
  return !isWritten && ofKey.every(({ operation, isInitial, returned, outcome }) => !isInitial && (operation.type === 'get' || outcome.type !== 'ok' || (returned ?? Infinity) > read.invoked))
}

/** Operations are identified by the lines of their invocations. */
function jsonOf(history: ImportedHistory, { verdict, keys, unjudged }: HistoryJudgement): Record<string, unknown> {
  const lineOf = (id: number): number => history.operations[id]?.line ?? 0
  return {
    verdict: verdict === 'not-exercised' ? 'nothing-to-judge' : verdict, operations: judgedOf(history), assumed: history.assumed, unjudgedKeys: unjudged,
    ...(verdict === 'not-exercised' ? { why: nothingReturned(history) } : {}),
    keys: keys.map((key) => ({
      key: key.key, verdict: key.verdict, operations: key.operations, why: key.why,
      unplacedLine: key.unplaced === null ? null : lineOf(key.unplaced), orderLines: key.order.filter((id) => lineOf(id) > 0).map(lineOf),
    })),
  }
}
