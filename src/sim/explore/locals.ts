// Interns the states of single nodes (locals) and the messages in flight, however many cluster states they are part of. A step depends only on
// a local and its input, so each such pair is stepped once and then looked up: that makes exploring fast.
// It must never step a machine that it keeps, only a copy.
import {
  createMachine, pingCheckTimer, startOf,
  type EffectSink, type Input, type Machine, type Message, type NodeKind, type NodeName, type OperationInput, type Report, type Result, type Settings, type Start,
} from '../../protocol'
import { nodeOfConnection } from '../../trace'
import { factsOf, type Facts } from './facts'
import { hashText, type Permutations } from './names'
import { operationOf, type Program } from './plan'
import { stepViolation, type StepViolation, type Taken } from './step-checks'

/** A message in flight. Equal ones are one: a copy of a message in flight adds nothing that a later copy would not. */
export interface Mail {
  readonly id: number
  readonly from: NodeName
  readonly to: NodeName
  /** The receiver's index. */
  readonly slot: number
  readonly message: Message
  readonly text: string
  readonly hashes: Int32Array
}

/** The progress of a client's operation. */
export interface Explored {
  /** For each client, by index: how many of its operations had ended when this one began. */
  readonly after: readonly number[]
  /** Null while it is open. */
  readonly result: Result | null
}

export interface Local {
  readonly id: number
  readonly slot: number
  readonly name: NodeName
  readonly kind: NodeKind
  readonly incarnation: number
  /** Null while it is dead. */
  readonly machine: Machine | null
  /** The armed timers, sorted by name. */
  readonly timers: readonly string[]
  /** A client's operations; the last one may be open. */
  readonly operations: readonly Explored[]
  readonly facts: Facts
  readonly hashes: Int32Array
  readonly taken: Map<number, Transition>
  readonly fired: Map<string, Transition>
  readonly others: Map<string, Transition>
}

type Made = Pick<Local, 'slot' | 'name' | 'kind' | 'incarnation' | 'machine' | 'timers' | 'operations'>

/** What a step leads to. */
export interface Transition {
  readonly next: Local
  readonly sends: readonly Mail[]
  readonly violation: StepViolation | null
}

/** How a local or a message was made, so that another worker can make the same. */
export type Definition =
  | { readonly type: 'local'; readonly id: number; readonly from: number; readonly input: LocalInput }
  | { readonly type: 'mail'; readonly id: number; readonly from: NodeName; readonly to: NodeName; readonly message: Message }

export type LocalInput =
  | { readonly type: 'take'; readonly mail: number }
  | { readonly type: 'fire'; readonly timer: string }
  /** A primary's retry timer fires twice: the second time it resends everything that was waiting at the first. */
  | { readonly type: 'resend'; readonly timer: string }
  /** A client asks for the view and gets it, until it sends its request or learns something. */
  | { readonly type: 'ask'; readonly timer: string; readonly view: number }
  /** Ping-check rounds with these pings, one more than make a server dead: so a server that pinged just before the first is found dead too. */
  | { readonly type: 'look'; readonly pings: readonly number[] }
  | { readonly type: 'invoke'; readonly after: readonly number[] }
  | { readonly type: 'crash' }
  | { readonly type: 'restart' }

type StepInput = Exclude<Input, Start>

export interface StartingNode {
  readonly name: NodeName
  readonly kind: NodeKind
  readonly incarnation: number
  readonly machine: Machine | null
  readonly timers: readonly string[]
  /** How many inputs it has taken since its start; needed where message ids matter. */
  readonly steps?: number
}

/** The session in a cluster that was started to be explored. */
export const exploredSession = 0
/** Explored operations get ids from here on, apart from all others. */
const operationsBegin = 1_000_000_000

/** The most rounds of asking in vain: a client's wait doubles up to eightfold, and each wait is a round. */
export const askRoundsMax = 40

interface Gathered extends EffectSink {
  readonly sends: { to: NodeName; message: Message }[]
  readonly reports: Report[]
  readonly armed: Set<string>
}

