// Checks that acknowledged writes are still in the store of the server that serves. It is not a full check of linearizability: it
// only finds writes that are lost or doubled, and names the first of them.
import { valueText, type OperationRecord } from './evidence'

/** An append of a scenario's appenders, as it appears in the value: `c1:17;`. */
export function appendValue(client: string, number: number): string {
  return `${client}:${number};`
}

/** What is wrong with the appends of some clients in a value; undefined if every acknowledged one is there once and in order. */
export function appendsProblem(value: string, clients: readonly string[], acknowledged: (client: string) => readonly number[]): string | undefined {
  const found = value.split(';').filter((text) => text !== '')
  for (const client of clients) {
    const numbers = found.filter((text) => text.startsWith(`${client}:`)).map((text) => Number(text.slice(client.length + 1)))
    const there = new Set(numbers)
    const lost = acknowledged(client).filter((number) => !there.has(number))
    if (lost.length > 0) return `${lost.length} acknowledged ${lost.length === 1 ? 'append' : 'appends'} of ${client} ${lost.length === 1 ? 'is' : 'are'} lost, the first is number ${lost[0]}`
    const twice = numbers.find((number, index) => numbers.indexOf(number) !== index)
    if (twice !== undefined) return `append ${twice} of ${client} is there twice`
    const late = numbers.findIndex((number, index) => index > 0 && number < (numbers[index - 1] as number))
    if (late > 0) return `append ${numbers[late]} of ${client} stands after append ${numbers[late - 1]}`
  }
  return undefined
}

type Write = OperationRecord & { readonly operation: Exclude<OperationRecord['operation'], { type: 'get' | 'call' }> }

/**
 * Acknowledged writes that are lost, one sentence each. A write is surely later than another if it began when the other had returned.
 * The value of a key must come from a write that no acknowledged write is surely later than. Every acknowledged append must be in the
 * value, unless a write may have replaced it since.
 */
export function lostWrites(operations: Iterable<OperationRecord>, valueAt: (key: string) => string | null): string[] {
  const byKey = new Map<string, Write[]>()
  for (const record of operations) {
    if (!isWrite(record) || record.outcome?.type === 'failed') continue
    const writes = byKey.get(record.operation.key)
    if (writes) writes.push(record)
    else byKey.set(record.operation.key, [record])
  }
  return [...byKey].flatMap(([key, writes]) => lostOfKey(key, writes, valueAt(key)))
}

function isWrite(record: OperationRecord): record is Write {
  return record.operation.type !== 'get' && record.operation.type !== 'call'
}

function lostOfKey(key: string, writes: readonly Write[], value: string | null): string[] {
  const took = (write: Write): boolean => write.outcome?.type === 'ok' && write.outcome.result.type === 'done'
  /** An append leaves what was there, but after a delete nothing was. */
  const replaces = (write: Write, replaced: Write): boolean => (write.operation.type !== 'append' || replaced.operation.type === 'delete') && mayHaveTaken(write)
  /** Surely later: it began when the other had returned. */
  const isAfter = (later: Write, earlier: Write): boolean => earlier.outcome?.type === 'ok' && later.invokedSeq > earlier.returnedSeq
  return writes.filter(took).flatMap((write) => {
    if (isThere(write, value)) return []
    // Any write that was not surely before it may have replaced it.
    const isReplaced = writes.some((other) => other !== write && replaces(other, write) && !isAfter(write, other) && mayExplain(other, value))
    return isReplaced ? [] : [`the acknowledged ${write.operation.type} ${key} ${valueText(write.operation)} of ${write.client} is lost: ${key} is ${value === null ? 'missing' : `"${value.slice(0, 60)}"`}`]
  })
}

function mayHaveTaken({ outcome }: Write): boolean {
  return outcome === null || outcome.type === 'unknown' || (outcome.type === 'ok' && outcome.result.type === 'done')
}

function isThere({ operation }: Write, value: string | null): boolean {
  switch (operation.type) {
    case 'put':
    case 'cas': return value?.startsWith(operation.value) ?? false
    case 'append': return value?.includes(operation.value) ?? false
    case 'delete': return value === null
  }
}

/** True if the value can begin with what this write wrote. */
function mayExplain(write: Write, value: string | null): boolean {
  if (write.operation.type === 'delete') return true
  return isThere(write, value)
}
