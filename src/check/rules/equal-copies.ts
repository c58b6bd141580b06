// Equal copies: at quiet points the primary and its backups hold the same store and the same at-most-once table. The trace holds inputs and
// no states, so each replica is replayed beside the run, and the copies are compared when nothing is in flight between them.
// It must never judge copies that differ from the run's: where a replay sends other messages, it judges nothing from there on.
import {
  createMachine, heldCopy,
  type ByteString, type EffectSink, type HeldCopy, type Input, type Machine, type MakeStore, type Message, type NodeName, type Settings, type Start, type TableRow,
} from '../../protocol'
import { messageInputOf, receiverAs, recordBytes, shorten, startOfEvent, stepInputOf, type EventOf, type TraceEvent } from '../../trace'
import { sameValue } from '../same-value'
import { ToldCopies } from './told-copies'
import type { Violation, LooksAt, Monitor } from './violation'
import { incarnationOfId, type RunFacts } from './facts'

/** How many keys and clients are compared at one quiet point; the rest are compared at the next ones. */
const comparedMax = 64

/** Longer values are compared by length only: else each append to a long value would cost a read of all of it. */
const comparedBytesMax = 64 * 1024

export class EqualCopies implements Monitor {
  readonly rule = 'equal-copies'
  readonly looksAt: LooksAt = { events: ['node-started', 'node-exited', 'timer-fired', 'peer-lost', 'state-told'], sent: 'all', taken: 'all' }
  readonly #settings: Settings
  readonly #storeOf: ((server: NodeName) => MakeStore) | undefined
  readonly #lives = new Map<string, SteppedLife>()
  /** Keys, and clients of table rows, that may have changed since they were compared, each with the event that changed it last. */
  readonly #keys = new Map<ByteString, number>()
  readonly #clients = new Map<string, number>()
  /** What was compared last, so that nothing is compared twice. */
  #compared = ''
  /** Pairs of a view and a backup whose difference is already reported. */
  readonly #isTold = new Set<string>()
  #held = 0
  /** Why it judges no copy of ours; empty while the replay follows the run. */
  #lost = ''
  readonly #told = new ToldCopies()

  /** Without `storeOf`, servers are replayed with map stores. */
  constructor(settings: Settings, storeOf?: (server: NodeName) => MakeStore) {
    this.#settings = settings
    this.#storeOf = storeOf
  }

  /** 0 for a run that the replay does not follow: then nothing is certain, not even its beginning. */
  get held(): number {
    return (this.#lost === '' ? this.#held : 0) + this.#told.held
  }

  get limit(): string {
    return this.#lost || this.#told.limit
  }

  /** The copy of this incarnation while it serves this view as its primary; null if it does not or that is unknown. */
  servedBy(name: string, incarnation: number, viewnum: number): HeldCopy | null {
    const life = this.#lives.get(name)
    if (life?.incarnation !== incarnation) return null
    const { copy } = life
    return copy.role === 'primary' && copy.serving && copy.viewnum === viewnum ? copy : null
  }

  look(event: TraceEvent, facts: RunFacts): Violation | null {
    if (event.type === 'state-told') return this.#told.take(event, facts, this.#copiesOfOurs())
    if (event.type === 'node-started' && facts.isProgram(event.node)) {
      if (event.kind === 'replica') this.#told.started(event.node)
      return null
    }
    if (this.#lost !== '') return null
    switch (event.type) {
      case 'node-started': return this.#started(event)
      case 'node-exited':
        this.#lives.delete(event.node)
        return null
      case 'message-taken': return this.#taken(event, facts)
      case 'message-sent': return this.#sent(event)
      case 'timer-fired':
      case 'peer-lost': return this.#step(event, stepInputOf(event))
      default: return null
    }
  }

  #started(event: EventOf<'node-started'>): null {
    const { node, kind } = event
    if (kind === 'replica') this.#lives.set(node, new SteppedLife(startOfEvent(event, { settings: this.#settings }), this.#storeOf?.(node)))
    return null
  }

  #taken(event: EventOf<'message-taken'>, facts: RunFacts): Violation | null {
    if (!this.#lives.has(event.node)) return null
    const sent = facts.sentOf(event.id)
    if (sent === undefined) return this.#leave(`what ${event.node} took in event #${event.seq} is not known`)
    const input = messageInputOf(sent)
    if (input.type === 'message') this.#note(input.message, event.seq)
    return this.#step(event, input)
  }

  /** Notes what this message may change in its receiver's copy. */
  #note(message: Message, seq: number): void {
    if (message.type === 'forward' || message.type === 'request') {
      this.#keys.set(message.operation.key, seq)
      this.#clients.set(message.clientId, seq)
    } else if (message.type === 'state-transfer') {
      for (const { key } of message.entries) this.#keys.set(key, seq)
      for (const { clientId } of message.rows) this.#clients.set(clientId, seq)
    }
  }

