// Orders the journals of nodes into one recording. Every node's frames keep their order, a message is sent before it is taken, and otherwise the
// hosts' clocks decide. Messages are matched by their connection and their index on it. A node without a journal appears as far as other journals
// mention it. Pure: it takes frames and returns lines. It must never put an effect before its cause, nor invent a step of a machine.
import { isNodeName, type Message, type NodeName, type Settings, type View } from '../../protocol'
import {
  createRecordingReader, messageId, recordMessage, recordOperationInput, RecordingProblem, traceVersion, type EventBody, type MessageId, type TraceHeader,
} from '../../trace'
import { Cursor, WireError } from '../wire/frame'
import { JournalProblem, type JournalFrame, type JournalInput, type JournalRecord, type ScannedConnection, type ScannedLife } from './journal-reader'
import { linksOf, type Direction, type Link } from './merge-links'
import { OutsideNodes } from './merge-outside'
import { decodeMessage } from '../wire/wire'

/** One incarnation and its frames, read one by one. */
export interface MergeSource {
  readonly scanned: ScannedLife
  readonly frames: Iterator<JournalFrame>
}

export interface MergeOptions {
  readonly sources: readonly MergeSource[]
  readonly title: string
  /** A line of the recording, without a line feed. */
  readonly line: (text: string) => void
}

export interface Merged {
  readonly header: TraceHeader
  readonly events: number
  /** What is missing in the recording, each as a sentence. */
  readonly notes: readonly string[]
}

/** An incarnation that is being merged. */
export class MergedLife {
  readonly scanned: ScannedLife
  readonly node: NodeName
  readonly incarnation: number
  readonly #frames: Iterator<JournalFrame>
  /** Offset from its host's clock to the recording's time. */
  readonly #shift: number
  /** Its next frame; null at the end. */
  head: Exclude<JournalFrame, { type: 'life' }> | null = null
  /** Time of the next frame, in microseconds since the recording began. */
  at = 0
  state: 'waits' | 'lives' | 'ended' = 'waits'
  /** The number of its next step. */
  step = 0
  /** Links by this incarnation's own connection number. */
  readonly links = new Map<number, Link>()
  /** The names that its machine uses for other nodes, where they differ from the node's name. */
  readonly peers = new Map<string, NodeName>()

  constructor(source: MergeSource, node: NodeName, incarnation: number, shift: number) {
    this.scanned = source.scanned
    this.node = node
    this.incarnation = incarnation
    this.#frames = source.frames
    this.#shift = shift
    this.advance()
  }

  advance(): void {
    do {
      const { value, done } = this.#frames.next() as IteratorResult<JournalFrame, undefined>
      this.head = done || value.type === 'life' ? null : value
      if (done) return
    } while (this.head === null)
    this.at = Math.max(this.at, this.head.at + this.#shift)
  }

  /** Drops the rest of its frames. */
  cut(): void {
    this.head = null
  }
}

const body = new Cursor()

/** Throws a JournalProblem if these journals cannot be merged into a recording. */
export function mergeJournals(options: MergeOptions): Merged {
  return new Merge(options).run()
}

class Merge {
  readonly #line: MergeOptions['line']
  readonly #lives: readonly MergedLife[]
  readonly #outside: OutsideNodes
  readonly #outsideNames: readonly NodeName[]
  readonly #header: TraceHeader
  readonly #notes: string[] = []
  /** The latest incarnation of each node that has begun. */
  readonly #present = new Map<NodeName, MergedLife>()
  readonly #nodes: ReadonlySet<NodeName>
  readonly #reader = createRecordingReader()
  #seq = 0
  #at = 0

