// Draws the clients' operations of a simulated run: all types, on few keys or many, with values of every kind, spread out or in bursts. Most
// written values are unique, so that a read shows which write it saw. The others are empty, equal or for missing keys, because the protocol
// treats those specially.
import type { Random } from '../../network'
import { keyBytesMax, utf8ToBytes, valueBytesMax, type ByteString, type NodeName, type Operation, type OperationType } from '../../protocol'
import type { NodeWord, PlannedOperation } from './plan'

export interface OperationsFor {
  readonly servers: readonly NodeName[]
  readonly clients: readonly NodeName[]
  readonly mendAtMs: number
  readonly durationMs: number
  /** The length of the run, as a multiple of the usual one. */
  readonly length: number
}

/** How many operations a run of the usual length has at least; longer runs have more. */
const operationsLeast = 204
/** One seed in this many tests the limits of keys and values. */
const limitsOneIn = 200

/** Keys in one bucket of a store (`bucketOf`); the first two have equal hashes. */
export const sameBucketKeys: readonly string[] = ['costarring', 'liquid', 'b266', 'b2828', 'b5403', 'b5873']

/** A drawn operation, without its client and time. */
type Asked = Pick<PlannedOperation, 'operation' | 'target'>

export function drawOperations(random: Random, cluster: OperationsFor): PlannedOperation[] {
  const { clients, mendAtMs, durationMs, length } = cluster
  const count = Math.ceil(operationsLeast * length) + random.below(40)
  const keys = drawKeys(random)
  const draw = createDraw(random, keys, cluster)
  const sessions = random.pick([1, 2, 2, 3])
  const lastMs = mendAtMs + (durationMs - mendAtMs) / 4
  const operations: PlannedOperation[] = drawTimes(random, count, lastMs).map((atMs, index) => (
    { id: index + 1, atMs, client: random.pick(clients), session: random.below(sessions), ...draw() }
  ))
  if (random.below(limitsOneIn) === 0) operations.push(...nearLimits(count + 1, random.below(mendAtMs), clients[0] as NodeName))
  operations.sort((one, other) => one.atMs - other.atMs || one.id - other.id)
  // Each key is read when all should be well again: acknowledged writes must be there.
  const readAtMs = Math.floor(durationMs - (durationMs - mendAtMs) / 5)
  const first = operations.length + 1
  for (const [index, key] of keys.entries()) operations.push({ id: first + index, atMs: readAtMs, client: clients[0] as NodeName, session: 3, operation: { type: 'get', key }, target: '' })
  return operations
}

/** Spread out, or many in a few milliseconds: then limits are reached and copies overtake one another. */
function drawTimes(random: Random, count: number, lastMs: number): number[] {
  const burst = random.pick([1, 1, 4, 12])
  const times: number[] = []
  while (times.length < count) {
    const at = random.next() * lastMs
    for (let left = 1 + random.below(burst); left > 0 && times.length < count; left--) times.push(Math.floor(Math.min(lastMs, at + random.below(6))))
  }
  return times.sort((one, other) => one - other)
}

function drawKeys(random: Random): ByteString[] {
  const numbered = (count: number): string[] => Array.from({ length: count }, (_, index) => `k${index + 1}`)
  switch (random.below(8)) {
    case 0: return ['k1', ''].map(utf8ToBytes)
    case 1: return numbered(24).map(utf8ToBytes)
    case 2: return sameBucketKeys.map(utf8ToBytes)
    case 3: return [...numbered(5), 'ключ'].map(utf8ToBytes)
    default: return numbered(6).map(utf8ToBytes)
  }
}

/** The weight of each operation. */
const mixes: Readonly<Record<'usual' | 'deleting' | 'comparing', Readonly<Record<OperationType, number>>>> = {
  usual: { put: 2, append: 3, get: 3, cas: 1, delete: 1 },
  deleting: { put: 1, append: 2, get: 2, cas: 1, delete: 3 },
  comparing: { put: 1, append: 1, get: 2, cas: 3, delete: 1 },
}

function createDraw(random: Random, keys: readonly ByteString[], { servers }: OperationsFor): () => Asked {
  const weights = mixes[random.pick(['usual', 'usual', 'deleting', 'comparing'] as const)]
  const mix = Object.entries(weights).flatMap(([type, weight]) => Array.from({ length: weight }, () => type as OperationType))
  const value = createValues(random)
  /** The last written value, as far as a plan can know it; null: the key is missing. */
  const last = new Map<ByteString, ByteString | null>()
  const straight = random.pick([0, 0.03, 0.1])
  const write = (key: ByteString): ByteString => {
    const drawn = value()
    last.set(key, drawn)
    return drawn
  }
  const expected = (key: ByteString): ByteString | null => {
    const kind = random.below(10)
    return kind < 2 ? null : kind < 4 ? utf8ToBytes('') : kind === 4 ? value() : last.get(key) ?? null
  }
  const operation = (): Operation => {
    const key = random.pick(keys)
    const type = random.pick(mix)
    switch (type) {
      case 'put':
      case 'append': return { type, key, value: write(key) }
      case 'get': return { type, key }
      case 'delete':
        last.set(key, null)
        return { type, key }
      case 'cas': return { type, key, expected: expected(key), value: write(key) }
    }
  }
  return () => ({ operation: operation(), target: random.chance(straight) ? drawTarget(random, servers) : '' })
}

function drawTarget(random: Random, servers: readonly NodeName[]): NodeWord {
  return random.pick<NodeWord>(['primary', 'backup', random.pick(servers)])
}

/** Mostly unique; else empty, equal to others, or larger than most chunks of a transfer. */
function createValues(random: Random): () => ByteString {
  let written = 0
  const unlike = (): string => `w${++written}`
  return () => {
    const kind = random.below(20)
    if (kind < 3) return utf8ToBytes('')
    if (kind < 5) return utf8ToBytes(random.pick(['same', 'other']))
    if (kind === 5) return utf8ToBytes(`${unlike()}${'.'.repeat(20 + random.below(400))}`)
    return utf8ToBytes(unlike())
  }
}

/** A value that grows to the maximum size, writes beyond it, and keys and values that are too large to send. */
function nearLimits(id: number, atMs: number, client: NodeName): PlannedOperation[] {
  const key = utf8ToBytes('limit')
  const of = (bytes: number): ByteString => utf8ToBytes('v'.repeat(bytes))
  const operations: Operation[] = [
    { type: 'put', key, value: of(valueBytesMax - 4) }, { type: 'append', key, value: of(8) }, { type: 'append', key, value: of(4) },
    { type: 'append', key, value: of(0) }, { type: 'put', key, value: of(valueBytesMax + 1) }, { type: 'get', key: of(keyBytesMax + 1) },
    { type: 'append', key: of(keyBytesMax), value: of(1) }, { type: 'delete', key }, { type: 'get', key },
  ]
  return operations.map((operation, index) => ({ id: id + index, atMs: atMs + index * 10, client, session: 4, operation, target: '' }))
}
