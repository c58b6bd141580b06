// A node's state as lines of name and value, for showing, comparing and finding what a step changed. Long lists are cut, with a line that
// says how many entries are missing. Pure.
import type { Json, JsonObject, NodeState, ReplicaState, View } from '../../../src/protocol'
import { recordBytes, resultText, stuckSentence, visible } from '../../../src/trace'
import type { Result } from '../../../src/protocol'

export interface StateLine {
  readonly name: string
  readonly value: string
  /** Lines of a group are shown together under its title. */
  readonly group: string
}

/** Most entries of one list that are shown. */
export const listLinesMax = 200

export function stateLines(state: NodeState): StateLine[] {
  switch (state.kind) {
    case 'other': return jsonLines(state.state)
    case 'replica': return replicaLines(state)
    case 'view-server': return [
      line('Views', 'current', viewText(state.current)),
      line('Views', 'acked', state.isAcked ? 'yes' : `no, the last acked is ${state.acked.viewnum === 0 ? 'none' : `view ${state.acked.viewnum}`}`),
      ...state.stuck ? [line('Views', 'stuck', stuckSentence(state.stuck))] : [],
      ...state.listening ? [line('Views', 'listening', 'for an earlier view')] : [],
      ...state.servers.map((server) => line('Servers', server.name,
        `life ${server.incarnation}, view ${server.viewnum}${server.dead ? ', dead' : server.missed > 1 ? `, missed ${server.missed}` : ''}`)),
    ]
    case 'client': return [
      line('Knows', 'view', viewText(state.view)),
      ...cut('Sessions', state.sessions.filter((session) => session.requestId > 0), (session) => line('Sessions', session.clientId,
        `#${session.requestId} ${session.state}${session.tries > 1 ? `, ${session.tries} tries` : ''}${session.queued > 0 ? `, ${session.queued} wait` : ''}`)),
    ]
  }
}

/** A state in a node's own words: a line for each field; a field that holds more becomes a group. */
export function jsonLines(state: JsonObject): StateLine[] {
  const fields = Object.entries(state).map(([name, value]) => ({ name, value, parts: typeof value === 'object' && value !== null ? Object.entries(value) : null }))
  return [
    ...cut('State', fields.filter(({ parts }) => parts === null), ({ name, value }) => line('State', name, jsonText(value))),
    ...fields.flatMap(({ name, parts }) => cut(name, parts ?? [], ([part, held]) => line(name, part, jsonText(held)))),
  ]
}

function jsonText(value: Json): string {
  return visible(typeof value === 'string' ? value : JSON.stringify(value))
}

function replicaLines(state: ReplicaState): StateLine[] {
  return [
    line('Role', 'view', viewText(state.view)),
    line('Role', 'believes', `${state.role}${state.serving ? ', serves' : ''}`),
    line('Role', 'initialised in', state.initialisedIn === 0 ? 'no view' : `view ${state.initialisedIn}`),
    line('Sequence', 'executed', String(state.executed)),
    ...state.role === 'primary' ? [line('Sequence', 'next', String(state.nextSeq))] : [],
    ...state.ahead.length > 0 ? [line('Sequence', 'ahead', state.ahead.slice(0, 20).join(', '))] : [],
    ...state.receivedChunks > 0 ? [line('Transfer', 'chunks received', String(state.receivedChunks))] : [],
    ...state.transfers.filter((transfer) => !transfer.done).map((transfer) => line('Transfer', `to ${transfer.to}`, `${transfer.acked} chunks acked`)),
    ...cut('Pending', state.pending, (pending) => line('Pending', `seq ${pending.seq}`, `${pending.clientId} #${pending.requestId}, waits for ${pending.waitsFor.join(', ') || 'its turn'}`)),
    ...cut('Waiting', state.waiting, (waiting) => line('Waiting', waiting.clientId, `#${waiting.requestId}`)),
    ...cut('Store', state.store, (entry) => line('Store', shorten(recordBytes(entry.key)), shorten(recordBytes(entry.value)))),
    ...cut('At-most-once table', state.table, (row) => line('At-most-once table', row.clientId, `#${row.requestId} ${resultOf(row.result)}, seq ${row.seq}`)),
  ]
}

/** A line that a step removed or added; a changed line is a removal and an addition. */
export interface Change {
  readonly sign: '+' | '-'
  readonly name: string
  readonly value: string
}

/** The differences between two states of one node in the order of the lines; a removal is before its addition. */
export function changes(before: NodeState | null, after: NodeState): Change[] {
  const old = new Map((before ? stateLines(before) : []).map((item) => [keyOf(item), item]))
  const found: Change[] = []
  for (const item of stateLines(after)) {
    const was = old.get(keyOf(item))
    old.delete(keyOf(item))
    if (was?.value === item.value) continue
    if (was) found.push({ sign: '-', name: was.name, value: was.value })
    found.push({ sign: '+', name: item.name, value: item.value })
  }
  for (const item of old.values()) found.push({ sign: '-', name: item.name, value: item.value })
  return found
}

export interface Compared {
  readonly name: string
  readonly values: readonly string[]
  readonly differs: boolean
}

/** The values that replicas must have in common, side by side. Rows that differ come first. */
export function compare(states: readonly ReplicaState[]): Compared[] {
  const tables = states.map((state) => new Map(replicaLines(state)
    .filter((item) => ['Store', 'At-most-once table'].includes(item.group) || item.name === 'executed')
    .map((item) => [item.group === 'At-most-once table' ? `${item.name} in table` : item.name, item.value])))
  const names = [...new Set(tables.flatMap((table) => [...table.keys()]))]
  const rows = names.map((name) => {
    const values = tables.map((table) => table.get(name) ?? '–')
    return { name, values, differs: values.some((value) => value !== values[0]) }
  })
  return [...rows.filter((row) => row.differs), ...rows.filter((row) => !row.differs)]
}

function line(group: string, name: string, value: string): StateLine {
  return { group, name, value }
}

function keyOf({ group, name }: StateLine): string {
  return `${group}\u0000${name}`
}

function cut<Item>(group: string, items: readonly Item[], toLine: (item: Item) => StateLine): StateLine[] {
  const lines = items.slice(0, listLinesMax).map(toLine)
  if (items.length > listLinesMax) lines.push(line(group, '…', `${items.length - listLinesMax} more`))
  return lines
}

function viewText({ viewnum, primary, backups }: View): string {
  if (!primary) return 'none'
  return `${viewnum}: ${primary.name} primary, ${backups.length === 0 ? 'no backup' : `${backups.map(({ name }) => name).join(', ')} backup`}`
}

function resultOf(result: Result): string {
  switch (result.type) {
    case 'value': return `"${shorten(recordBytes(result.value))}"`
    case 'mismatch': return 'mismatch'
    default: return resultText(result)
  }
}

function shorten(text: string): string {
  if (text === '') return '""'
  return text.length <= 80 ? visible(text) : `${visible(text.slice(0, 80))}… (${text.length} characters)`
}
