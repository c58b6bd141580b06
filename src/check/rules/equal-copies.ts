// Equal copies: at quiet points the primary and its backups hold the same store and the same at-most-once table. The trace holds inputs and
// no states, so each replica is stepped again beside the run, and the copies are compared where nothing is under way between them.
// It must never judge copies that are not those of the run: where stepping again gives other messages, it says nothing from there on.
import {
  createMachine, heldCopy,
  type ByteString, type EffectSink, type HeldCopy, type Input, type Machine, type Message, type Settings, type Start, type TableRow,
} from '../../protocol'
import { messageOf, recordBytes, shorten, type EventOf, type TraceEvent } from '../../trace'
import { sameValue } from '../same-value'
import type { Breach, Monitor } from './breach'
import { incarnationOfId, type RunFacts } from './facts'

/** Keys and clients that are compared at one quiet point; the others' turn comes at the next. */
const comparedMax = 64

/** Longer values are compared by their length: an append to one would be paid with reading all of it. */
const comparedBytesMax = 64 * 1024

export class EqualCopies implements Monitor {
  readonly rule = 'equal-copies'
  readonly #settings: Settings
  readonly #lives = new Map<string, SteppedLife>()
  /** Keys, and clients of table rows, that a copy may have changed since they were compared, with the event that brought them last. */
  readonly #keys = new Map<ByteString, number>()
  readonly #clients = new Map<string, number>()
  /** What was compared last: nothing has to be compared twice. */
  #compared = ''
  /** Backups of views of which a difference was told. */
  readonly #isTold = new Set<string>()
  #held = 0
  #differs = false

  constructor(settings: Settings) {
    this.#settings = settings
  }

  /** Of a run that stepping again does not follow nothing can be said, also not of its beginning. */
  get held(): number {
    return this.#differs ? 0 : this.#held
  }

  look(event: TraceEvent, facts: RunFacts): Breach | null {
    if (this.#differs) return null
    switch (event.type) {
      case 'node-started': return this.#started(event)
      case 'node-exited':
        this.#lives.delete(event.node)
        return null
      case 'message-taken': return this.#taken(event, facts)
      case 'message-sent': return this.#sent(event)
      case 'timer-fired': return this.#step(event, { type: 'timer', name: event.name })
      case 'peer-lost': return this.#step(event, { type: 'peer-lost', peer: event.peer })
      default: return null
    }
  }

  #started({ node, kind, incarnation, seed }: EventOf<'node-started'>): null {
    if (kind === 'replica') {
      const start: Start = { type: 'start', name: node, kind, incarnation, address: '', settings: this.#settings, seed }
      this.#lives.set(node, new SteppedLife(start))
    }
    return null
  }

  #taken(event: EventOf<'message-taken'>, facts: RunFacts): Breach | null {
    if (!this.#lives.has(event.node)) return null
    const sent = facts.sentOf(event.id)
    if (sent === undefined) return this.#leave()
    const message = messageOf(sent.message)
    this.#note(message, event.seq)
    return this.#step(event, { type: 'message', from: sent.from, message })
  }

  /** What this message may change in the copy of its receiver. */
  #note(message: Message, seq: number): void {
    if (message.type === 'forward' || message.type === 'request') {
      this.#keys.set(message.operation.key, seq)
      this.#clients.set(message.clientId, seq)
    } else if (message.type === 'state-transfer') {
      for (const { key } of message.entries) this.#keys.set(key, seq)
      for (const { clientId } of message.rows) this.#clients.set(clientId, seq)
    }
  }