  #step({ node, incarnation, seq }: EventOf<'message-taken' | 'timer-fired' | 'peer-lost'>, input: Exclude<Input, Start>): Violation | null {
    const life = this.#lives.get(node)
    if (life?.incarnation !== incarnation) return null
    if (!life.step(input)) {
      // The machine broke a rule and stopped there, as its node did.
      this.#lives.delete(node)
      return null
    }
    const copy = life.copy
    if (copy.role === 'idle' || !copy.serving) return null
    return this.#told.stepped(node, copy, seq) ?? (copy.role === 'primary' && copy.isIdle ? this.#compare(node, copy, seq) : null)
  }

  #copiesOfOurs(): [string, HeldCopy][] {
    return [...this.#lives].map(([name, life]) => [name, life.copy])
  }

  #sent(event: EventOf<'message-sent'>): null {
    const life = this.#lives.get(event.from)
    if (life?.incarnation === incarnationOfId(event.id) && !life.hasSent(receiverAs(event), event.message.type)) {
      return this.#leave(`stepping ${event.from} again gives other messages from event #${event.seq} on: its copy would not be the run's`)
    }
    return null
  }

  #leave(why: string): null {
    this.#lost = why
    this.#lives.clear()
    return null
  }

  // ---- quiet points

  /** Runs when the primary waits for no backup: every initialised backup of its view has then executed what it has. */
  #compare(primary: string, copy: HeldCopy, seq: number): Violation | null {
    const compared = `${primary} ${copy.viewnum} ${copy.executed}`
    if (compared === this.#compared && this.#keys.size === 0 && this.#clients.size === 0) return null
    const backups = this.#backupsOf(copy)
    if (backups === null) return null
    this.#compared = compared
    const keys = first(this.#keys)
    const clients = first(this.#clients)
    let violation: Violation | null = null
    let areEqual = true
    for (const backup of backups) {
      const found = differenceOf(copy, backup.copy, keys, clients)
      areEqual &&= found === null
      const told = `${copy.viewnum} ${backup.name} ${backup.incarnation}`
      if (found === null || this.#isTold.has(told)) continue
      this.#isTold.add(told)
      const says = found.says.replaceAll('@primary', `${primary}, the primary of view ${copy.viewnum},`).replaceAll('@backup', backup.name)
      violation ??= { rule: this.rule, seq, evidence: [found.since, seq].filter((one, at) => one > 0 && (at === 1 || one < seq)), text: `Nothing is in flight, and ${says}.` }
    }
    if (areEqual) this.#held++
    for (const [key] of keys) this.#keys.delete(key)
    for (const [clientId] of clients) this.#clients.delete(clientId)
    return violation
  }

  /** The backups in the primary's view; null if there are none, or if one of them is not ready. */
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

/** The first of those that wait to be compared, at most `comparedMax`. */
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
  /** The event that changed the differing entry; 0: not known. */
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

/** A row's view is left out: each copy records the view in which it executed the operation itself. */
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

/** A replayed incarnation of a replica. */
class SteppedLife implements EffectSink {
  readonly name: string
  readonly incarnation: number
  readonly #machine: Machine
  /** What the last step sent, and how much of that the trace has shown. */
  #sent: { readonly to: string; readonly type: string }[] = []
  #shown = 0

  constructor(start: Start, makeStore: MakeStore | undefined) {
    this.name = start.name
    this.incarnation = start.incarnation
    this.#machine = createMachine(start, this, makeStore)
  }

  get copy(): HeldCopy {
    const copy = heldCopy(this.#machine)
    if (copy === null) throw new Error(`${this.name} is no replica`)
    return copy
  }

  /** False if the machine reports a broken rule. */
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

  // ---- the machine's effect sink

  send(to: string, { type }: Message): void {
    this.#sent.push({ to, type })
  }

  setTimer(): void {
    // The timers that fire are inputs of the trace.
  }

  cancelTimer(): void {
    // The timers that fire are inputs of the trace.
  }

  report(): void {
    // What a node believes is read from its copy.
  }
}
