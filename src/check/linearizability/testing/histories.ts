// Histories for tests: executed on a real store, so that they are linearizable, then optionally spoiled. And a judge that tries every order.
import { createRandom, type Random } from '../../../network'
import { execute, MapStore } from '../../../protocol'
import { utf8ToBytes, type Operation, type Result } from '../../../protocol'
import { sameValue } from '../../same-value'
import type { HistoryOperation } from '../history'

export interface HistoryShape {
  readonly operations: number
  readonly clients: number
  readonly keys: number
  /** How many distinct values there are. */
  readonly values: number
  /** The kinds of operations, all equally likely. */
  readonly kinds: readonly Operation['type'][]
  /** The share of operations with an unknown outcome; half of those take effect. */
  readonly unknown: number
}

export const allKinds: readonly Operation['type'][] = ['put', 'append', 'get', 'delete', 'cas']

/** Operations of clients that have one open at a time; each takes effect at a random time between its invocation and its return. */
export function ranHistory(seed: string, shape: HistoryShape): HistoryOperation[] {
  const random = createRandom(seed, 'history')
  const store = new MapStore()
  const history: HistoryOperation[] = []
  const free = Array.from({ length: shape.clients }, (_, index) => index)
  const open: { readonly id: number; readonly client: number; result: Result | null; hasRun: boolean }[] = []
  let time = 0
  while (history.length < shape.operations || open.length > 0) {
    const act = random.below(3)
    if (act === 0 && free.length > 0 && history.length < shape.operations) {
      const client = free.splice(random.below(free.length), 1)[0] as number
      const id = history.length
      history.push({ id, process: `c${client + 1}`, operation: drawn(random, shape), invoked: ++time, returned: null, result: null })
      open.push({ id, client, result: null, hasRun: false })
    } else if (act === 1 && open.length > 0) {
      const some = random.pick(open)
      if (!some.hasRun) some.result = execute(store, (history[some.id] as HistoryOperation).operation)
      some.hasRun = true
    } else if (act === 2 && open.length > 0) {
      const index = random.below(open.length)
      const some = open[index] as (typeof open)[number]
      const isUnknown = random.chance(shape.unknown)
      if (!some.hasRun && !isUnknown) continue
      if (isUnknown && !some.hasRun && random.chance(0.5)) continue
      open.splice(index, 1)
      free.push(some.client)
      if (!isUnknown) history[some.id] = { ...(history[some.id] as HistoryOperation), returned: ++time, result: some.result }
    }
  }
  return history
}

function drawn(random: Random, { kinds, keys, values }: HistoryShape): Operation {
  const key = utf8ToBytes(`k${random.below(keys)}`)
  const value = utf8ToBytes(String(random.below(values)))
  const type = random.pick(kinds)
  switch (type) {
    case 'put':
    case 'append': return { type, key, value }
    case 'get':
    case 'delete': return { type, key }
    case 'cas': return { type, key, expected: random.chance(0.3) ? null : utf8ToBytes(String(random.below(values))), value }
  }
}

/** The history with one result changed to another that its operation could have had. */
export function spoiled(seed: string, history: readonly HistoryOperation[], values: number): HistoryOperation[] {
  const random = createRandom(seed, 'spoil')
  const known = history.filter(({ returned, operation }) => returned !== null && !['put', 'append'].includes(operation.type))
  if (known.length === 0) return [...history]
  const victim = random.pick(known)
  const value = utf8ToBytes(String(random.below(values)))
  const others: Readonly<Record<string, readonly Result[]>> = {
    get: [{ type: 'value', value }, { type: 'missing' }],
    delete: [{ type: 'done' }, { type: 'missing' }],
    cas: [{ type: 'done' }, { type: 'mismatch', actual: null }, { type: 'mismatch', actual: value }],
  }
  return history.map((operation) => operation === victim ? { ...operation, result: random.pick(others[operation.operation.type] ?? []) } : operation)
}

/**
 * Tries every order of the operations on the store itself, with and without those of unknown outcome. For a handful of operations. Only
 * operations that returned by `until` are required; later ones are optional, but must then give what their clients saw.
 */
export function isLinearizableByBruteForce(history: readonly HistoryOperation[], until = Infinity): boolean {
  const began = history.filter(({ invoked }) => invoked < until)
  const keys = [...new Set(history.map(({ operation }) => operation.key))]
  const store = new MapStore()
  const explains = (order: readonly HistoryOperation[]): boolean => {
    for (const key of keys) store.delete(key)
    return order.every(({ operation, returned, result }) => {
      const gave = execute(store, operation)
      return returned === null || result === null || sameValue(gave, result)
    })
  }
  const tryFrom = (order: readonly HistoryOperation[], left: readonly HistoryOperation[]): boolean => {
    if (!explains(order)) return false
    if (left.every(({ returned }) => returned === null || returned > until)) return true
    return left.some((next) => left.every(({ returned }) => returned === null || returned >= next.invoked)
      && tryFrom([...order, next], left.filter((operation) => operation !== next)))
  }
  return tryFrom([], began)
}
