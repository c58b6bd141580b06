// Runs a transcript: a text of commands, each followed by `----` and by what happened then, in order. `runTranscript` returns the whole
// text with fresh answers, so a test compares files and `-u` refreshes them.
// docs/protocol.md, "Transcripts", lists the commands. Used by tests only.
import type { Envelope, FaultEffect } from '../../network'
import { defaultSettings, utf8ToBytes, type MakeStore, type MutantName, type NodeName, type Operation, type Settings } from '../../protocol'
import { recordBytes, type EventOf, type TraceEvent } from '../../trace'
import { describeEvent, describeMessage, describeView } from './transcript-lines'
import { World } from '../world'

/** How long `until` and `do` wait by default. */
const untilLimitMs = 10_000
/** A message takes this long when nothing holds or delays it. */
const linkDelayMs = 1

const usualSettings = { replicas: 3, clients: 1 }

interface Pattern {
  readonly kind: string
  readonly from: string
  readonly to: string
}

/** Unusual ways to run a transcript: with the protocol broken on purpose, or with another store than the map store. */
export interface TranscriptOptions {
  readonly mutants?: readonly MutantName[]
  readonly makeStore?: MakeStore
  /** Called when the cluster starts; what it returns is called with each event as it is written. */
  readonly watch?: (settings: Settings) => (event: TraceEvent) => void
}

/** Runs every block of the transcript and returns its text with the new answers. */
export function runTranscript(text: string, options: TranscriptOptions = {}): string {
  const run = new Run(options)
  return text.trimEnd().split('\n\n').map((block) => {
    const lines = block.split('\n')
    const comments = lines.filter((line) => line.startsWith('#'))
    const end = lines.indexOf('----')
    const commands = lines.slice(0, end < 0 ? lines.length : end).filter((line) => !line.startsWith('#'))
    if (commands.length === 0) return block
    for (const command of commands) run.command(command)
    return [...comments, ...commands, '----', ...run.answer()].join('\n')
  }).join('\n\n') + '\n'
}

class Run {
  #world: World | undefined
  #lines: string[] = []
  #shown = new Set<string>()
  #faults = 0
  #kept: Envelope[] = []
  #keeping: Pattern[] = []
  readonly #events: TraceEvent[] = []
  readonly #counts = new Map<string, number>()
  readonly #options: TranscriptOptions

  constructor(options: TranscriptOptions) {
    this.#options = options
  }

  /** What happened since the last answer. */
  answer(): string[] {
    return this.#lines.splice(0)
  }