export interface LocalsOptions {
  readonly nodes: readonly { readonly name: NodeName; readonly kind: NodeKind }[]
  readonly settings: Settings
  readonly session: number
  readonly program: Program
  readonly permutations: Permutations
  /** How many nodes and messages the initial state has: every worker gives them the same first ids. */
  readonly begun: number
  /** Later ids are `lanes` apart, so that workers that share states never give one id to two things. */
  readonly lane: number
  readonly lanes: number
}

export class Locals {
  readonly #options: LocalsOptions
  readonly #slots: ReadonlyMap<NodeName, number>
  readonly #byKey = new Map<string, Local>()
  readonly #byId = new Map<number, Local>()
  readonly #mails = new Map<string, Mail>()
  readonly #mailsById = new Map<number, Mail>()
  #nextId: number
  /** Definitions made here that other workers do not have yet. */
  #untold: Definition[] = []

  constructor(options: LocalsOptions) {
    this.#options = options
    this.#slots = new Map(options.nodes.map(({ name }, slot) => [name, slot]))
    this.#nextId = options.begun + options.lane
  }

  get count(): number {
    return this.#byKey.size
  }

  get mailCount(): number {
    return this.#mails.size
  }

  local(id: number): Local {
    const local = this.#byId.get(id)
    if (!local) throw new Error(`there is no local state ${id}`)
    return local
  }

  mail(id: number): Mail {
    const mail = this.#mailsById.get(id)
    if (!mail) throw new Error(`there is no message ${id}`)
    return mail
  }

  takeUntold(): Definition[] {
    return this.#untold.splice(0)
  }

  /** Makes what another worker defined, under its id. */
  define(definition: Definition): void {
    if (definition.type === 'mail') {
      this.#mailsById.set(definition.id, this.#internMail(definition.from, definition.to, definition.message, definition.id))
      return
    }
    const { next } = this.transition(this.local(definition.from), definition.input, definition.id)
    this.#byId.set(definition.id, next)
  }

  /** Adds a node of the initial state; call in order. */
  begin(node: StartingNode, id: number): Local {
    const { name, kind, incarnation, machine, timers } = node
    return this.#intern({ slot: this.#slotOf(name), name, kind, incarnation, machine, timers: [...timers].sort(), operations: [] }, id, null)
  }

  /** A message of the initial state, or one that might be sent. */
  mailOf(from: NodeName, to: NodeName, message: Message, id?: number): Mail {
    return this.#internMail(from, to, message, id)
  }

  take(local: Local, mail: Mail): Transition {
    return local.taken.get(mail.id) ?? this.transition(local, { type: 'take', mail: mail.id })
  }

  fire(local: Local, timer: string): Transition {
    return local.fired.get(timer) ?? this.transition(local, { type: 'fire', timer })
  }