  constructor({ sources, title, line }: MergeOptions) {
    this.#line = line
    refuseWhatCannotBeMerged(sources.map(({ scanned }) => scanned))
    const sorted = sortedByStart(sources)
    const outside = outsideNames(sorted.map(({ scanned }) => scanned))
    this.#lives = namedLives(sorted, new Set(outside.values()))
    linksOf(this.#lives, outside)
    this.#outsideNames = [...new Set(outside.values())]
    this.#outside = new OutsideNodes((event) => this.#event(event))
    this.#header = headerOf(this.#lives, this.#outsideNames, title)
    this.#nodes = new Set(this.#header.nodes.map(({ name }) => name))
  }

  run(): Merged {
    this.#checked(JSON.stringify(this.#header))
    this.#event({ type: 'lab-note', node: '', text: this.#beginning() })
    for (let life = this.#next(); life; life = this.#next()) {
      const frame = life.head
      if (!frame) break
      this.#at = Math.max(this.#at, life.at)
      life.advance()
      this.#frame(life, frame)
    }
    this.#tellWhatIsLeft()
    return { header: this.#header, events: this.#seq, notes: this.#notes }
  }

  /** The first decoding of the bytes inside a frame. Damage that left the frame's length intact shows here. */
  #frame(life: MergedLife, frame: Exclude<JournalFrame, { type: 'life' }>): void {
    try {
      if (frame.type === 'step') this.#step(life, frame)
      else this.#record(life, frame.record)
    } catch (error) {
      if (!(error instanceof WireError) && !(error instanceof SyntaxError) && !(error instanceof RecordingProblem)) throw error
      throw new JournalProblem(`${life.scanned.place.path} is damaged in ${frame.type === 'step' ? `step ${frame.step}` : 'a record'} of ${life.node}: ${error.message.replace(/\.$/, '')}.`)
    }
  }

  #beginning(): string {
    const outside = this.#outsideNames
    const who = `Merged from the journals of ${this.#lives.length} ${this.#lives.length === 1 ? 'life' : 'lives'} of nodes without a lab.`
    return outside.length === 0 ? who : `${who} Without a journal, and shown as far as the others tell: ${outside.join(', ')}.`
  }

  // ---- order

  /** The incarnation with the earliest clock among those whose next frame may come now. */
  #next(): MergedLife | null {
    let next: MergedLife | null = null
    for (const life of this.#lives) if (life.head && (next === null || life.at < next.at) && this.#mayCome(life, life.head)) next = life
    return next
  }

  #mayCome(life: MergedLife, frame: Exclude<JournalFrame, { type: 'life' }>): boolean {
    if (frame.type === 'record') return frame.record.type !== 'aside-taken' || this.#isSent(life, frame.record, false)
    return frame.input.type !== 'message' || this.#isSent(life, frame.input, frame.input.body.length > 0)
  }

