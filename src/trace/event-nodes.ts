// Checks the nodes that an event names: each must be in the header, and of a kind that can do this. Every recording passes this check when it is
// read (codec.ts), so no later reader has to. A message or a person's operation may be addressed to a node that does not exist; then no node may
// receive it. It must never look at the contents of a message, except views.
import type { NodeKind, NodeName } from '../protocol'
import type { EventOf, TraceEvent, TraceHeader } from './event'
import { visible } from './visible'

/** The limit of names that a sentence lists. */
const namesShown = 12
/** The limit of messages to nodes that do not exist; they are remembered until they are lost. */
const strayMax = 10_000

export class EventNodes {
  readonly #kinds: ReadonlyMap<NodeName, NodeKind>
  readonly #isImported: boolean
  /** Messages to nodes that do not exist and that are not lost yet: the receiver's name, by id. */
  readonly #stray = new Map<string, string>()
  readonly #strangers = new Set<string>()

  constructor({ nodes, source }: Pick<TraceHeader, 'nodes' | 'source'>) {
    this.#kinds = new Map(nodes.map(({ name, kind }) => [name, kind]))
    this.#isImported = source === 'imported'
  }

  /** Undefined if all nodes that the event names are known; otherwise what is wrong, to follow "Line 12 ". The event's fields must be valid. */
  problem(event: TraceEvent): string | undefined {
    switch (event.type) {
      // The most frequent first, because every line of a file is checked.
      case 'message-sent': return this.#sent(event)
      case 'message-handed':
      case 'message-delayed':
      case 'message-held':
      case 'message-released': return this.#stray.size === 0 ? undefined : this.#strayProblem(event.id)
      case 'message-duplicated':
        if (event.carries !== null) return this.#sent({ id: event.id, ...event.carries })
        return this.#stray.size === 0 ? undefined : this.#strayProblem(event.of)
      case 'message-taken': return this.#unknown('tells "message-taken" of', event.node)
      case 'timer-fired': return this.#unknown('tells "timer-fired" of', event.node)
      case 'message-dropped':
        if (this.#stray.size > 0) this.#stray.delete(event.id)
        return undefined
      case 'node-killed':
      case 'node-exited':
      case 'node-failed':
      case 'node-paused':
      case 'node-resumed':
      case 'acted':
      case 'program-level':
      case 'state-told':
      case 'line-refused':
      case 'program-said':
      case 'note': return this.#unknown(`tells "${event.type}" of`, event.node)
      case 'node-started': return this.#startProblem(event.node, event.kind)
      case 'peer-lost': return this.#unknown('tells "peer-lost" of', event.node) ?? this.#peerProblem(event.peer)
      case 'operation-invoked': return this.#notOf('client', event.node, 'tells an operation of')
      case 'operation-started':
      case 'view-cached': return this.#notOf('client', event.node, `tells "${event.type}" of`)
      case 'operation-returned': return this.#notOf('client', event.node, 'tells an operation of') ?? this.#answerer('by' in event.outcome ? event.outcome.by : '')
      case 'view-changed':
      case 'view-acked': return this.#notOf('view-server', event.node, `tells "${event.type}" of`) ?? this.#viewProblem(event.view)
      case 'stuck': return this.#notOf('view-server', event.node, 'tells "stuck" of')
      case 'ping-missed':
      case 'ping-resumed': return this.#notOf('view-server', event.node, `tells "${event.type}" of`) ?? this.#notOf('replica', event.server, 'tells of pings of')
      case 'role-changed':
      case 'superseded': return this.#notOf('replica', event.node, `tells "${event.type}" of`)
      case 'transfer-progress': return this.#notOf('replica', event.node, 'tells a state transfer of') ?? this.#notOf('replica', event.to, 'tells of a state transfer to')
      case 'transfer-installed': return this.#notOf('replica', event.node, 'tells a state transfer of') ?? this.#notOf('replica', event.from, 'tells of a state transfer from')
      case 'fault-added': return this.#anyUnknown('has a fault with', namesOfFault(event.rule))
      case 'frozen': return this.#anyUnknown('stops timers of', event.timers.map(nodeOf))
      case 'timers-stopped': return this.#unknown('stops timers of', event.node) ?? this.#anyUnknown('stops timers of', event.timers.map(nodeOf))
      case 'branched': return this.#anyUnknown('goes on with', event.processes.map(nodeOf))
      case 'stalled': return event.node === '' ? undefined : this.#unknown('tells a stall of', event.node)
      case 'lab-note': return event.node === '' ? undefined : this.#unknown('has a note of', event.node)
      // They name faults, steps or no node; a break condition may wait for a node that does not exist.
      case 'fault-switched':
      case 'fault-removed':
      case 'thawed':
      case 'break-added':
      case 'break-removed':
      case 'scenario-step':
      case 'workload-started':
      case 'workload-stopped':
      case 'violation': return undefined
    }
  }

  #sent({ id, from, to, message }: Pick<EventOf<'message-sent'>, 'id' | 'from' | 'to' | 'message'>): string | undefined {
    if (!this.#kinds.has(from)) return this.#unknown('tells of a message from', from)
    if (!this.#kinds.has(to)) {
      this.#strangers.add(to)
      this.#stray.set(id, to)
      if (this.#stray.size > strayMax) return `tells of a message to ${shown(to)}, as ${strayMax} before it do that were not lost, and there is no such node`
    }
    return this.#messageProblem(message)
  }

  #strayProblem(id: string): string | undefined {
    const to = this.#stray.get(id)
    return to === undefined ? undefined : this.#unknown('lets a message go on to', to)
  }

  #peerProblem(peer: NodeName): string | undefined {
    return this.#strangers.has(peer) ? undefined : this.#unknown('tells of the lost connection to', peer)
  }