  transition(local: Local, input: LocalInput, id?: number): Transition {
    const step = (inputs: () => Iterable<StepInput>): Transition => this.#step(local, inputs(), local.operations, input, id)
    switch (input.type) {
      case 'take': return remembered(local.taken, input.mail, () => step(() => [this.#taking(input.mail)]))
      case 'fire': return remembered(local.fired, input.timer, () => step(() => [{ type: 'timer', name: input.timer }]))
      case 'resend': return remembered(local.fired, input.timer, () => step(() => [{ type: 'timer', name: input.timer }, { type: 'timer', name: input.timer }]))
      case 'ask': return remembered(local.others, `ask ${input.timer} ${input.view}`, () => step(() => this.#asking(input.timer, input.view)))
      case 'look': return remembered(local.others, `look ${input.pings.join(' ')}`, () => step(() => this.#looking(input.pings)))
      case 'invoke': return remembered(local.others, `invoke ${input.after.join(' ')}`, () => this.#invoke(local, input, id))
      case 'crash':
        return remembered(local.others, 'crash', () => (
          { next: this.#intern({ ...local, machine: null, timers: [] }, id, { from: local, input }), sends: [], violation: null }
        ))
      case 'restart': return remembered(local.others, 'restart', () => this.#restart(local, input, id))
    }
  }

  #taking(id: number): StepInput {
    const { from, message } = this.mail(id)
    return { type: 'message', from, message }
  }

  *#asking(timer: string, view: number): Generator<StepInput> {
    for (let round = 0; round < askRoundsMax; round++) {
      yield { type: 'timer', name: timer }
      yield this.#taking(view)
    }
  }

  *#looking(pings: readonly number[]): Generator<StepInput> {
    // One round more than make a server dead.
    for (let round = 0; round <= this.#options.settings.deadPings; round++) {
      for (const ping of pings) yield this.#taking(ping)
      yield { type: 'timer', name: pingCheckTimer }
    }
  }

  #invoke(local: Local, input: LocalInput & { type: 'invoke' }, id: number | undefined): Transition {
    const index = local.operations.length
    const asked = operationOf(this.#options.program, local.name, index)
    const operation: OperationInput = { type: 'operation', operationId: operationsBegin + index, session: this.#options.session, operation: asked, target: '' }
    return this.#step(local, [operation], [...local.operations, { after: input.after, result: null }], input, id)
  }

  #restart(local: Local, input: LocalInput, id: number | undefined): Transition {
    const { name, kind } = local
    const incarnation = local.incarnation + 1
    const gathered = gather([])
    const machine = createMachine(startOf({ name, kind, incarnation, settings: this.#options.settings }), gathered)
    return this.#ended(local, machine, incarnation, gathered, local.operations, [], input, id)
  }

  /** Takes the inputs in order. Stops at a timer that is not armed, or once an asking client has sent its request. */
  #step(local: Local, inputs: Iterable<StepInput>, operations: readonly Explored[], input: LocalInput, id: number | undefined): Transition {
    const machine = local.machine?.copy()
    if (!machine) throw new Error(`${local.name} is dead and takes no step`)
    const gathered = gather(local.timers)
    const taken: Taken[] = []
    try {
      for (const one of inputs) {
        if (one.type === 'timer' && !gathered.armed.delete(one.name)) break
        const before = gathered.reports.length
        machine.step(one, gathered)
        taken.push({ input: one, reports: gathered.reports.slice(before) })
        if (input.type === 'ask' && gathered.sends.some(({ message }) => message.type === 'request')) break
      }
    } catch (error) {
      const text = error instanceof Error ? error.message : String(error)
      return { next: local, sends: [], violation: { rule: 'assertion', text: `${local.name} stopped itself: ${text}.` } }
    }
    // What an asking client sent to the view server was answered within this step.
    const sends = input.type === 'ask' ? gathered.sends.filter(({ message }) => message.type !== 'get-view') : gathered.sends
    return this.#ended(local, machine, local.incarnation, { ...gathered, sends }, operations, taken, input, id)
  }

  #ended(
    before: Local, machine: Machine, incarnation: number, { sends, reports, armed }: Gathered, operations: readonly Explored[],
    taken: readonly Taken[], input: LocalInput, id: number | undefined,
  ): Transition {
    const { slot, name, kind } = before
    const made = { slot, name, kind, incarnation, machine, timers: [...armed].sort(), operations: withResults(operations, reports) }
    const next = this.#intern(made, id, { from: before, input })
    const mails = sends.map(({ to, message }) => this.#internMail(name, to, message))
    return { next, sends: mails, violation: stepViolation(before, next, taken, mails) }
  }

  #intern(made: Made, given: number | undefined, origin: { readonly from: Local; readonly input: LocalInput } | null): Local {
    // Incidental state does not distinguish locals: `resend` and `look` fire a timer until nothing depends on it.
    const essence = made.machine?.essence() ?? null
    const text = `${made.name} ${made.incarnation} ${essence ? JSON.stringify(essence) : 'dead'} ${made.timers.join(' ')}`
    const key = `${text} ${JSON.stringify(made.operations)}`
    const known = this.#byKey.get(key)
    if (known) return known
    const id = given ?? this.#newId()
    const hashes = this.#hashes((index) => this.#renamedLocal(text, made.operations, index))
    const local: Local = {
      ...made, id, hashes, facts: made.machine && essence ? factsOf(made.kind, made.machine, essence, this.#options.session) : null,
      taken: new Map(), fired: new Map(), others: new Map(),
    }
    this.#byKey.set(key, local)
    this.#byId.set(id, local)
    if (given === undefined && origin) this.#untold.push({ type: 'local', id, from: origin.from.id, input: origin.input })
    return local
  }

  #internMail(from: NodeName, toAs: string, message: Message, given?: number): Mail {
    // Connections never end here, so a message to any connection of a client reaches the client.
    const to = nodeOfConnection(toAs)
    const text = mailText(from, to, message)
    const known = this.#mails.get(text)
    if (known) return known
    const id = given ?? this.#newId()
    const hashes = this.#hashes((index) => this.#options.permutations.rename(text, index))
    const mail: Mail = { id, from, to, slot: this.#slotOf(to), message, text, hashes }
    this.#mails.set(text, mail)
    this.#mailsById.set(id, mail)
    if (given === undefined) this.#untold.push({ type: 'mail', id, from, to, message })
    return mail
  }

  /** The counts are in the order of the clients' names, so renaming also permutes the counts. */
  #renamedLocal(text: string, operations: readonly Explored[], index: number): string {
    const { nodes, permutations } = this.#options
    const renamed = permutations.rename(text, index)
    if (operations.length === 0) return renamed
    const clients = nodes.flatMap(({ name, kind }) => kind === 'client' ? [permutations.rename(name, index)] : [])
    const order = clients.map((_, place) => place).sort((one, other) => (clients[one] as string) < (clients[other] as string) ? -1 : 1)
    const counted = operations.map(({ after, result }) => ({ after: order.map((place) => after[place]), result }))
    return `${renamed} ${permutations.rename(JSON.stringify(counted), index)}`
  }

  #hashes(textOf: (index: number) => string): Int32Array {
    const hashes = new Int32Array(this.#options.permutations.count * 2)
    for (let index = 0; index * 2 < hashes.length; index++) {
      const { low, high } = hashText(textOf(index))
      hashes[index * 2] = low
      hashes[index * 2 + 1] = high
    }
    return hashes
  }

  #slotOf(name: NodeName): number {
    return this.#slots.get(name) ?? -1
  }

  #newId(): number {
    const id = this.#nextId
    this.#nextId += this.#options.lanes
    return id
  }
}

/** Equal texts are equal messages; also used to find a message in flight. */
export function mailText(from: NodeName, to: NodeName, message: Message): string {
  return `${from} ${to} ${JSON.stringify(message)}`
}

function remembered<Key>(known: Map<Key, Transition>, key: Key, make: () => Transition): Transition {
  const there = known.get(key)
  if (there) return there
  const made = make()
  known.set(key, made)
  return made
}

function gather(timers: readonly string[]): Gathered {
  const sends: Gathered['sends'] = []
  const reports: Report[] = []
  const armed = new Set(timers)
  return {
    sends, reports, armed,
    send: (to, message) => void sends.push({ to, message }),
    setTimer: (name) => void armed.add(name),
    cancelTimer: (name) => void armed.delete(name),
    report: (report) => void reports.push(report),
  }
}

function withResults(operations: readonly Explored[], reports: readonly Report[]): readonly Explored[] {
  const ended = reports.find((report) => report.type === 'operation-returned')
  if (ended?.type !== 'operation-returned') return operations
  const { outcome } = ended
  return operations.map((operation, index) => operationsBegin + index === ended.operationId && outcome.type === 'ok' && outcome.result.type !== 'answered' ? { ...operation, result: outcome.result } : operation)
}