  /** True if the message was recorded as sent. Also true if the sender's journal has ended and the taker's journal has the message itself. */
  #isSent(life: MergedLife, { connection, index }: { readonly connection: number; readonly index: number }, isWritten: boolean): boolean {
    const link = life.links.get(connection)
    if (link?.to(life).has(index)) return true
    return isWritten && !link?.other(life)?.head
  }

  #tellWhatIsLeft(): void {
    for (const life of this.#lives) {
      if (!life.head) continue
      const text = `${life.node} is told up to its step ${life.step - 1}: what it took next was sent by a node whose journal ends before.`
      this.#notes.push(text)
      this.#event({ type: 'lab-note', node: life.node, text })
    }
  }

  // ---- frames

  #step(life: MergedLife, { step, input, records }: Extract<JournalFrame, { type: 'step' }>): void {
    if (records.at(-1)?.type === 'broken') return this.#brokenStep(life, records)
    life.step = step + 1
    this.#input(life, step, input)
    let index = 0
    for (const record of records) {
      if (record.type === 'send') this.#send(life, record, messageId(life.node, life.incarnation, step, index++))
      else if (record.type === 'report') this.#report(life, step, record.text)
      else this.#record(life, record)
    }
    this.#outside.takeWhatWaits()
  }

  #report(life: MergedLife, step: number, text: string): void {
    this.#text(`{"node":"${life.node}","incarnation":${life.incarnation},"step":${step},${reportText(text).slice(1)}`)
    if (!text.startsWith('{"type":"operation-started"')) return
    const { clientId, requestId } = JSON.parse(text) as { readonly clientId: string; readonly requestId: number }
    this.#outside.begun(clientId, requestId)
  }

  /** Leaves the step out of the recording, but keeps its changes to connections. */
  #brokenStep(life: MergedLife, records: readonly JournalRecord[]): void {
    for (const record of records) {
      if (record.type === 'send') life.links.get(record.connection)?.from(life).skip()
      else if (record.type !== 'report') this.#record(life, record)
    }
  }

  #input(life: MergedLife, step: number, input: JournalInput): void {
    const { node, incarnation } = life
    const of = { node, incarnation, step }
    switch (input.type) {
      case 'start': return this.#start(life, of)
      case 'message': return this.#text(`{"type":"message-taken","id":"${this.#takenId(life, input)}","node":"${node}","incarnation":${incarnation},"step":${step}}`)
      case 'timer': return this.#event({ type: 'timer-fired', ...of, name: input.name, armed: input.armed })
      case 'operation': return this.#event({ type: 'operation-invoked', ...of, operation: recordOperationInput(input), label: 'direct' })
      case 'peer-lost': return this.#event({ type: 'peer-lost', ...of, peer: life.peers.get(input.peer) ?? input.peer })
    }
  }

  #takenId(life: MergedLife, { connection, index, body: bytes }: Extract<JournalInput, { type: 'message' }>): MessageId {
    const link = life.links.get(connection)
    const id = link?.to(life).take(index)
    if (id !== undefined) return id
    // The sender has no journal, or a journal that ended before this message.
    const from = link?.outside ?? link?.other(life)?.node ?? ''
    return this.#outside.of(from).sends(life.node, decode(bytes), link?.as)
  }

  #start(life: MergedLife, of: { readonly node: NodeName; readonly incarnation: number; readonly step: number }): void {
    const { kind, pid, seed, address } = life.scanned.life
    const before = this.#present.get(life.node)
    if (before) this.#endBefore(before)
    this.#present.set(life.node, life)
    life.state = 'lives'
    if (address !== '') this.#event({ type: 'lab-note', node: life.node, text: `${life.node} listens at ${address}.` })
    this.#event({ type: 'node-started', ...of, kind, pid, seed })
  }

  /** A recording has one incarnation of a name at a time. Steps of an earlier process after a later one has begun are left out. */
  #endBefore(life: MergedLife): void {
    if (life.state === 'ended') return
    if (life.head) {
      life.cut()
      const text = `Two processes had the name ${life.node} at once: what the earlier one did after the later had begun is left out.`
      this.#notes.push(text)
      this.#event({ type: 'lab-note', node: life.node, text })
    }
    this.#exit(life, null)
  }

  #record(life: MergedLife, record: JournalRecord): void {
    switch (record.type) {
      case 'greeted': {
        const link = life.links.get(record.connection)
        const name = link?.outside ?? link?.other(life)?.node
        if (record.isClient && name !== undefined) life.peers.set(record.peer, name)
        return
      }
      case 'closed': return this.#closed(life, record.connection)
      case 'aside-sent': {
        const id = this.#outside.of(life.node).nextId()
        return this.#send(life, { type: 'send', to: life.links.get(record.connection)?.peer ?? '', connection: record.connection, body: record.body }, id)
      }
      case 'aside-taken': {
        const id = life.links.get(record.connection)?.to(life).take(record.index)
        if (id !== undefined) this.#outside.of(life.node).takes(id)
        return
      }
      case 'end': return this.#exit(life, record.code)
      default: return
    }
  }

  // ---- messages

  #send(life: MergedLife, { connection, to: peer, body: bytes }: Extract<JournalRecord, { type: 'send' }>, id: MessageId): void {
    const to = life.peers.get(peer) ?? peer
    const message = decode(bytes)
    const recorded = JSON.stringify(recordMessage(message))
    const link = life.links.get(connection)
    const fromAs = link?.dialler === life && link.as !== '' && link.as !== life.node ? `,"fromAs":"${link.as}"` : ''
    const toAs = to === peer ? '' : `,"toAs":"${peer}"`
    this.#text(`{"type":"message-sent","id":"${id}","from":"${life.node}","to":"${to}"${fromAs}${toAs},"message":${recorded}}`)
    const direction = link?.from(life)
    if (!direction?.give(id)) return this.#drop(id, to)
    if (link?.outside) this.#outside.willTake(link.outside, id, life.node, message)
  }

  #drop(id: MessageId, to: NodeName): void {
    const type = !this.#nodes.has(to) ? 'no-such-node' : this.#present.get(to)?.state === 'ended' ? 'receiver-dead' : 'not-carried'
    this.#event({ type: 'message-dropped', id, reason: { type } })
  }

  #dropAll(direction: Direction, to: NodeName): void {
    for (const id of direction.end()) this.#drop(id, to)
  }

  /** This end of the connection takes nothing more. */
  #closed(life: MergedLife, connection: number): void {
    const link = life.links.get(connection)
    if (!link) return
    const other = link.other(life)
    link.closedBy.add(life)
    // The other journal ends without an end of the node or of this connection: the node was killed.
    if (other?.state === 'lives' && !other.head && !other.scanned.isEnded && !link.closedBy.has(other)) this.#exit(other, null)
    this.#dropAll(link.to(life), life.node)
    // No journal has a greeting from the other end.
    if (!other && link.outside === null) this.#dropAll(link.from(life), link.peer)
  }

  #exit(life: MergedLife, code: number | null): void {
    if (life.state === 'ended') return
    life.state = 'ended'
    this.#event({ type: 'node-exited', node: life.node, incarnation: life.incarnation, code, signal: null, stderr: '' })
    for (const link of life.links.values()) {
      this.#dropAll(link.to(life), life.node)
      if (!link.other(life) && link.outside === null) this.#dropAll(link.from(life), link.peer)
    }
  }

  // ---- lines

  #event(event: EventBody): void {
    this.#text(JSON.stringify(event))
  }

  #text(event: string): void {
    this.#checked(`{"seq":${++this.#seq},"at":${this.#at},"wall":${this.#at},${event.slice(1)}`)
  }

  /** Validates each line as a recording reader would, because a journal file is not trusted. */
  #checked(line: string): void {
    this.#reader.push(`${line}\n`)
    this.#line(line)
  }
}

