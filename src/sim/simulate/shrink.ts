// Shrinks the plan of a bad run while the same check still finds something: fewer faults, operations and nodes, plainer settings, shorter
// times. Greedy and deterministic (delta debugging: large parts first, then single ones). Every step is a run, and the number of runs is
// limited. It must never accept a plan that it has not seen fail.
import type { Fault, FaultEffect } from '../../network'
import { defaultSettings, viewServerName, type Settings } from '../../protocol'
import type { CheckName } from './judges'
import type { Echo, FaultAct, HandAct, Plan, PlannedFault } from './plan'
import type { Programs } from '../programs'
import { runPlan, type PlanRun, type RunPlanOptions } from './run-plan'

export interface Shrunk {
  readonly plan: Plan
  /** The run of that plan. */
  readonly run: PlanRun
  /** How many plans were run. */
  readonly runs: number
  /** False: it reached the limit of runs first. */
  readonly isDone: boolean
}

export interface ShrinkOptions {
  readonly runsMax?: number
  readonly onRun?: (runs: number) => void
  /** True once it must end, whatever is left to try. */
  readonly isOver?: () => boolean
  /** Runs the nodes that are programs of others. */
  readonly programs?: Programs
}

export const usualRunsMax = 5000

/** With fewer messages, the random draws change. So a part that cannot be removed is tried again with this many other seeds. */
const otherLuckMax = 3

/** Throws if the plan does not fail this check. */
export function shrink(plan: Plan, check: CheckName, options: ShrinkOptions = {}): Shrunk {
  return new Shrinker(plan, check, options).play()
}

/** Settings that are tried with the protocol's defaults, in this order. */
const plainerSettings = [
  'transferChunkBytes', 'transferWindow', 'inFlightMax', 'waitingRequestsMax', 'tableClientsMax', 'pingCheckIntervalMs',
  'operationTimeoutMs', 'retryMs', 'backupsWanted',
] as const satisfies readonly (keyof Settings)[]

class Shrinker {
  readonly #check: CheckName
  readonly #runsMax: number
  readonly #options: RunPlanOptions
  readonly #onRun: (runs: number) => void
  readonly #mustEnd: () => boolean
  #runs = 0
  /** The seed of the drawn plan. */
  readonly #seed: string
  #plan: Plan
  #run: PlanRun

