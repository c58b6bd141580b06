// What a program tells of its copy of the data (docs/node-protocol.md, "What a replica tells"). It must never take what was not told for empty.
import { isJsonObject, type JsonObject, type ReplicaState, type Result } from '../protocol'
import { bytesOf, recordBytes, recordResult, resultOf, type Recorded } from './recorded'

/** A row of the at-most-once table, as far as copies must agree on it. */
export interface ToldRow {
  readonly clientId: string
  readonly requestId: number
  readonly seq: number
  /** JSON. */
  readonly result: string
}

export interface ToldCopy {
  /** The sequence number of the last executed operation. */
  readonly executed: number
  /** Key to value, both as recorded; null if it was not told. */
  readonly store: ReadonlyMap<string, string> | null
  /** By sequence number; null if it was not told. */
  readonly table: readonly ToldRow[] | null
}

/** The copy of a replica of ours. */
export function copyOfReplica({ executed, store, table }: Pick<ReplicaState, 'executed' | 'store' | 'table'>): ToldCopy & { readonly store: ReadonlyMap<string, string> } {
  return {
    executed, store: new Map(store.map(({ key, value }) => [recordBytes(key), recordBytes(value)])),
    table: table.map(({ clientId, requestId, seq, result }) => ({ clientId, requestId, seq, result: resultText(recordResult(result)) })),
  }
}

/** Null for a state that does not say how far its copy has executed. */
export function toldCopyOf(state: JsonObject | null): ToldCopy | null {
  const { executed, store, table } = state ?? {}
  if (typeof executed !== 'number') return null
  return { executed, store: isJsonObject(store) ? storeOf(store) : null, table: Array.isArray(table) ? rowsOf(table) : null }
}

function storeOf(store: JsonObject): Map<string, string> | null {
  const entries = Object.entries(store)
  if (!entries.every((entry): entry is [string, string] => typeof entry[1] === 'string')) return null
  // The same bytes may be written in two ways.
  return orNull(() => new Map(entries.map(([key, value]) => [recordBytes(bytesOf(key)), recordBytes(bytesOf(value))])))
}

function rowsOf(table: readonly unknown[]): ToldRow[] | null {
  const rows: ToldRow[] = []
  for (const row of table) {
    if (!isJsonObject(row)) return null
    const { clientId, requestId, seq, result } = row
    if (typeof clientId !== 'string' || typeof requestId !== 'number' || typeof seq !== 'number' || !isJsonObject(result)) return null
    const same = orNull(() => resultText(recordResult(resultOf(result as Recorded<Result>))))
    if (same === null) return null
    rows.push({ clientId, requestId, seq, result: same })
  }
  return rows.sort((one, other) => one.seq - other.seq)
}

/** The same text for the same result, in whatever order its fields were written. */
function resultText(result: object): string {
  return JSON.stringify(Object.entries(result).sort(([one], [other]) => one < other ? -1 : 1))
}

/** What differs between two copies, to follow "s1 and s2: "; empty if nothing that both tell. `null`: they tell nothing that can be compared. */
export function copyDifference(one: ToldCopy, other: ToldCopy): string | null {
  if (one.executed !== other.executed) return `the one has executed ${one.executed}, the other ${other.executed}`
  if (one.store === null || other.store === null) return null
  for (const key of new Set([...one.store.keys(), ...other.store.keys()])) {
    const [a, b] = [one.store.get(key), other.store.get(key)]
    if (a !== b) return `under ${shown(key)} the one holds ${shown(a)}, the other ${shown(b)}`
  }
  if (one.table === null || other.table === null) return ''
  const at = one.table.findIndex((row, index) => JSON.stringify(row) !== JSON.stringify(other.table?.[index]))
  if (at === -1 && one.table.length === other.table.length) return ''
  const row = one.table[at] ?? other.table[one.table.length]
  return `their at-most-once tables differ in the row of ${row?.clientId ?? ''}`
}

/** Null for broken base64. */
function orNull<Value>(read: () => Value): Value | null {
  try {
    return read()
  } catch {
    return null
  }
}

const shown = (text: string | undefined): string => text === undefined ? 'nothing' : JSON.stringify(text.slice(0, 80))