  #messageProblem(message: { readonly type: string; readonly view?: unknown }): string | undefined {
    return message.type === 'view-reply' ? this.#viewProblem(message.view) : undefined
  }

  #viewProblem(view: unknown): string | undefined {
    const { primary, backups } = (view ?? {}) as { readonly primary?: unknown; readonly backups?: unknown }
    const members = [...primary === null || primary === undefined ? [] : [primary], ...Array.isArray(backups) ? backups as unknown[] : []]
    for (const member of members) {
      const problem = this.#notOf('replica', nameOf(member), 'has a view with')
      if (problem !== undefined) return problem
    }
    return undefined
  }

  #startProblem(node: NodeName, kind: NodeKind): string | undefined {
    const problem = this.#unknown('starts', node)
    const known = this.#kinds.get(node)
    return problem ?? (known === kind ? undefined : `starts ${shown(node)} as a ${String(kind)}, and the first line says that it is a ${String(known)}`)
  }

  /** In an imported history this may be any text. */
  #answerer(by: unknown): string | undefined {
    return this.#isImported || by === '' ? undefined : this.#unknown('has an answer of', by)
  }

  #notOf(kind: NodeKind, node: unknown, does: string): string | undefined {
    const known = this.#kinds.get(node as NodeName)
    if (known === kind) return undefined
    return known === undefined ? this.#unknown(does, node) : `${does} ${shown(node)}, which is a ${known} and no ${kind}`
  }

  #unknown(does: string, node: unknown): string | undefined {
    return this.#kinds.has(node as NodeName) ? undefined : `${does} ${shown(node)}, which is none of the nodes of the first line (${this.#names()})`
  }

  #anyUnknown(does: string, nodes: readonly unknown[]): string | undefined {
    const stranger = nodes.find((node) => !this.#kinds.has(node as NodeName))
    return stranger === undefined && !nodes.includes(undefined) ? undefined : this.#unknown(does, stranger)
  }

  #names(): string {
    const names = [...this.#kinds.keys()].map(shown)
    return names.length <= namesShown ? names.join(', ') : `${names.slice(0, namesShown).join(', ')} and ${names.length - namesShown} more`
  }
}

function nodeOf(of: unknown): unknown {
  return (of as { readonly node?: unknown } | null)?.node
}

function nameOf(member: unknown): unknown {
  return (member as { readonly name?: unknown } | null)?.name
}

/** Reads the fields without assumptions: a value that is no fault names no node. */
function namesOfFault(rule: unknown): unknown[] {
  const { where, effect } = rule as {
    readonly where?: { readonly from?: unknown; readonly to?: unknown }
    readonly effect?: { readonly nodes?: unknown; readonly groups?: unknown }
  }
  const groups = listOf(effect?.groups).flatMap(listOf)
  return [...listOf(where?.from), ...listOf(where?.to), ...listOf(effect?.nodes), ...groups]
}

function listOf(list: unknown): unknown[] {
  return Array.isArray(list) ? list as unknown[] : []
}

/** Characters of a name that are shown. */
const shownMax = 40

function shown(name: unknown): string {
  const text = typeof name === 'string' ? name : JSON.stringify(name) ?? 'nobody'
  return text === '' ? 'a node without a name' : visible(text.slice(0, shownMax))
}
