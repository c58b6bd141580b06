// Counts what a simulated run has reached, from its events: what happened, not what was planned. It must never change the run, and never
// count a fault without effect as one that had an effect.
import { incarnationOfId } from '../../check'
import { retriedBy, retryTimer, type Message, type NodeName, type Operation, type Role } from '../../protocol'
import type { EventOf, Recorded, TraceEvent } from '../../trace'
import { coverageKinds, forEarlierLives, fromEarlierLives } from './coverage-kinds'
import type { Reached } from './coverage-of-runs'
import { operationKind } from './operation-kinds'
import type { HandAct, Plan, PlannedFault } from './plan'
import type { PlanRun } from './run-plan'
import { TransferCoverage } from './transfer-coverage'

interface Sent {
  readonly from: NodeName
  readonly to: NodeName
  readonly message: Recorded<Message>
  /** The receiver's incarnation at the time of sending. */
  readonly toLife: number
}

/** How many pings of one earlier incarnation make a series. */
const rowOfPings = 4

export class RunCoverage {
  readonly #plan: Plan
  readonly #reached = new Map<string, number>()
  readonly #transfers: TransferCoverage
  readonly #lives = new Map<NodeName, number>()
  readonly #sent = new Map<string, Sent>()
  /** By operation id. `isMissing`: its key was never written, or was deleted last. */
  readonly #asked = new Map<number, { readonly operation: Recorded<Operation>; readonly isStraight: boolean; readonly isMissing: boolean }>()
  /** Whether each key has a value, by the last return. */
  readonly #isThere = new Map<string, boolean>()
  /** By server: what it believes. */
  readonly #beliefs = new Map<NodeName, { readonly role: Role; readonly viewnum: number; readonly serving: boolean }>()
  /** By client id and request id: the viewnum in its last send. */
  readonly #tags = new Map<string, number>()
  /** Clients in the order of their last execution, each with the request that it executed last. */
  readonly #table = new Map<string, number>()
  readonly #earlierPings = new Map<string, number>()
  readonly #forwards = new Map<string, number>()
  readonly #wasForwarded = new Set<string>()
  readonly #struck = new Set<string>()
  #view: { readonly backups: readonly { readonly name: string; readonly incarnation: number }[]; readonly viewnum: number } = { backups: [], viewnum: 0 }

  constructor(plan: Plan) {
    this.#plan = plan
    this.#transfers = new TransferCoverage(plan.settings, (kind) => this.#add('limit', kind))
  }

  take(event: TraceEvent): void {
    switch (event.type) {
      case 'node-started': return void this.#lives.set(event.node, event.incarnation)
      case 'message-sent': return this.#noteSent(event)
      case 'message-taken': return this.#taken(event)
      case 'message-dropped': return 'fault' in event.reason ? this.#strike(event.reason.fault) : undefined
      case 'message-delayed': return this.#strike(event.fault)
      case 'message-held': return this.#strike(event.reason)
      case 'message-duplicated': {
        const original = this.#sent.get(event.of)
        if (original) this.#sent.set(event.id, original)
        return this.#strike(event.reason)
      }
      case 'role-changed': return void this.#beliefs.set(event.node, { role: event.role, viewnum: event.viewnum, serving: event.serving })
      case 'view-changed': return this.#viewChanged(event)
      case 'stuck': return event.stuck === null ? undefined : this.#add('views', `stuck: ${event.stuck.type}`)
      case 'ping-resumed': return this.#add('views', 'a dead server is heard again')
      case 'transfer-installed': return this.#transfers.installed(event)
      case 'operation-invoked': return this.#invoked(event)
      case 'operation-returned': return this.#returned(event)
      default: return
    }
  }

  /** All that the run has reached; `run` is the run of the plan. */
  end(run: PlanRun): Reached {
    this.#settings()
    this.#cluster()
    for (const fault of run.faults) this.#fault(fault)
    this.#add('end', run.isStuck ? 'stuck' : 'serves')
    this.#add('end', `history ${run.history}`)
    if (run.isExcused) this.#add('limit', 'not judged: an evicted client\'s request may be executed twice')
    return Object.fromEntries(this.#reached)
  }

  #add(group: string, kind: string): void {
    const name = `${group}: ${kind}`
    this.#reached.set(name, (this.#reached.get(name) ?? 0) + 1)
  }

  // ---- what was drawn

