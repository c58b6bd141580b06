// Maelstrom's services as nodes of the lab: a linearizable store, a sequential one, one where the last write wins, and a clock of timestamps. Each
// is one machine, so its choices come from its seed and its steps can be replayed. It must never be better than its name: the sequential store and
// the last-write-wins store use the freedom that they have.
import { createRandom } from '../network'
import type { EffectSink, Essence, Input, Json, JsonObject, Machine, NodeName, OtherState, Start } from '../protocol'
import { errorCodes } from './errors'

export const serviceNames = ['lin-kv', 'seq-kv', 'lww-kv', 'lin-tso'] as const
export type ServiceName = (typeof serviceNames)[number]

export const isServiceName = (name: string): name is ServiceName => (serviceNames as readonly string[]).includes(name)

type Reply = JsonObject & { readonly type: string }
type Store = ReadonlyMap<string, Json>

/** Past states that the sequential store can still answer from. */
const statesMax = 32
/** Copies of the last-write-wins store. */
const copiesCount = 5

interface Written {
  readonly value: Json
  /** When, and by which copy: the higher wins. */
  readonly time: number
  readonly copy: number
}

/** What a request does: its answer, and the store after it. */
interface Done {
  readonly reply: Reply
  readonly store: Store
  /** Why the answer may surprise; empty if it cannot. */
  readonly note?: string
}

export class Service implements Machine {
  readonly #start: Start
  readonly #name: ServiceName
  /** The states of a store, the newest last; the other services use the last one alone. */
  #states: readonly Store[] = [new Map()]
  /** The number of states that were dropped at the front. */
  #dropped = 0
  /** The newest state that each client of the sequential store has seen. */
  #seen: ReadonlyMap<NodeName, number> = new Map()
  #copies: readonly ReadonlyMap<string, Written>[] = Array.from({ length: copiesCount }, () => new Map())
  #time = 0
  #draws = 0

  constructor(start: Start) {
    if (!isServiceName(start.name)) throw new Error(`there is no service ${start.name}; there are ${serviceNames.join(', ')}`)
    this.#start = start
    this.#name = start.name
  }

  step(input: Exclude<Input, Start>, out: EffectSink): void {
    if (input.type !== 'message' || input.message.type !== 'foreign') return
    const { kind, body } = input.message
    const reply = this.#answer(input.from, kind, body, out)
    const { type, ...rest } = reply
    out.send(input.from, { type: 'foreign', kind: type, body: 'msg_id' in body ? { ...rest, in_reply_to: body['msg_id'] } : rest })
  }

  #answer(from: NodeName, kind: string, body: JsonObject, out: EffectSink): Reply {
    switch (this.#name) {
      case 'lin-kv': {
        const { reply, store } = execute(this.#newest, kind, body)
        this.#states = [store]
        return reply
      }
      case 'seq-kv': return this.#sequential(from, kind, body, out)
      case 'lww-kv': return this.#lastWriteWins(kind, body, out)
      case 'lin-tso': return kind === 'ts' ? { type: 'ts_ok', ts: this.#time++ } : notSupported(kind)
    }
  }

  get #newest(): Store {
    return this.#states.at(-1) ?? new Map()
  }