/** Removes the addresses of nodes: a machine only passes them on, and in a recording nodes have names. */
function decode(bytes: Buffer): Message {
  const message = decodeMessage(body.reset(bytes, 0, bytes.length))
  switch (message.type) {
    case 'ping': return { ...message, address: '' }
    case 'view-reply': return { ...message, view: withoutAddresses(message.view) }
    case 'query-reply': return { ...message, current: withoutAddresses(message.current), acked: withoutAddresses(message.acked) }
    default: return message
  }
}

function withoutAddresses({ viewnum, primary, backups }: View): View {
  return { viewnum, primary: primary && { ...primary, address: '' }, backups: backups.map((backup) => ({ ...backup, address: '' })) }
}

/** Removes addresses from the unparsed JSON text, which may be damaged. Quotes inside a name are escaped, so no name can match this pattern. */
function reportText(text: string): string {
  if (!text.startsWith('{"type":"view-changed"') && !text.startsWith('{"type":"view-acked"')) return text
  return text.replace(/"address":"(?:[^"\\]|\\.)*"/g, '"address":""')
}

// ---- checks of the set of journals

function refuseWhatCannotBeMerged(lives: readonly ScannedLife[]): void {
  const [first] = lives
  if (!first) throw new JournalProblem('There is no journal to merge.')
  const seen = new Map<string, ScannedLife>()
  for (const scanned of lives) {
    const { life, place } = scanned
    if (life.protocolHash !== first.life.protocolHash) {
      throw new JournalProblem(`${place.path} was written by another build of the protocol (${life.protocolHash}) than ${first.place.path} (${first.life.protocolHash}); merge journals of one build.`)
    }
    const identity = life.kind === 'client' ? `client ${life.seed}` : `${life.name} ${life.incarnation}`
    const twin = seen.get(identity)
    if (twin) throw new JournalProblem(`${twin.place.path} and ${place.path} are journals of the same life of ${life.name}; name each only once.`)
    seen.set(identity, scanned)
  }
  if (!lives.some(({ life }) => life.kind === 'view-server')) throw new JournalProblem('None of these is the journal of a view server; without it nothing is known of views.')
  for (const { connections, place } of lives) {
    for (const { greeting } of connections.values()) {
      if (!greeting || greeting.isClient || seen.has(`${greeting.name} ${greeting.incarnation}`)) continue
      throw new JournalProblem(`${greeting.name} (incarnation ${greeting.incarnation}) took part, as ${place.path} tells, and its journal is not here; merge needs the journal of every server.`)
    }
  }
}

function sortedByStart(sources: readonly MergeSource[]): { readonly scanned: ScannedLife; readonly source: MergeSource; readonly shift: number }[] {
  // Clocks of one host are compared directly; those of several hosts by the time of day.
  const shifts = new Map<string, number>()
  for (const { scanned: { life } } of sources) if (!shifts.has(life.host)) shifts.set(life.host, life.wall - life.at)
  const shiftOf = ({ scanned }: MergeSource): number => shifts.get(scanned.life.host) ?? 0
  const began = Math.min(...sources.map((source) => source.scanned.life.at + shiftOf(source)))
  return sources.map((source) => ({ scanned: source.scanned, source, shift: shiftOf(source) - began }))
    .sort((one, other) => one.scanned.life.at + one.shift - other.scanned.life.at - other.shift)
}

/** Clients without a journal, one node for each greeting name: maps that name to the node's name. */
function outsideNames(lives: readonly ScannedLife[]): Map<NodeName, NodeName> {
  const dialled = new Set(lives.flatMap(({ connections }) => [...connections.values()].map(({ mark }) => mark)))
  const isOutside = ({ greeting, mark }: ScannedConnection): boolean =>
    mark === 0 && greeting !== null && greeting.isClient && !(greeting.mark > 0 && dialled.has(greeting.mark))
  const servers = new Set(lives.filter(({ life }) => life.kind !== 'client').map(({ life }) => life.name))
  const names = new Map<NodeName, NodeName>()
  for (const { connections } of lives) {
    for (const connection of connections.values()) {
      const name = connection.greeting?.name
      if (name === undefined || !isOutside(connection) || names.has(name)) continue
      names.set(name, servers.has(name) ? freeName(`${name.slice(0, 24)}-client`, servers) : name)
    }
  }
  return names
}

