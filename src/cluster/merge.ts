// Orders the journals of nodes into one recording: every node's frames in their own order, a message sent before it is taken, and otherwise
// by the hosts' clocks. Messages are joined by their connection and their place in it. Who keeps no journal is shown as far as the others
// tell. Pure: it takes frames and gives lines. It must never put an effect before its cause, nor invent a step of a machine.
import { isNodeName, type Message, type NodeName, type Settings, type View } from '../protocol'
import { messageId, recordMessage, recordOperationInput, traceVersion, type EventBody, type MessageId, type TraceHeader } from '../trace'
import { Cursor } from './frame'
import { JournalProblem, type JournalFrame, type JournalInput, type JournalRecord, type ScannedConnection, type ScannedLife } from './journal-reader'
import { linksOf, type Direction, type Link } from './merge-links'
import { OutsideNodes } from './merge-outside'
import { decodeMessage } from './wire'

/** One life and its frames, which are asked for one by one. */
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
  /** What the recording does not have, each a sentence. */
  readonly notes: readonly string[]
}

/** A life that is being merged. */
export class MergedLife {
  readonly scanned: ScannedLife
  readonly node: NodeName
  readonly incarnation: number
  readonly #frames: Iterator<JournalFrame>
  /** What is added to its host's clock to give the recording's time. */
  readonly #shift: number
  /** Its next frame; null when there is none. */
  head: Exclude<JournalFrame, { type: 'life' }> | null = null
  /** Of the next frame, in microseconds since the recording began. */
  at = 0
  state: 'waits' | 'lives' | 'ended' = 'waits'
  /** Its next step. */
  step = 0
  /** By the number of its own connection. */
  readonly links = new Map<number, Link>()
  /** What its machine calls the others, where that is not their node's name. */
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

  /** The rest is left out. */
  cut(): void {
    this.head = null
  }
}

const body = new Cursor()

/** Throws a JournalProblem where these journals make no recording. */
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
  /** By node: the life that was begun last. */
  readonly #present = new Map<NodeName, MergedLife>()
  readonly #nodes: ReadonlySet<NodeName>
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
    this.#line(JSON.stringify(this.#header))
    this.#event({ type: 'lab-note', node: '', text: this.#beginning() })
    for (let life = this.#next(); life; life = this.#next()) {
      const frame = life.head
      if (!frame) break
      this.#at = Math.max(this.#at, life.at)
      life.advance()
      if (frame.type === 'step') this.#step(life, frame)
      else this.#record(life, frame.record)
    }
    this.#tellWhatIsLeft()
    return { header: this.#header, events: this.#seq, notes: this.#notes }
  }

  #beginning(): string {
    const outside = this.#outsideNames
    const who = `Merged from the journals of ${this.#lives.length} ${this.#lives.length === 1 ? 'life' : 'lives'} of nodes without a lab.`
    return outside.length === 0 ? who : `${who} Without a journal, and shown as far as the others tell: ${outside.join(', ')}.`
  }

  // ---- order

  /** Of the lives whose next frame may come now, the one whose clock is earliest. */
  #next(): MergedLife | null {
    let next: MergedLife | null = null
    for (const life of this.#lives) if (life.head && (next === null || life.at < next.at) && this.#mayCome(life, life.head)) next = life
    return next
  }

  #mayCome(life: MergedLife, frame: Exclude<JournalFrame, { type: 'life' }>): boolean {
    if (frame.type === 'record') return frame.record.type !== 'aside-taken' || this.#isSent(life, frame.record, false)
    return frame.input.type !== 'message' || this.#isSent(life, frame.input, frame.input.body.length > 0)
  }

  /** The message was told as sent, or never will be and the taker has it. */
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
      else if (record.type === 'report') this.#text(`{"node":"${life.node}","incarnation":${life.incarnation},"step":${step},${reportText(record.text).slice(1)}`)
      else this.#record(life, record)
    }
    this.#outside.takeWhatWaits()
  }

  /** It is in no recording; its connections are. */
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
    // Its sender has no journal, or one that has ended before.
    const from = link?.outside ?? link?.other(life)?.node ?? ''
    return this.#outside.of(from).sends(life.node, decode(bytes))
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

  /** A name has one life at a time in a recording: what an earlier process did after a later one of its name had begun is left out. */
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
    this.#text(`{"type":"message-sent","id":"${id}","from":"${life.node}","to":"${to}","message":${recorded}}`)
    const link = life.links.get(connection)
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
    // It says nothing any more, not even that the connection ended: it was killed.
    if (other?.state === 'lives' && !other.head && !other.scanned.isEnded && !link.closedBy.has(other)) this.#exit(other, null)
    this.#dropAll(link.to(life), life.node)
    // Nobody at the other end has ever greeted, in any journal.
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
    this.#line(`{"seq":${++this.#seq},"at":${this.#at},"wall":${this.#at},${event.slice(1)}`)
  }
}

/** Where nodes listen is left out: to a machine it is a text that it tells others, and in a recording nodes have names. */
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

function reportText(text: string): string {
  if (!text.startsWith('{"type":"view-changed"') && !text.startsWith('{"type":"view-acked"')) return text
  const report = JSON.parse(text) as { view: View }
  return JSON.stringify({ ...report, view: withoutAddresses(report.view) })
}

// ---- what these journals are, taken together

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
  // Clocks of one host are compared as they are; those of several by the time of day.
  const shifts = new Map<string, number>()
  for (const { scanned: { life } } of sources) if (!shifts.has(life.host)) shifts.set(life.host, life.wall - life.at)
  const shiftOf = ({ scanned }: MergeSource): number => shifts.get(scanned.life.host) ?? 0
  const began = Math.min(...sources.map((source) => source.scanned.life.at + shiftOf(source)))
  return sources.map((source) => ({ scanned: source.scanned, source, shift: shiftOf(source) - began }))
    .sort((one, other) => one.scanned.life.at + one.shift - other.scanned.life.at - other.shift)
}

/** Clients without a journal, one node for each name that they greeted with: what they greeted with, and the node's name. */
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

/** Servers have their names. Clients, who may all have the same, are c1, c2 ...: as many as lived at once, each with one life after another. */
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

/** Settings that decide what a node of this kind does; how long it waits is no part of a recording. */
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

/** A recording has one of each setting: of the kind of node that it is for. */
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
      // A client without a timeout arms no timer; one with a timeout must be seen to arm it.
      if (!decided.has(name) || settings[name] === 0) settings = { ...settings, [name]: own[name] }
      decided.set(name, life)
    }
  }
  if (!settings) throw new JournalProblem('There is no journal to merge.')
  return settings
}