  #settings(): void {
    const { settings } = this.#plan
    for (const kind of coverageKinds['setting'] ?? []) {
      const [name = '', value] = kind.split(' ')
      if (name in settings && String(settings[name as keyof typeof settings]) === value) this.#add('setting', kind)
    }
    const { pingIntervalMs, pingCheckIntervalMs } = settings
    const often = pingCheckIntervalMs === pingIntervalMs ? 'as often as' : pingCheckIntervalMs < pingIntervalMs ? 'more often than' : 'more rarely than'
    this.#add('setting', `checks ${often} pings`)
  }

  #cluster(): void {
    const { replicas, clients, stores } = this.#plan
    for (const kind of [`stores ${stores}`, `${replicas} servers`, `${clients} clients`]) this.#add('cluster', kind)
  }

  // ---- faults

  #strike(fault: string): void {
    this.#struck.add(fault)
  }

  #fault({ id, act }: PlannedFault): void {
    const waits = this.#plan.faults.find((planned) => planned.id === id)?.waits
    if (waits) this.#add('fault', waits.moment === 'transfer' ? 'in a transfer' : 'while forwards are in flight')
    switch (act.type) {
      case 'kill':
      case 'restart':
      case 'pause': return this.#add('fault', `${act.type} of ${kindOfNode(act.node)}`)
      case 'restart-with-echoes': return this.#add('fault', `restart with echoes of ${kindOfNode(act.node)}`)
      case 'late-copy':
        if (this.#struck.has(`${act.name}, late`)) this.#add('fault', 'late copy')
        return
      case 'resend':
      case 'disconnect': return this.#add('fault', act.type)
      case 'freeze':
        this.#add('fault', 'freeze')
        for (const hand of act.hands) this.#add('fault', handText(hand))
        return
      case 'network': {
        const { name, effect, times } = act.fault
        if (!this.#struck.has(name)) return
        this.#add('fault', `${effect.type}, and it struck`)
        if (times > 0) this.#add('fault', 'a fault of one message')
      }
    }
  }

  // ---- operations

  #invoked({ operation: { operationId, operation, target } }: EventOf<'operation-invoked'>): void {
    if (operation.type === 'call') return
    this.#asked.set(operationId, { operation, isStraight: target !== '', isMissing: this.#isThere.get(operation.key) !== true })
  }

  #returned({ operationId, outcome }: EventOf<'operation-returned'>): void {
    const asked = this.#asked.get(operationId)
    if (!asked) return
    const { operation, isStraight, isMissing } = asked
    const given = operationKind(operation, outcome)
    if (given !== '') this.#add('operation', given)
    if (isStraight) this.#add('operation', `straight: ${outcome.type === 'ok' ? 'ok' : outcome.type === 'failed' ? 'refused for certain' : 'unknown'}`)
    if (outcome.type === 'unknown') return this.#add('operation', `unknown: ${outcome.reason}`)
    if (outcome.type === 'failed') return outcome.reason === 'never-sent' ? this.#add('operation', 'failed: never sent') : undefined
    if (outcome.replayed) this.#add('operation', outcome.viewnum > outcome.executedViewnum ? 'answered from the table of a later primary' : 'answered from the table')
    if (operation.type === 'append' && isMissing && outcome.result.type === 'done') this.#add('operation', 'append to a missing key')
    if (outcome.result.type === 'done' && operation.type !== 'get') this.#isThere.set(operation.key, operation.type !== 'delete')
  }

  // ---- messages

  #noteSent({ id, from, to, message }: EventOf<'message-sent'>): void {
    this.#sent.set(id, { from, to, message, toLife: this.#lives.get(to) ?? 0 })
    switch (message.type) {
      case 'request': {
        const key = `${message.clientId} ${message.requestId}`
        if (this.#tags.has(key)) this.#add('limit', 'a request again')
        this.#tags.set(key, message.viewnum)
        return
      }
      case 'rejected': return this.#rejected(from, message)
      case 'not-yet': return this.#add('views', message.clientId === '' ? 'not-yet to a server' : 'not-yet to a client')
      case 'reply':
        if (message.replayed || message.seq === 0) return
        this.#table.delete(message.clientId)
        this.#table.set(message.clientId, message.requestId)
        if (this.#table.size > this.#plan.settings.tableClientsMax) this.#add('limit', 'a client evicted from the table')
        return
      case 'forward': {
        const key = `${to} ${message.viewnum} ${message.seq}`
        if (this.#wasForwarded.has(key)) this.#add('limit', 'a forward again')
        this.#wasForwarded.add(key)
        return
      }
      case 'state-transfer': return this.#transfers.sent(to, message)
      default: return
    }
  }

  #rejected(from: NodeName, { reason }: Recorded<Extract<Message, { type: 'rejected' }>>): void {
    this.#add('views', `rejected: ${reason}`)
    if (reason === 'busy') this.#add('limit', this.#beliefs.get(from)?.serving ? 'busy with what is in flight' : 'busy while a view starts')
  }

  #taken({ id, node }: EventOf<'message-taken'>): void {
    const sent = this.#sent.get(id)
    if (!sent) return
    const { from, message, toLife } = sent
    const isFromEarlier = incarnationOfId(id) < (this.#lives.get(from) ?? 0)
    if (isFromEarlier && isAmong(fromEarlierLives, message.type)) this.#add('lives', `${message.type} of an earlier life`)
    if (toLife < (this.#lives.get(node) ?? 0) && isAmong(forEarlierLives, message.type)) this.#add('lives', `${message.type} for an earlier life`)
    const adopted = this.#beliefs.get(node)?.viewnum ?? 0
    switch (message.type) {
      case 'ping':
        if (isFromEarlier) this.#pingOfEarlier(from, message.incarnation)
        else this.#ackOfLaterLife(message)
        return
      case 'forward':
        if (message.viewnum < adopted) this.#add('views', 'forward of an earlier view')
        if (message.seq <= this.#transfers.installedAt(node, adopted)) this.#add('views', 'a forward at or under the state that was transferred since')
        return this.#forwardTaken(node, message)
      case 'forward-ack': return message.viewnum < adopted ? this.#add('views', 'forward-ack of an earlier view') : undefined
      case 'state-transfer':
        this.#transfers.taken(node, message)
        return message.viewnum < adopted ? this.#add('views', 'chunk of an earlier view') : undefined
      case 'state-transfer-ack': return message.viewnum < adopted ? this.#add('views', 'ack of a chunk of an earlier view') : undefined
      case 'view-reply': return message.view.viewnum < adopted ? this.#add('views', 'view-reply of an earlier view') : undefined
      case 'request': return message.viewnum < adopted ? this.#add('views', `request of an earlier view, ${this.#isServingPrimary(node) ? 'answered' : 'refused'}`) : undefined
      case 'rejected': {
        const tag = this.#tags.get(`${message.clientId} ${message.requestId}`)
        return tag !== undefined && tag > message.requestViewnum ? this.#add('views', 'rejection of an earlier send') : undefined
      }
      default: return
    }
  }

  #isServingPrimary(node: NodeName): boolean {
    const belief = this.#beliefs.get(node)
    return belief?.role === 'primary' && belief.serving
  }

  #pingOfEarlier(from: NodeName, life: number): void {
    const key = `${from} ${life}`
    const count = (this.#earlierPings.get(key) ?? 0) + 1
    this.#earlierPings.set(key, count)
    if (count === rowOfPings) this.#add('lives', 'pings of an earlier life, one after another')
  }

  #ackOfLaterLife({ viewnum, initialised }: Recorded<Extract<Message, { type: 'ping' }>>): void {
    if (viewnum !== this.#view.viewnum) return
    const isLater = initialised.some(({ name, incarnation }) => this.#view.backups.some((backup) => backup.name === name && backup.incarnation < incarnation))
    if (isLater) this.#add('lives', 'an ack of the view for a later life than it names')
  }

  #forwardTaken(node: NodeName, { viewnum, seq }: Recorded<Extract<Message, { type: 'forward' }>>): void {
    const key = `${node} ${viewnum}`
    const highest = this.#forwards.get(key) ?? this.#transfers.installedAt(node, viewnum)
    if (highest > 0 && seq > highest + 1) this.#add('limit', 'a forward ahead of its turn')
    if (seq > highest) this.#forwards.set(key, seq)
  }

  #viewChanged({ view, cause }: EventOf<'view-changed'>): void {
    this.#view = view
    if (cause.type !== 'change') return
    for (const { because } of cause.left) this.#add('views', `left: ${because}`)
    if (cause.left.length > 1) this.#add('views', 'several left at once')
    if (cause.promoted !== '') this.#add('views', 'a backup promoted')
    if (cause.joined.length > 0) this.#add('views', cause.joined.length > 1 ? 'several joined at once' : 'a server joined')
    if (cause.promoted !== '' && cause.joined.length > 0) this.#add('views', 'a backup promoted and others joined')
  }
}

function kindOfNode(node: NodeName): string {
  return node === 'vs' ? 'the view server' : node.startsWith('c') ? 'a client' : 'a server'
}

function handText(hand: HandAct): string {
  if (hand.type !== 'fire') return `${hand.type === 'drop' ? 'dropped' : hand.type === 'deliver' ? 'delivered' : 'duplicated'} by hand`
  if (hand.timer === retryTimer(0)) return 'a client\'s retry fired by hand'
  return `${retriedBy(hand.timer) === undefined ? hand.timer : 'retry'} fired by hand`
}

function isAmong(kinds: readonly string[], kind: string): boolean {
  return kinds.includes(kind)
}
