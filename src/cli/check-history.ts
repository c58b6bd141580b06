// `check --history FILE`: can a history of Jepsen or Knossos be explained? Standard output says linearizable (status 0), not linearizable and
// why (1), or unknown and which limit ended the search (2); of a file that cannot be read, standard error says why (2).
import { judgeHistory, shownValue, verdictOf, type HistoryJudgement, type HistoryOperation, type KeyJudgement, type SearchLimits } from '../check'
import { historyOperations, singleKey, type ImportedHistory } from '../export'
import { readHistoryFile, reasonOf } from '../lab'
import { grouped, RecordingProblem } from '../trace'

/** Gives the exit status. */
export async function checkHistory(path: string, limits: SearchLimits, json: boolean): Promise<0 | 1 | 2> {
  let history: ImportedHistory
  try {
    history = await readHistoryFile(path)
  } catch (error) {
    process.stderr.write(`${path}: ${error instanceof RecordingProblem ? error.message : `cannot be read: ${reasonOf(error)}.`}\n`)
    return 2
  }
  const operations = historyOperations(history)
  const judgement = judgeHistory(operations, limits)
  process.stdout.write(json ? `${JSON.stringify({ history: path, ...jsonOf(history, judgement) })}\n` : `${lines(path, history, operations, judgement).join('\n')}\n`)
  return ({ 'linearizable': 0, 'not-linearizable': 1, 'unknown': 2 } as const)[verdictOf(judgement.keys)]
}

function lines(path: string, history: ImportedHistory, operations: readonly HistoryOperation[], { verdict, keys }: HistoryJudgement): string[] {
  const words = { 'linearizable': 'linearizable', 'not-linearizable': 'not linearizable', 'unknown': 'unknown' }[verdict]
  const about = `${grouped(operations.length)} ${operations.length === 1 ? 'operation' : 'operations'}, ${grouped(keys.length)} ${keys.length === 1 ? 'key' : 'keys'}`
  return [`${path}: ${words} (${about}).`, ...keys.filter((key) => key.verdict !== 'linearizable').map((key) => keyLine(history, key))]
}

function keyLine({ operations }: ImportedHistory, { key, why, order, unplaced }: KeyJudgement): string {
  const name = key === singleKey ? '' : `Key ${shownValue(key)}: `
  const line = unplaced === null ? '' : ` It began in line ${operations[unplaced]?.line}; ${grouped(order.length)} operations can be put in order before it.`
  return `  ${name}${why}${line}`
}

/** Operations by the lines of their invocations. */
function jsonOf({ operations }: ImportedHistory, { verdict, keys }: HistoryJudgement): Record<string, unknown> {
  const lineOf = (id: number): number => operations[id]?.line ?? 0
  return {
    verdict, operations: operations.length,
    keys: keys.map((key) => ({
      key: key.key, verdict: key.verdict, operations: key.operations, why: key.why,
      unplacedLine: key.unplaced === null ? null : lineOf(key.unplaced), orderLines: key.order.map(lineOf),
    })),
  }
}
