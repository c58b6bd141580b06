// Workloads that count: the last read of every node is the sum of what was acknowledged, and of some of what may have been counted. A grow-only counter
// is judged the same way; its clients only add.
import { Errors, isAnswered, shown, unlessUnread, type Asked, type WorkloadVerdict } from './asked'

/** Sums that are told apart; beyond, only the lowest and the highest are known. */
const sumsMax = 10_000

export function judgeCounter(asked: readonly Asked[], nodes: readonly string[]): WorkloadVerdict {
  const errors = new Errors()
  const adds = asked.filter(({ kind, outcome }) => kind === 'add' && outcome !== 'failed')
  const deltaOf = ({ body }: Asked): number => Number(body['delta'] ?? 0)
  const certain = adds.filter((one) => one.outcome === 'ok' && isAnswered(one, 'add_ok', errors))
  const sum = certain.reduce((total, one) => total + deltaOf(one), 0)
  const maybe = adds.filter(({ outcome }) => outcome !== 'ok').map(deltaOf)
  const reachable = sums(sum, maybe)
  const last = new Map<string, Asked>()
  for (const read of asked) {
    if (read.kind !== 'read' || read.outcome !== 'ok' || !isAnswered(read, 'read_ok', errors)) continue
    if (!Number.isSafeInteger(read.answer['value'])) errors.add(`${read.target} told ${read.client} ${shown(read.answer['value'])}, which is no whole number`, [read.seq, read.returnedSeq])
    else if (read.isFinal) last.set(read.target, read)
  }
  for (const [node, read] of last) {
    const value = Number(read.answer['value'])
    if (!reachable(value)) {
      const span = maybe.length === 0 ? `the acknowledged deltas are ${sum}` : `the acknowledged deltas are ${sum}, and ${maybe.length} more may have been counted`
      errors.add(`${node} says ${value} in the end: ${span}`, [read.seq, read.returnedSeq])
    }
  }
  const unread = nodes.filter((node) => !last.has(node))
  const verdict = errors.verdict(`${certain.length} acknowledged deltas are counted on every node in the end: ${sum}`, certain.length === 0 ? 0 : last.size)
  return unlessUnread(verdict, unread, ['counts', 'count'])
}

/**
 * Whether a value is the sum and any part of the others. Exact while there are few sums, otherwise by the lowest and the highest: never an accusation
 * that is not sure.
 */
function sums(sum: number, maybe: readonly number[]): (value: number) => boolean {
  let all: Set<number> | null = new Set([sum])
  for (const delta of maybe) {
    if (all === null || delta === 0) continue
    const next: Set<number> = new Set(all)
    for (const known of all) next.add(known + delta)
    all = next.size > sumsMax ? null : next
  }
  if (all !== null) {
    const exact = all
    return (value) => exact.has(value)
  }
  const low = sum + maybe.filter((delta) => delta < 0).reduce((total, delta) => total + delta, 0)
  const high = sum + maybe.filter((delta) => delta > 0).reduce((total, delta) => total + delta, 0)
  return (value) => value >= low && value <= high
}