  /** A read may come from any state that is not older than what this client has seen; a write is of the newest. */
  #sequential(from: NodeName, kind: string, body: JsonObject, out: EffectSink): Reply {
    const newest = this.#dropped + this.#states.length - 1
    if (kind !== 'read') {
      const { reply, store } = execute(this.#newest, kind, body)
      if (store !== this.#newest) {
        const states = [...this.#states, store]
        this.#dropped += Math.max(0, states.length - statesMax)
        this.#states = states.slice(-statesMax)
      }
      this.#seen = new Map([...this.#seen, [from, this.#dropped + this.#states.length - 1]])
      return reply
    }
    const first = Math.max(this.#dropped, this.#seen.get(from) ?? 0)
    const chosen = first + this.#below(newest - first + 1)
    this.#seen = new Map([...this.#seen, [from, chosen]])
    const { reply } = execute(this.#states[chosen - this.#dropped] ?? this.#newest, kind, body)
    if (chosen < newest && JSON.stringify(reply) !== JSON.stringify(execute(this.#newest, kind, body).reply)) {
      out.report({ type: 'note', text: `${from} was answered from state ${chosen}, and the newest is ${newest}: a sequential store may, for ${from} had seen no later one` })
    }
    return reply
  }

  /** Any copy answers; copies learn of each other's writes now and then, and the later write of a key stays. */
  #lastWriteWins(kind: string, body: JsonObject, out: EffectSink): Reply {
    const at = this.#below(copiesCount)
    const copy = this.#copies[at] ?? new Map<string, Written>()
    const before = new Map([...copy].map(([key, { value }]) => [key, value]))
    const { reply, store } = execute(before, kind, body)
    let after = copy
    if (store !== before) {
      const key = keyOf(body)
      after = new Map([...copy, [key, { value: store.get(key) ?? null, time: ++this.#time, copy: at }]])
    }
    const other = this.#below(copiesCount)
    this.#copies = this.#copies.map((known, index) => index === at ? after : index === other ? merged(known, after) : known)
    if (kind === 'read' && this.#copies.some((known) => (known.get(keyOf(body))?.time ?? 0) > (after.get(keyOf(body))?.time ?? 0))) {
      out.report({ type: 'note', text: `copy ${at + 1} answered, and has not learned of the last write of ${keyOf(body)} yet` })
    }
    return reply
  }

  #below(end: number): number {
    return createRandom(this.#start.seed, `draw ${this.#draws++}`).below(end)
  }

  inspect(): OtherState {
    const entries = (store: Store): JsonObject => Object.fromEntries([...store].sort(([one], [other]) => one < other ? -1 : 1))
    switch (this.#name) {
      case 'lin-kv': return { kind: 'other', state: entries(this.#newest) }
      case 'seq-kv': return { kind: 'other', state: { newest: entries(this.#newest), states: this.#dropped + this.#states.length, seen: Object.fromEntries(this.#seen) } }
      case 'lww-kv': return { kind: 'other', state: { copies: this.#copies.map((copy) => entries(new Map([...copy].map(([key, { value }]) => [key, value])))) } }
      case 'lin-tso': return { kind: 'other', state: { next: this.#time } }
    }
  }

  copy(): Service {
    const copy = new Service(this.#start)
    copy.#states = this.#states
    copy.#dropped = this.#dropped
    copy.#seen = this.#seen
    copy.#copies = this.#copies
    copy.#time = this.#time
    copy.#draws = this.#draws
    return copy
  }

  essence(): Essence {
    return { kind: 'other', state: this.inspect().state, draws: this.#draws }
  }

  incidental(): readonly unknown[] {
    return []
  }
}

const keyOf = ({ key }: JsonObject): string => JSON.stringify(key ?? null)

function execute(store: Store, kind: string, body: JsonObject): Done {
  const key = keyOf(body)
  const found = store.get(key)
  const missing = { type: 'error', code: errorCodes.keyDoesNotExist, text: 'the key does not exist' } as const
  switch (kind) {
    case 'read': return { store, reply: found === undefined ? missing : { type: 'read_ok', value: found } }
    case 'write': return { store: new Map([...store, [key, body['value'] ?? null]]), reply: { type: 'write_ok' } }
    case 'cas': {
      if (found === undefined && body['create_if_not_exists'] !== true) return { store, reply: missing }
      if (found !== undefined && JSON.stringify(found) !== JSON.stringify(body['from'] ?? null)) {
        return { store, reply: { type: 'error', code: errorCodes.preconditionFailed, text: `the value is ${JSON.stringify(found)}` } }
      }
      return { store: new Map([...store, [key, body['to'] ?? null]]), reply: { type: 'cas_ok' } }
    }
    default: return { store, reply: notSupported(kind) }
  }
}

function notSupported(kind: string): Reply {
  return { type: 'error', code: errorCodes.notSupported, text: `this service does not know ${kind}` }
}

function merged(one: ReadonlyMap<string, Written>, other: ReadonlyMap<string, Written>): ReadonlyMap<string, Written> {
  const both = new Map(one)
  for (const [key, written] of other) {
    const known = both.get(key)
    if (!known || written.time > known.time || written.time === known.time && written.copy > known.copy) both.set(key, written)
  }
  return both
}