  command(line: string): void {
    const [name = '', ...words] = line.trim().split(/\s+/)
    const first = words[0] ?? ''
    switch (name) {
      case 'cluster': return this.#cluster(words)
      case 'ready': return this.#ready(words)
      case 'run': return this.world.run(Number(first))
      case 'until': return this.#until(words)
      case 'send': return void this.#invoke(words)
      case 'do': return this.#do(words)
      case 'kill': return this.world.kill(first)
      case 'restart': return this.world.restart(first)
      case 'pause': return this.world.pause(first)
      case 'resume': return this.world.resume(first)
      case 'disconnect': return this.world.disconnect(first, words[1] ?? '')
      case 'lose-peer': return this.world.losePeer(first)
      case 'hold': return this.#fault(words, { type: 'hold' })
      case 'drop': return this.#fault(words, { type: 'drop', probability: 1 })
      case 'delay': return this.#fault(words.slice(1), { type: 'delay', probability: 1, delay: { type: 'constant', ms: Number(first) - linkDelayMs } })
      case 'cut': return this.#cut(words)
      case 'mend': return this.world.transit.faults.forEach((name) => this.world.perform({ type: 'remove-fault', fault: name }))
      case 'release': return this.#release(words)
      case 'keep': return void this.#keeping.push(patternOf(words))
      case 'redeliver': return this.#redeliver(words)
      case 'show': return words.forEach((kind) => this.#shown.add(kind))
      case 'hide': return words.forEach((kind) => this.#shown.delete(kind))
      case 'count': return this.#say(`${first}: ${this.#counts.get(first) ?? 0}`)
      case 'state': return this.#state(first)
      case 'equal': return this.#equal(words)
      default: throw new Error(`a transcript has no command ${name}`)
    }
  }

  get world(): World {
    if (!this.#world) throw new Error('a transcript begins with: cluster')
    return this.#world
  }

  #say(line: string): void {
    this.#lines.push(line)
  }

  #cluster(words: readonly string[]): void {
    const given = Object.fromEntries(words.map((word) => word.split('=')).map(([key = '', value = '']) => [key, valueOf(value)]))
    const { replicas, clients, ...settings } = { ...usualSettings, ...given }
    for (const name of Object.keys(settings)) if (!(name in defaultSettings)) throw new Error(`there is no setting ${name}`)
    const { mutants = [], makeStore, watch } = this.#options
    const all: Settings = { ...defaultSettings, ...settings, mutants }
    const watcher = watch?.(all)
    this.#world = new World({
      title: '', seed: '1', replicas, clients, settings: all, ...(makeStore ? { storeOf: () => makeStore } : {}),
      linkDelayMs, onSend: (envelope) => this.#sent(envelope), onEvent: (event) => {
        this.#onEvent(event)
        watcher?.(event)
      },
    })
  }

  /** Runs until a view is acked with the wanted number of backups; what happens until then is not shown. */
  #ready(words: readonly string[]): void {
    this.#cluster(words)
    const isReady = (): boolean => {
      const vs = this.world.inspect('vs')
      if (vs.kind !== 'view-server' || !vs.isAcked || vs.current.viewnum === 0) return false
      const wanted = Math.min(this.world.header.settings.backupsWanted, this.world.names.filter((name) => name.startsWith('s')).length - 1)
      return vs.current.backups.length === wanted
    }
    if (!this.world.runUntil(isReady, untilLimitMs)) throw new Error('the cluster did not become ready')
    this.#lines = []
    const vs = this.world.inspect('vs')
    if (vs.kind === 'view-server') this.#say(`${describeView(vs.current)}, acked`)
  }

  #sent(envelope: Envelope): void {
    this.#counts.set(envelope.message.type, (this.#counts.get(envelope.message.type) ?? 0) + 1)
    if (this.#keeping.some((pattern) => matches(pattern, envelope))) this.#kept.push(envelope)
  }

  #onEvent(event: TraceEvent): void {
    this.#events.push(event)
    const line = describeEvent(event, this.#shown, this.#events)
    if (line !== undefined) this.#say(line)
  }

  // ---- waiting

  #until(words: readonly string[]): void {
    const [what = '', which = '', within, limit] = words
    const limitMs = within === 'within' ? Number(limit) : untilLimitMs
    if (!this.world.runUntil(() => this.#holds(what, which), limitMs)) this.#say(`not within ${limitMs} ms`)
  }

  #holds(what: string, which: string): boolean {
    const some = (test: (event: TraceEvent) => boolean): boolean => this.#events.some(test)
    switch (what) {
      case 'view': return some((event) => event.type === 'view-changed' && event.view.viewnum === Number(which))
      case 'acked': return some((event) => event.type === 'view-acked' && event.view.viewnum === Number(which))
      case 'serving': {
        const state = this.world.isUp(which) ? this.world.inspect(which) : undefined
        return state?.kind === 'replica' && state.serving
      }
      case 'returned': return this.#returned(Number(which)) !== undefined
      case 'stuck': return some((event) => event.type === 'stuck' && event.stuck !== null)
      case 'held': return this.#held().some(({ message }) => message.type === which)
      default: throw new Error(`a transcript cannot wait for ${what}`)
    }
  }

  #returned(operationId: number): EventOf<'operation-returned'> | undefined {
    return this.#events.find((event): event is EventOf<'operation-returned'> => event.type === 'operation-returned' && event.operationId === operationId)
  }

  // ---- operations: CLIENT OPERATION KEY [VALUE] [to SERVER] [session N]

  #invoke(words: readonly string[]): number {
    const [client = '', ...rest] = words
    const option = (name: string): string | undefined => rest.includes(name) ? rest[rest.indexOf(name) + 1] : undefined
    const end = Math.min(...['to', 'session'].map((name) => rest.indexOf(name)).filter((at) => at >= 0), rest.length)
    const target = option('to')
    const session = option('session')
    return this.world.invoke(client, operationOf(rest.slice(0, end)), {
      ...(target === undefined ? {} : { target }), ...(session === undefined ? {} : { session: Number(session) }),
    })
  }

  #do(words: readonly string[]): void {
    const operationId = this.#invoke(words)
    if (!this.world.runUntil(() => this.#returned(operationId) !== undefined, untilLimitMs)) this.#say(`not within ${untilLimitMs} ms`)
  }

  // ---- the network

  /** hold|drop KIND FROM>TO [next N] */
  #fault(words: readonly string[], effect: FaultEffect): void {
    const { kind, from, to } = patternOf(words)
    const next = words.indexOf('next')
    const some = <Name extends string>(name: string): Name[] => name === '*' ? [] : [name as Name]
    const where = { from: some(from), to: some(to), kinds: some<Envelope['message']['type']>(kind) }
    const fault = { name: `${effect.type} ${++this.#faults}`, where, bothWays: false, effect, times: next < 0 ? 0 : Number(words[next + 1]) }
    this.world.perform({ type: 'add-fault', fault, plan: { inMs: 0, forMs: 0 } })
  }

  /** cut A B (both ways) or cut A>B */
  #cut(words: readonly string[]): void {
    const [one = '', other] = words
    const links = other === undefined ? [one] : [`${one}>${other}`, `${other}>${one}`]
    for (const link of links) this.#fault(['*', link], { type: 'cut' })
  }

  /** release [reversed] KIND FROM>TO [next N] */
  #release(words: readonly string[]): void {
    const reversed = words[0] === 'reversed'
    const rest = reversed ? words.slice(1) : words
    const pattern = patternOf(rest)
    const next = rest.indexOf('next')
    const found = this.#held().filter((envelope) => matches(pattern, envelope))
    const ordered = reversed ? found.toReversed() : found
    for (const envelope of ordered.slice(0, next < 0 ? undefined : Number(rest[next + 1]))) this.world.perform({ type: 'deliver', id: envelope.id })
  }

  /** redeliver KIND FROM>TO [last]: copies of the messages that `keep` remembered. */
  #redeliver(words: readonly string[]): void {
    const pattern = patternOf(words)
    const found = this.#kept.filter((envelope) => matches(pattern, envelope))
    for (const envelope of words.includes('last') ? found.slice(-1) : found) {
      this.#say(`again: ${describeMessage(envelope.from, envelope.to, envelope.message)}`)
      this.world.resend(envelope)
    }
  }

  #held(): Envelope[] {
    return [...this.world.transit.onItsWay].map(({ envelope }) => envelope)
  }

  // ---- inspecting

  #state(name: NodeName): void {
    const state = this.world.inspect(name)
    if (state.kind !== 'replica') return this.#say(`${name}: ${JSON.stringify(state)}`)
    const store = state.store.map(({ key, value }) => `${recordBytes(key)}=${recordBytes(value)}`).join(' ')
    this.#say(`${name}: ${state.role} in view ${state.view.viewnum}${state.serving ? ', serving' : ''}, executed ${state.executed}, store {${store}}`)
  }

  #equal(words: readonly string[]): void {
    const texts = words.map((name) => {
      const state = this.world.inspect(name)
      return state.kind === 'replica' ? JSON.stringify([state.store, state.table, state.executed]) : name
    })
    this.#say(`${words.join(' and ')} ${texts.every((text) => text === texts[0]) ? 'are equal' : 'DIFFER'}`)
  }
}

function valueOf(text: string): string | number | boolean {
  if (text === 'true' || text === 'false') return text === 'true'
  return Number.isNaN(Number(text)) ? text : Number(text)
}

function patternOf(words: readonly string[]): Pattern {
  const [kind = '*', link = '*>*'] = words
  const [from = '*', to = '*'] = link.split('>')
  return { kind, from, to }
}

function matches(pattern: Pattern, { message, from, to }: Envelope): boolean {
  return (pattern.kind === '*' || pattern.kind === message.type)
    && (pattern.from === '*' || pattern.from === from)
    && (pattern.to === '*' || pattern.to === to)
}

function operationOf(words: readonly string[]): Operation {
  const [type = '', key = '', ...values] = words
  const bytes = (text: string | undefined) => utf8ToBytes(text ?? '')
  switch (type) {
    case 'put':
    case 'append': return { type, key: bytes(key), value: bytes(values[0]) }
    case 'get':
    case 'delete': return { type, key: bytes(key) }
    case 'cas': return { type, key: bytes(key), expected: values[0] === '-' ? null : bytes(values[0]), value: bytes(values[1]) }
    default: throw new Error(`there is no operation ${type}`)
  }
}
