// Freezes and thaws the cluster, executes single steps in between, and holds the conditions that freeze it. The view server is frozen first and
// thawed last, so that no server looks dead because it was stopped longer than the view server. It must never decide what a step does, only whether
// one is taken.
import type { BreakConditions, BreakingEvent } from '../../core'
import { breakText, Refused, type BreakCondition, type Envelope } from '../../network'
import { viewServerName, type NodeName } from '../../protocol'
import type { EventBody, FrozenTimer } from '../../trace'
import type { ClusterClock } from './cluster-clock'
import { encodeFire, encodeFreeze, freezesMax } from '../wire/lab-frames'
import type { Life } from './life'

export interface StandstillOptions {
  readonly nodes: readonly NodeName[]
  readonly clock: ClusterClock
  readonly event: (body: EventBody) => void
  /** The seq of the last event. */
  readonly latestSeq: () => number
  readonly lifeOf: (name: NodeName) => Life | undefined
  readonly conditions: BreakConditions
  /** Called when a node may get deliveries again. */
  readonly onThawed: (life: Life) => void
}

export class Standstill {
  readonly #options: StandstillOptions
  /** True while the cluster is frozen, and before its start. */
  #isHolding = true
  #isChanging = false
  /** Cluster time has begun. */
  #hasBegun = false
  #freezeNumber = 0
  /** Nodes with an unanswered freeze or thaw. */
  readonly #answers = new Map<NodeName, (timers: FrozenTimer[]) => void>()
  /** Callbacks that wait for the report of a step in a freeze, by node, in the order of the steps. */
  readonly #steps = new Map<NodeName, (() => void)[]>()
  /** The timers of each node, from its last report. */
  readonly #timers = new Map<NodeName, readonly FrozenTimer[]>()
  readonly conditions: BreakConditions
  /** A condition was met and its freeze is still in progress: nothing more is delivered. */
  #isHeldBack = false
  /** The cluster is frozen, or about to be, because too much is queued. It thaws by itself. */
  #isForRoom = false

  constructor(options: StandstillOptions) {
    this.#options = options
    this.conditions = options.conditions
  }