  constructor(plan: Plan, check: CheckName, { runsMax = usualRunsMax, onRun = () => undefined, isOver = () => false, programs }: ShrinkOptions) {
    this.#mustEnd = isOver
    this.#check = check
    this.#options = { only: check, ...programs ? { programs } : {} }
    this.#runsMax = runsMax
    this.#onRun = onRun
    this.#seed = plan.seed
    this.#plan = plan
    this.#run = runPlan(plan, this.#options)
    if (this.#run.found === null) throw new Error(`the plan of seed ${plan.seed} does not fail ${check}`)
    this.#runs = 1
    // With names for nodes and messages, and without what comes after the end.
    this.#plan = this.#cameTo(plan, this.#run)
  }

  play(): Shrunk {
    this.#whatAScenarioHas()
    for (let before = ''; before !== this.#text && !this.#isOver;) {
      before = this.#text
      this.#withoutMending()
      this.#fewerKeys()
      this.#fewer((plan) => plan.faults, (plan, faults) => ({ ...plan, faults }))
      this.#fewer((plan) => plan.operations, (plan, operations) => ({ ...plan, operations }))
      this.#fewerNodes()
      this.#plainerSettings()
      this.#smallerFaults()
      this.#plainerOperations()
      this.#shorterGaps()
    }
    return { plan: this.#plan, run: this.#run, runs: this.#runs, isDone: !this.#isOver }
  }

  get #text(): string {
    return JSON.stringify(this.#plan)
  }

  get #isOver(): boolean {
    return this.#runs >= this.#runsMax || this.#mustEnd()
  }

  /** Adopts the plan if it fails in the same way. */
  #try(plan: Plan): boolean {
    if (this.#isOver || JSON.stringify(plan) === this.#text) return false
    this.#onRun(++this.#runs)
    const run = runPlan(plan, this.#options)
    if (run.found === null) return false
    this.#plan = this.#cameTo(plan, run)
    this.#run = run
    return true
  }

  /** Tries a plan without some part; also with other seeds, if its faults depend on chance. */
  #tryWithout(plan: Plan): boolean {
    if (this.#try(plan)) return true
    if (!plan.faults.some(({ act }) => act.type === 'network' && hasLuck(act.fault.effect))) return false
    for (let luck = 1; luck <= otherLuckMax; luck++) if (this.#try({ ...plan, seed: `${this.#seed}.${luck}` })) return true
    return false
  }

  /** The part of the plan that took place, up to the finding. */
  #cameTo(plan: Plan, run: PlanRun): Plan {
    // These checks look at the end of the run; every other finding has its own time.
    const isOfTheEnd = this.#check === 'progress' || this.#check === 'equal-at-end'
    const endMs = isOfTheEnd || run.found === null ? plan.durationMs : Math.min(plan.durationMs, Math.ceil(run.found.atMs))
    const mendAtMs = plan.mendAtMs !== null && plan.mendAtMs <= endMs ? plan.mendAtMs : null
    return { ...plan, durationMs: endMs, mendAtMs, operations: run.operations, faults: run.faults }
  }

  // ---- removing parts

  #fewer<Item>(listOf: (plan: Plan) => readonly Item[], withList: (plan: Plan, list: readonly Item[]) => Plan): void {
    for (let size = Math.ceil(listOf(this.#plan).length / 2); size >= 1; size = size === 1 ? 0 : Math.ceil(size / 2)) {
      // From the end: later items affect the fewest others.
      for (let end = listOf(this.#plan).length; end > 0;) {
        const list = listOf(this.#plan)
        const from = Math.max(0, end - size)
        this.#tryWithout(withList(this.#plan, list.toSpliced(from, end - from)))
        end = Math.min(from, listOf(this.#plan).length)
      }
    }
  }

  #fewerKeys(): void {
    for (const key of new Set(this.#plan.operations.map(({ operation }) => operation.key))) {
      this.#tryWithout({ ...this.#plan, operations: this.#plan.operations.filter(({ operation }) => operation.key !== key) })
    }
  }

  /** Comes first, because a finding is worth more if a scenario can play it: map stores, a new cluster, a view server that does not restart. */
  #whatAScenarioHas(): void {
    if (this.#plan.stores !== 'map') this.#try({ ...this.#plan, stores: 'map' })
    const faults = this.#plan.faults.filter(({ act }) => (act.type !== 'restart' && act.type !== 'restart-with-echoes') || act.node !== viewServerName)
    if (faults.length < this.#plan.faults.length) this.#tryWithout({ ...this.#plan, faults })
    if (!this.#plan.settings.newCluster) this.#tryWithout({ ...this.#plan, settings: { ...this.#plan.settings, newCluster: true } })
  }

  #withoutMending(): void {
    if (this.#plan.mendAtMs !== null) this.#try({ ...this.#plan, mendAtMs: null })
  }

  #fewerNodes(): void {
    while (this.#plan.replicas > 1) {
      const replicas = this.#plan.replicas - 1
      // More backups than there are other servers are useless.
      const settings: Settings = { ...this.#plan.settings, backupsWanted: Math.min(this.#plan.settings.backupsWanted, replicas - 1) }
      if (!this.#tryWithout(withoutNode({ ...this.#plan, replicas, settings }, `s${this.#plan.replicas}`))) break
    }
    while (this.#plan.clients > 1) {
      const { clients, operations } = this.#plan
      const last = `c${clients}`
      const fewer = { ...this.#plan, clients: clients - 1 }
      // Give the operations to another client, or remove them.
      const moved = operations.map((operation) => operation.client === last ? { ...operation, client: 'c1' } : operation)
      if (!this.#tryWithout(withoutNode({ ...fewer, operations: moved }, last)) && !this.#tryWithout(withoutNode(fewer, last))) return
    }
  }

  // ---- simplifying

  #plainerSettings(): void {
    for (const name of plainerSettings) {
      const settings: Settings = { ...this.#plan.settings, [name]: name === 'pingCheckIntervalMs' ? this.#plan.settings.pingIntervalMs : defaultSettings[name] }
      // Skipped for a cluster that wants no backups.
      if (name !== 'backupsWanted' || this.#plan.settings.backupsWanted > 1) this.#try({ ...this.#plan, settings })
    }
  }

  #plainerOperations(): void {
    for (let at = 0; at < this.#plan.operations.length; at++) {
      const { operations } = this.#plan
      const operation = operations[at]
      if (operation === undefined) return
      if (operation.client !== 'c1') this.#try({ ...this.#plan, operations: operations.with(at, { ...operation, client: 'c1' }) })
      if (operation.target !== '') this.#try({ ...this.#plan, operations: this.#plan.operations.map((one, index) => index === at ? { ...one, target: '' } : one) })
      const now = this.#plan.operations[at]
      if (now !== undefined && now.session > 0) this.#try({ ...this.#plan, operations: this.#plan.operations.with(at, { ...now, session: 0 }) })
    }
  }

  #smallerFaults(): void {
    for (let at = 0; at < this.#plan.faults.length; at++) {
      // Repeat as long as some smaller fault still fails.
      for (let isSmaller = true; isSmaller && !this.#isOver;) {
        const fault = this.#plan.faults[at]
        isSmaller = fault !== undefined && smaller(fault.act).some((act) => this.#try({ ...this.#plan, faults: this.#plan.faults.with(at, { ...fault, act }) }))
      }
    }
  }

  // ---- shortening

  /** Moves everything from one time on to earlier. */
  #shorterGaps(): void {
    const tried = new Set<number>()
    for (;;) {
      const moments = momentsOf(this.#plan)
      const at = moments.findIndex((moment, index) => !tried.has(moment) && moment > (moments[index - 1] ?? 0))
      if (at < 0 || this.#isOver) return
      const moment = moments[at] as number
      const gap = moment - (moments[at - 1] ?? 0)
      const by = [gap, Math.floor(gap / 2), Math.floor(gap / 4), Math.floor(gap / 10), 1].find((ms) => ms > 0 && this.#try(sooner(this.#plan, moment, ms)))
      // A gap that was removed is tried again, for what follows at the same time.
      if (by === undefined) tried.add(moment)
      else if (by === gap) tried.delete(moment)
    }
  }
}

/** The times at which something begins, and the end; each once, in order. */
function momentsOf({ operations, faults, mendAtMs, durationMs }: Plan): number[] {
  const all = [...operations.map(({ atMs }) => atMs), ...faults.map(({ atMs }) => atMs), ...mendAtMs === null ? [] : [mendAtMs], durationMs]
  return [...new Set(all)].sort((one, other) => one - other)
}

function sooner(plan: Plan, fromMs: number, byMs: number): Plan {
  const move = (ms: number): number => ms >= fromMs ? ms - byMs : ms
  const moved = <Item extends { readonly atMs: number }>(items: readonly Item[]): Item[] => items.map((item) => ({ ...item, atMs: move(item.atMs) }))
  return {
    ...plan, durationMs: move(plan.durationMs), mendAtMs: plan.mendAtMs === null ? null : move(plan.mendAtMs),
    operations: moved(plan.operations), faults: moved(plan.faults),
  }
}

function withoutNode(plan: Plan, name: string): Plan {
  const faults = plan.faults.flatMap((fault): PlannedFault[] => {
    const act = actWithout(fault.act, name)
    return act ? [{ ...fault, act }] : []
  })
  return { ...plan, faults, operations: plan.operations.filter(({ client, target }) => client !== name && target !== name) }
}

/** The fault in a cluster without this node; null if nothing remains of it. */
function actWithout(act: FaultAct, name: string): FaultAct | null {
  switch (act.type) {
    case 'kill':
    case 'restart':
    case 'pause': return act.node === name ? null : act
    case 'restart-with-echoes': {
      if (act.node === name) return null
      return { ...act, echoes: act.echoes.filter(({ pick }) => pick.type !== 'nth' || (pick.from !== name && pick.to !== name)) }
    }
    case 'disconnect': return act.client === name || act.server === name ? null : act
    case 'late-copy': return act.of.from === name || act.of.to === name ? null : act
    case 'resend': return act.pick.type === 'nth' && (act.pick.from === name || act.pick.to === name) ? null : act
    case 'freeze': return { ...act, hands: act.hands.filter((hand) => !handNames(hand).includes(name)) }
    case 'network': {
      const { where, effect } = act.fault
      if (where.from.includes(name) || where.to.includes(name)) return null
      if (effect.type === 'isolate') return effect.nodes.includes(name) ? null : act
      if (effect.type !== 'partition') return act
      const groups = effect.groups.map((group) => group.filter((one) => one !== name))
      return groups.some((group) => group.length === 0) ? null : { ...act, fault: { ...act.fault, effect: { ...effect, groups } } }
    }
  }
}

function handNames(hand: HandAct): string[] {
  if (hand.type === 'fire') return [hand.node]
  return hand.pick.type === 'nth' ? [hand.pick.from, hand.pick.to] : []
}

/** Smaller variants of a fault, the smallest first. */
function smaller(act: FaultAct): FaultAct[] {
  switch (act.type) {
    case 'kill':
    case 'pause': return shorter(act.forMs).map((forMs) => ({ ...act, forMs }))
    case 'network': return [...surer(act.fault).map((fault) => ({ ...act, fault })), ...shorter(act.forMs).map((forMs) => ({ ...act, forMs }))]
    case 'late-copy': return shorter(act.lateMs).map((lateMs) => ({ ...act, lateMs }))
    case 'freeze': return act.hands.map((_, at) => ({ ...act, hands: act.hands.toSpliced(at, 1) }))
    case 'resend': {
      const { pick } = act
      return pick.type === 'nth' && pick.which > 1 ? [1, Math.ceil(pick.which / 2)].filter((which) => which < pick.which).map((which) => ({ ...act, pick: { ...pick, which } })) : []
    }
    case 'restart-with-echoes': return [
      { type: 'restart', node: act.node }, ...act.echoes.map((_, at) => ({ ...act, echoes: act.echoes.toSpliced(at, 1) })),
      ...act.echoes.flatMap((echo, at) => fewerTimes(echo).map((less) => ({ ...act, echoes: act.echoes.with(at, less) }))),
    ]
    case 'restart':
    case 'disconnect': return []
  }
}

function fewerTimes(echo: Echo): Echo[] {
  return [...new Set([1, Math.ceil(echo.times / 2)])].filter((times) => times < echo.times).map((times) => ({ ...echo, times }))
}

/** Variants of a fault that depend less on chance: always, with a constant delay, or once. */
function surer(fault: Fault): Fault[] {
  const { effect } = fault
  const less: FaultEffect[] = []
  if ('probability' in effect && effect.probability < 1) less.push({ ...effect, probability: 1 })
  if (effect.type === 'delay' && effect.delay.type === 'uniform') less.push({ ...effect, delay: { type: 'constant', ms: effect.delay.maxMs } })
  return [...less.map((one) => ({ ...fault, effect: one })), ...fault.times === 0 && effect.type !== 'partition' ? [{ ...fault, times: 1 }] : []]
}

function hasLuck(effect: FaultEffect): boolean {
  const isUnsure = ('probability' in effect && effect.probability < 1) || ('delay' in effect && effect.delay.type !== 'constant')
  return isUnsure || effect.type === 'unreliable'
}

function shorter(ms: number): number[] {
  return [...new Set([Math.floor(ms / 8), Math.floor(ms / 2)])].filter((less) => less > 0 && less < ms)
}