function freeName(wanted: NodeName, taken: ReadonlySet<NodeName>): NodeName {
  let name = wanted
  for (let number = 2; taken.has(name) || !isNodeName(name); number++) name = `${wanted}-${number}`
  return name
}

/**
 * Servers keep their names. Clients may all have the same name, so they become c1, c2 and so on. There are as many as ran at once, each with one
 * incarnation after another.
 */
function namedLives(sorted: ReturnType<typeof sortedByStart>, outside: ReadonlySet<NodeName>): MergedLife[] {
  const taken = new Set([...outside, ...sorted.filter(({ scanned }) => scanned.life.kind !== 'client').map(({ scanned }) => scanned.life.name)])
  const clients: { readonly node: NodeName; incarnation: number; until: number }[] = []
  return sorted.map(({ scanned, source, shift }) => {
    const { kind, name, incarnation, at } = scanned.life
    if (kind !== 'client') return new MergedLife(source, name, incarnation, shift)
    let client = clients.find(({ until }) => until < at + shift)
    if (!client) {
      let number = clients.length + 1
      while (taken.has(`c${number}`)) number++
      client = { node: `c${number}`, incarnation: 0, until: 0 }
      taken.add(client.node)
      clients.push(client)
    }
    client.until = scanned.lastAt + shift
    return new MergedLife(source, client.node, ++client.incarnation, shift)
  })
}

/** Settings that decide what a node of this kind does. Timing settings are left out: they are no part of a recording. */
const decisive = {
  'view-server': ['newCluster', 'deadPings', 'backupsWanted'],
  'replica': ['replication', 'waitingRequestsMax', 'inFlightMax', 'transferChunkBytes', 'transferWindow', 'tableClientsMax'],
  'client': [],
} as const satisfies Record<string, readonly (keyof Settings)[]>
const waits = { 'view-server': ['pingCheckIntervalMs'], 'replica': ['pingIntervalMs', 'retryMs'], 'client': ['operationTimeoutMs'] } as const

function headerOf(lives: readonly MergedLife[], outside: readonly NodeName[], title: string): TraceHeader {
  const [first] = lives
  if (!first) throw new JournalProblem('There is no journal to merge.')
  const kinds = new Map(lives.map(({ node, scanned }) => [node, scanned.life.kind]))
  const order = ['view-server', 'replica', 'client'] as const
  const names = [...kinds].sort(([one, oneKind], [other, otherKind]) =>
    order.indexOf(oneKind) - order.indexOf(otherKind) || one.localeCompare(other, 'en', { numeric: true }))
  return {
    understudy: 'recording', version: traceVersion, source: 'live', title, createdAt: new Date(first.scanned.life.wall / 1000).toISOString(), settings: settingsOf(lives),
    seed: '', protocolHash: first.scanned.life.protocolHash,
    nodes: [...names.map(([name, kind]) => ({ name, kind })), ...outside.map((name) => ({ name, kind: 'client' as const }))], parent: null,
  }
}

/** A recording has one value of each setting, taken from the kind of node that uses it. */
function settingsOf(lives: readonly MergedLife[]): Settings {
  let settings: Settings | null = null
  const decided = new Map<string, MergedLife>()
  for (const life of lives) {
    const { kind, settings: own } = life.scanned.life
    settings ??= own
    for (const name of ['mutants', ...decisive[kind]] as const) {
      const before = decided.get(name)
      if (before && JSON.stringify(before.scanned.life.settings[name]) !== JSON.stringify(own[name])) {
        throw new JournalProblem(`${before.scanned.place.path} and ${life.scanned.place.path} tell of nodes with different settings (${name}), and a recording has one for all.`)
      }
      if (!before) settings = { ...settings, [name]: own[name] }
      decided.set(name, before ?? life)
    }
    for (const name of waits[kind]) {
      // A client without a timeout arms no timer, but a client with a timeout must be able to arm it. So the non-zero value wins.
      if (!decided.has(name) || settings[name] === 0) settings = { ...settings, [name]: own[name] }
      decided.set(name, life)
    }
  }
  if (!settings) throw new JournalProblem('There is no journal to merge.')
  return settings
}