  #step({ node, incarnation, seq }: EventOf<'message-taken' | 'timer-fired' | 'peer-lost'>, input: Exclude<Input, Start>): Breach | null {
    const life = this.#lives.get(node)
    if (life?.incarnation !== incarnation) return null
    if (!life.step(input)) {
      // It broke a rule on the way and ended there, as its node did.
      this.#lives.delete(node)
      return null
    }
    const copy = life.copy
    return copy.role === 'primary' && copy.serving && copy.isIdle ? this.#compare(node, copy, seq) : null
  }

  #sent(event: EventOf<'message-sent'>): null {
    const life = this.#lives.get(event.from)
    if (life?.incarnation === incarnationOfId(event.id) && !life.hasSent(event.to, event.message.type)) this.#leave()
    return null
  }

  #leave(): null {
    this.#differs = true
    this.#lives.clear()
    return null
  }

  // ---- quiet points

  /** The primary waits for nobody: every backup that is initialised in its view has executed what it has. */
  #compare(primary: string, copy: HeldCopy, seq: number): Breach | null {
    const compared = `${primary} ${copy.viewnum} ${copy.executed}`
    if (compared === this.#compared && this.#keys.size === 0 && this.#clients.size === 0) return null
    const backups = this.#backupsOf(copy)
    if (backups === null) return null
    this.#compared = compared
    const keys = first(this.#keys)
    const clients = first(this.#clients)
    let breach: Breach | null = null
    for (const backup of backups) {
      const found = differenceOf(copy, backup.copy, keys, clients)
      const told = `${copy.viewnum} ${backup.name} ${backup.incarnation}`
      if (found === null || this.#isTold.has(told)) continue
      this.#isTold.add(told)
      const says = found.says.replaceAll('@primary', `${primary}, the primary of view ${copy.viewnum},`).replaceAll('@backup', backup.name)
      breach ??= { rule: this.rule, seq, evidence: [found.since, seq].filter((one, at) => one > 0 && (at === 1 || one < seq)), text: `Nothing is under way, and ${says}.` }
    }
    if (breach === null) this.#held++
    for (const [key] of keys) this.#keys.delete(key)
    for (const [clientId] of clients) this.#clients.delete(clientId)
    return breach
  }

  /** The backups that are in the primary's view; null where there are none, or one of them is not ready. */
  #backupsOf({ viewnum }: HeldCopy): SteppedLife[] | null {
    const backups: SteppedLife[] = []
    for (const life of this.#lives.values()) {
      const { role, viewnum: inView, serving } = life.copy
      if (role !== 'backup' || inView !== viewnum) continue
      if (!serving) return null
      backups.push(life)
    }
    return backups.length > 0 ? backups : null
  }
}

/** The first of those that wait to be compared. */
function first<Key>(waiting: ReadonlyMap<Key, number>): [Key, number][] {
  const taken: [Key, number][] = []
  for (const entry of waiting) {
    if (taken.length >= comparedMax) break
    taken.push(entry)
  }
  return taken
}

interface Found {
  readonly says: string
  /** The event that brought what differs; 0: not known. */
  readonly since: number
}

function differenceOf(primary: HeldCopy, backup: HeldCopy, keys: readonly [ByteString, number][], clients: readonly [string, number][]): Found | null {
  if (primary.executed !== backup.executed) {
    return { says: `@backup has executed up to seq ${backup.executed}, @primary up to seq ${primary.executed}`, since: 0 }
  }
  for (const [key, since] of keys) {
    const [one, other] = [primary.store.get(key), backup.store.get(key)]
    if (!sameBytes(one, other)) return { says: `under ${bytesText(key)} @backup holds ${bytesText(other)}, @primary ${bytesText(one)}`, since }
  }
  if (primary.store.size !== backup.store.size) return { says: `@backup holds ${primary.store.size < backup.store.size ? 'more' : 'fewer'} keys than @primary does: ${backup.store.size} and ${primary.store.size}`, since: 0 }
  for (const [clientId, since] of clients) {
    const [one, other] = [primary.table.row(clientId), backup.table.row(clientId)]
    if (!sameRow(one, other)) return { says: `in its at-most-once table @backup has ${rowText(other)} of ${clientId}, @primary ${rowText(one)}`, since }
  }
  return null
}

function sameBytes(one: ByteString | undefined, other: ByteString | undefined): boolean {
  return one?.length === other?.length && ((one?.length ?? 0) > comparedBytesMax || one === other)
}

/** A row's view is left out: a copy executes an operation in the view in which it takes it. */
function sameRow(one: TableRow | undefined, other: TableRow | undefined): boolean {
  if (one === undefined || other === undefined) return one === other
  return one.requestId === other.requestId && one.seq === other.seq && sameValue(one.result, other.result)
}

function bytesText(bytes: ByteString | undefined): string {
  return bytes === undefined ? 'nothing' : JSON.stringify(shorten(recordBytes(bytes)))
}

function rowText(row: TableRow | undefined): string {
  return row === undefined ? 'no request' : `request #${row.requestId} as seq ${row.seq}`
}

/** A life of a replica, stepped again. */
class SteppedLife implements EffectSink {
  readonly name: string
  readonly incarnation: number
  readonly #machine: Machine
  /** What the last step sent, and how much of it the trace has shown. */
  #sent: { readonly to: string; readonly type: string }[] = []
  #shown = 0

  constructor(start: Start) {
    this.name = start.name
    this.incarnation = start.incarnation
    this.#machine = createMachine(start, this)
  }

  get copy(): HeldCopy {
    const copy = heldCopy(this.#machine)
    if (copy === null) throw new Error(`${this.name} is no replica`)
    return copy
  }

  /** False where the machine says that a rule was broken. */
  step(input: Exclude<Input, Start>): boolean {
    this.#sent = []
    this.#shown = 0
    try {
      this.#machine.step(input, this)
      return true
    } catch {
      return false
    }
  }

  /** Whether this is the next message that the last step sent. */
  hasSent(to: string, type: string): boolean {
    const next = this.#sent[this.#shown++]
    return next?.to === to && next.type === type
  }

  // ---- the sink of the machine

  send(to: string, { type }: Message): void {
    this.#sent.push({ to, type })
  }

  setTimer(): void {
    // Timers that fire are inputs of the trace.
  }

  cancelTimer(): void {
    // As above.
  }

  report(): void {
    // What a node believes is read from its copy.
  }
}
