// A row of the operations panel at a given moment: an operation that returns later is shown as waiting. Pure.
import type { OperationFacts } from '../../../src/trace'
import { operationText, outcomeText } from '../../../src/trace'
import type { Meaning } from '../../glyphs/names'

export interface OperationRow {
  readonly client: string
  readonly operation: string
  readonly result: string
  readonly state: 'waiting' | 'ok' | 'failed' | 'unknown'
  readonly glyph: Meaning
  readonly by: string
  readonly tries: string
  /** In milliseconds; for a waiting operation the time so far. */
  readonly latencyMs: number
  readonly view: string
}

/** `seq` and `at`: the shown moment. */
export function operationRow(facts: OperationFacts, seq: number, at: number): OperationRow {
  const { outcome } = facts
  const hasReturned = outcome !== null && facts.returnedSeq <= seq
  const base = {
    client: facts.client,
    operation: operationText(facts.operation) + (facts.target === '' ? '' : ` → ${facts.target}`),
    latencyMs: Math.max(0, (hasReturned ? facts.returnedAt : at) - facts.invokedAt) / 1000,
  }
  if (!hasReturned) return { ...base, result: 'waiting', state: 'waiting', glyph: 'none', by: '', tries: '', view: '' }
  const glyphs = { ok: 'ok', failed: 'lost', unknown: 'unknown' } as const
  return {
    ...base,
    result: outcomeText(outcome), state: outcome.type, glyph: glyphs[outcome.type], tries: String(facts.tries),
    by: outcome.type === 'ok' || outcome.type === 'failed' ? outcome.by : '',
    view: outcome.type === 'ok' ? String(outcome.viewnum) : '',
  }
}

/** Number of operations invoked up to an event; `list` is in order of invocation. */
export function invokedUpTo(list: readonly OperationFacts[], seq: number): number {
  let low = 0
  let high = list.length
  while (low < high) {
    const middle = (low + high) >> 1
    if ((list[middle]?.invokedSeq ?? Infinity) <= seq) low = middle + 1
    else high = middle
  }
  return low
}

/** "81 ms", "0.4 ms", "1.20 s". */
export function latencyText(ms: number): string {
  if (ms >= 10_000) return `${(ms / 1000).toFixed(1)} s`
  if (ms >= 1000) return `${(ms / 1000).toFixed(2)} s`
  return ms < 10 ? `${ms.toFixed(1)} ms` : `${Math.round(ms)} ms`
}