  get isHolding(): boolean { return this.#isHolding }
  get hasBegun(): boolean { return this.#hasBegun }
  get isHeldBack(): boolean { return this.#isHeldBack }

  // ---- freeze and thaw

  freeze(): Promise<void> {
    return this.#alone(() => this.#freeze('by hand', 0))
  }

  thaw(): Promise<void> {
    return this.#alone(async () => {
      this.#isForRoom = false
      this.#options.event({ type: 'thawed', freeze: this.#freezeNumber })
      await this.run()
    })
  }

  /** Freezes until there is room: so many events wait for the disk or the lab that nothing may be produced, not even by servers. */
  makeRoom(reason: string): void {
    if (this.#isHolding || this.#isChanging) return
    this.#isForRoom = true
    this.#isHeldBack = true
    this.#alone(() => this.#freeze(reason, 0)).then(() => {
      if (!this.#isForRoom) this.#goOn()
    }, () => { this.#isHeldBack = false }) // Another freeze is in progress.
  }

  hasRoom(): void {
    if (!this.#isForRoom) return
    this.#isForRoom = false
    if (!this.#isChanging) this.#goOn()
  }

  #goOn(): void {
    // The user may have thawed it already.
    if (this.#isHolding) this.thaw().catch(() => undefined)
  }

  /** Begins a branch, frozen at first; the parent's time was running. `freezes`: how many freezes the parent had. */
  async beginFrozen(freezes: number): Promise<void> {
    if (freezes >= freezesMax) throw new Refused(`What this goes on from was frozen ${freezes} times, and a cluster counts to ${freezesMax}.`)
    this.#hasBegun = true
    this.#freezeNumber = freezes
    await this.#freeze('a branch begins', 0)
  }

  /** Starts cluster time, for the first time or after a freeze. */
  async run(): Promise<void> {
    this.#hasBegun = true
    this.#options.clock.run()
    this.#isHolding = false
    this.#timers.clear()
    await this.#ask('thaw', this.#others())
    await this.#ask('thaw', [viewServerName])
  }

  async #freeze(reason: string, metBy: number): Promise<void> {
    this.#freezeNumber++
    const timers = await this.#ask('freeze', [viewServerName])
    timers.push(...await this.#ask('freeze', this.#others()))
    this.#isHolding = true
    this.#isHeldBack = false
    this.#options.clock.stand()
    this.#options.event({ type: 'frozen', freeze: this.#freezeNumber, timers, reason, metBy })
  }

  /** Allows one freeze or thaw at a time; a second one would find the first half done. */
  async #alone(change: () => Promise<void>): Promise<void> {
    if (this.#isChanging) throw new Refused('The cluster is just being frozen or thawed.')
    this.#isChanging = true
    try {
      await change()
    } finally {
      this.#isChanging = false
    }
  }

  #others(): NodeName[] {
    return this.#options.nodes.filter((name) => name !== viewServerName)
  }

  /** Sends the request to these nodes and waits for those that can answer: a paused or ending node cannot. */
  async #ask(kind: 'freeze' | 'thaw', names: readonly NodeName[]): Promise<FrozenTimer[]> {
    const answers = names.map((name) => {
      const life = this.#options.lifeOf(name)
      if (!life?.isStarted) return Promise.resolve([])
      const canAnswer = !life.isPaused && !life.exit
      const answer = canAnswer ? new Promise<FrozenTimer[]>((settle) => this.#answers.set(name, settle)) : Promise.resolve([])
      this.#tell(kind, life)
      return answer
    })
    return (await Promise.all(answers)).flat()
  }

  #tell(kind: 'freeze' | 'thaw', life: Life): void {
    life.isFrozen = kind === 'freeze'
    life.send((writer) => encodeFreeze(writer, kind, this.#freezeNumber))
    if (kind === 'thaw') this.#options.onThawed(life)
  }

  /** A node has taken its start input: sends it the present freeze or thaw. Resolves when it has reported. */
  joined(life: Life): Promise<void> {
    if (!this.#isHolding) this.#tell('thaw', life)
    else if (this.#freezeNumber > 0) this.#tell('freeze', life)
    return this.reported(life)
  }

  // ---- reports of nodes

  /** A node's answer to a freeze or thaw, or its report after each step in a freeze. */
  answered(life: Life, freeze: number, text: string): void {
    if (freeze !== this.#freezeNumber) return
    const told = text === '' ? [] : JSON.parse(text) as Omit<FrozenTimer, 'node'>[]
    const timers = told.map((timer) => ({ node: life.name, ...timer }))
    this.#timers.set(life.name, timers)
    const settle = this.#answers.get(life.name)
    this.#answers.delete(life.name)
    if (settle) return settle(timers)
    if (this.#isHolding) this.#options.event({ type: 'timers-stopped', node: life.name, timers })
    this.#stepped(life)
  }

  #stepped(life: Life): void {
    this.#steps.get(life.name)?.shift()?.()
  }

  /** Resolves when this node has reported the step that it was just given; at once if it cannot report, or while time runs. */
  reported(life: Life): Promise<void> {
    if (!this.#isHolding || this.#freezeNumber === 0 || life.isPaused || life.exit) return Promise.resolve()
    return new Promise((settle) => this.#steps.set(life.name, [...this.#steps.get(life.name) ?? [], settle]))
  }

  /** The node will answer nothing more: it has ended or was stopped. */
  silent(life: Life): void {
    this.#answers.get(life.name)?.([])
    this.#answers.delete(life.name)
    for (const settle of this.#steps.get(life.name)?.splice(0) ?? []) settle()
    if (life.exit) this.#timers.delete(life.name)
  }

  // ---- one step at a time

  /** The timer's count from the node's last report; undefined for a timer that is not armed. */
  armed({ name }: Life, timer: string): number | undefined {
    return this.#timers.get(name)?.find((candidate) => candidate.name === timer)?.armed
  }

  /** Resolves when the node has reported the step. */
  fire(life: Life, timer: string, armed: number): Promise<void> {
    life.send((writer) => encodeFire(writer, this.#freezeNumber, timer, armed))
    return this.reported(life)
  }

  // ---- break conditions

  /** A message was sent. If it meets a condition, it is not delivered any more. */
  watchMessage(envelope: Envelope): void {
    const met = this.conditions.metByMessage(envelope)
    if (met) this.#met(met)
  }

  watchEvent(event: BreakingEvent): void {
    const met = this.conditions.metByEvent(event)
    if (met) this.#met(met)
  }

  #met(condition: BreakCondition): void {
    if (this.#isHolding || this.#isHeldBack) return
    const seq = this.#options.latestSeq()
    this.#isHeldBack = true
    if (!condition.stays) this.conditions.remove(condition.name)
    this.#alone(() => this.#freeze(breakText(condition), seq)).catch(() => {
      // A freeze by hand is in progress, and holds the same deliveries.
      this.#isHeldBack = false
    })
  }
}
