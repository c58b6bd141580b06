// Time at the lab's hand: freeze, thaw, one step at a time in between, and the conditions at which the cluster freezes by itself.
// The view server is frozen first and thawed last: nobody may look dead to it because it was stopped later than the others.
// It must never decide what a step does, only whether one is taken.
import { breakText, Refused, type BreakCondition, type Envelope } from '../network'
import { viewServerName, type NodeName } from '../protocol'
import { BreakConditions, type BreakingEvent, type EventBody, type FrozenTimer } from '../trace'
import type { ClusterClock } from './cluster-clock'
import { encodeFire, encodeFreeze } from './lab-frames'
import type { Life } from './life'

export interface StandstillOptions {
  readonly nodes: readonly NodeName[]
  readonly clock: ClusterClock
  readonly event: (body: EventBody) => void
  /** The seq of the event that was written last. */
  readonly latestSeq: () => number
  readonly lifeOf: (name: NodeName) => Life | undefined
  /** A life may be handed its mail again. */
  readonly onThawed: (life: Life) => void
}

export class Standstill {
  readonly #options: StandstillOptions
  /** Time stands still: before the start, and in a freeze. */
  #isHolding = true
  #isChanging = false
  /** Time has been set going once. */
  #hasBegun = false
  #freezeNumber = 0
  /** Nodes that were asked to freeze or thaw and have not answered. */
  readonly #answers = new Map<NodeName, (timers: FrozenTimer[]) => void>()
  /** Who waits for the report of a step in a freeze, by node, in the order of the steps. */
  readonly #steps = new Map<NodeName, (() => void)[]>()
  /** The timers of each node, as it told them last. */
  readonly #timers = new Map<NodeName, readonly FrozenTimer[]>()
  readonly conditions: BreakConditions
  /** A condition was met, and the freeze that it asked for is not there yet: nothing more is handed over. */
  #isHeldBack = false

  constructor(options: StandstillOptions) {
    this.#options = options
    this.conditions = new BreakConditions(options.event)
  }

  get isHolding(): boolean { return this.#isHolding }
  get hasBegun(): boolean { return this.#hasBegun }
  get isHeldBack(): boolean { return this.#isHeldBack }

  // ---- freeze and thaw

  freeze(): Promise<void> {
    return this.#alone(async () => {
      if (this.#isHolding) throw new Refused('The cluster is already frozen.')
      await this.#freeze('by hand', 0)
    })
  }

  thaw(): Promise<void> {
    return this.#alone(async () => {
      if (!this.#isHolding) throw new Refused('The cluster is not frozen.')
      this.#options.event({ type: 'thawed', freeze: this.#freezeNumber })
      await this.run()
    })
  }

  /** A branch begins: time was going in what it goes on from, and it stands still at first. `freezes`: how many there were. */
  async beginFrozen(freezes: number): Promise<void> {
    this.#hasBegun = true
    this.#freezeNumber = freezes
    await this.#freeze('a branch begins', 0)
  }

  /** Sets time going, for the first time or after a freeze. */
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

  /** One freeze or thaw at a time: the second would find half of the first. */
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

  /** Tells these nodes and waits for those that can answer: a paused one cannot, one that ends need not. */
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

  /** A life has taken its start: it joins the others in what time does. Resolves when it has. */
  joined(life: Life): Promise<void> {
    if (!this.#isHolding) this.#tell('thaw', life)
    else if (this.#freezeNumber > 0) this.#tell('freeze', life)
    return this.reported(life)
  }

  // ---- what nodes tell

  /** An answer to freeze or thaw, or the report that follows each step in a freeze. */
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

  /** Resolves when this life has reported the step that it was just given; at once for one that cannot, or while time runs. */
  reported(life: Life): Promise<void> {
    if (!this.#isHolding || this.#freezeNumber === 0 || life.isPaused || life.exit) return Promise.resolve()
    return new Promise((settle) => this.#steps.set(life.name, [...this.#steps.get(life.name) ?? [], settle]))
  }

  /** It will answer nothing any more: it has ended, or was stopped. */
  silent(life: Life): void {
    this.#answers.get(life.name)?.([])
    this.#answers.delete(life.name)
    for (const settle of this.#steps.get(life.name)?.splice(0) ?? []) settle()
    if (life.exit) this.#timers.delete(life.name)
  }

  // ---- one step at a time

  /** Resolves when the node has reported the step that it was just given. */
  async step(give: () => Life): Promise<void> {
    if (!this.#isHolding) throw new Refused('The cluster is not frozen.')
    await this.reported(give())
  }

  async fire(name: NodeName, timer: string): Promise<void> {
    await this.step(() => {
      const life = this.#options.lifeOf(name)
      if (!life || life.exit) throw new Refused(`${name} is dead and has no timers.`)
      if (life.isPaused) throw new Refused(`${name} is paused: it does nothing before it is resumed.`)
      const armed = this.#timers.get(name)?.find((candidate) => candidate.name === timer)
      if (!armed) throw new Refused(`${name} has no timer "${timer}".`)
      life.send((writer) => encodeFire(writer, this.#freezeNumber, timer, armed.armed))
      return life
    })
  }

  // ---- break conditions

  /** A message was sent. If that meets a condition, it is not delivered any more. */
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
      // A freeze by hand is under way: it holds what this one would have held.
      this.#isHeldBack = false
    })
  }
}
