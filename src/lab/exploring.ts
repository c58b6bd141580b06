// Runs the explorations that a screen asks for, one at a time: from a new cluster or from a snapshot of the session.
// It must only read the session. lab.ts shows what is found as a new session.
import { availableParallelism } from 'node:os'
import { defaultSettings } from '../protocol'
import { Refusal, type ExploreRequest, type ExploreStanding } from '../contract'
import {
  actText, counterexample, defaultPlan, LivesOfTrace, planProblem, playActs, StandingLives,
  type Act, type Counterexample, type ExplorePlan, type Lives,
} from '../sim'
import { whyNoMoment, type ClusterAct, type TraceHeader } from '../trace'
import { eventsOf } from './branch'
import { ExplorationPool, type ExplorationEnd } from './exploration-pool'
import type { Session } from './session'

/** At most so many events before the snapshot: every worker replays each node through them. */
const eventsBeforeMax = 300_000
const statesMax = 12_000_000
const readWaitMs = 250
/** An exploration that no window has asked about for this long is cancelled. A closed or reloaded window must not keep every core busy. */
const unreadMsMax = 60_000
const unreadAskedMs = 1000

/** The found path, ready to be shown. */
export type FoundWay =
  | { readonly type: 'recording'; readonly example: Counterexample }
  | { readonly type: 'branch'; readonly session: number; readonly seq: number; readonly acts: readonly ClusterAct[] }

interface Snapshot {
  readonly session: number
  readonly seq: number
  readonly lives: Lives
}

class Exploration {
  readonly plan: ExplorePlan
  readonly snapshot: Snapshot | null
  readonly pool: ExplorationPool
  end: ExplorationEnd | null = null
  acts: readonly Act[] = []
  readonly #now: () => number
  #readAt: number
  #isPaused = false
  #ran = 0
  #since: number | null = performance.now()

  constructor(plan: ExplorePlan, snapshot: Snapshot | null, { program, now, workersMax = Infinity }: Pick<ExploringOptions, 'program' | 'now' | 'workersMax'>) {
    this.plan = plan
    this.snapshot = snapshot
    this.#now = now
    this.#readAt = now()
    // A timer, as a paused exploration reports no progress.
    const timer = setInterval(() => { if (now() - this.#readAt > unreadMsMax) this.pool.cancel() }, unreadAskedMs).unref()
    this.pool = new ExplorationPool({
      plan, ...snapshot ? { lives: snapshot.lives } : {}, workers: Math.min(workersMax, availableParallelism()), program,
    })
    void this.pool.ended.then((end) => {
      clearInterval(timer)
      this.#stopWatch()
      if (end.type === 'found') this.acts = this.pool.acts(end.path)
      this.end = end
    })
  }

  get isRunning(): boolean {
    return this.end === null && !this.#isPaused
  }

  steer(act: 'pause' | 'resume' | 'cancel'): void {
    if (act === 'cancel') return this.pool.cancel()
    if (this.end) return
    this.#isPaused = act === 'pause'
    if (act === 'pause') {
      this.#stopWatch()
      this.pool.pause()
    } else {
      this.#since ??= performance.now()
      this.pool.resume()
    }
  }

  standing(): ExploreStanding {
    this.#readAt = this.#now()
    const { states, steps, queue, depth, bytes } = this.pool.progress
    const ms = Math.round(this.#ran + (this.#since === null ? 0 : performance.now() - this.#since))
    return { states, steps, queue, depth, bytes, ms, paused: this.#isPaused && !this.end, end: this.end && { ...this.#endOf(this.end), way: this.acts.map(actText) } }
  }

  #endOf(end: ExplorationEnd): { type: 'found' | 'complete' | 'bound' | 'cancelled' | 'failed'; rule: string; text: string } {
    const { depth } = this.pool.progress
    const { goal } = this.plan
    switch (end.type) {
      case 'found': {
        const reached = goal === 'stuck' ? `The cluster can get stuck. ${this.pool.stuckAfter(end.path)}` : 'Every operation can end.'
        return { type: 'found', rule: end.violation?.rule ?? '', text: end.violation?.text ?? reached }
      }
      case 'complete': {
        const none = goal === 'violation' ? 'No order breaks a rule.' : goal === 'stuck' ? 'No order gets the cluster stuck.' : 'No order lets every operation end.'
        return { type: 'complete', rule: '', text: `${none} Every state was seen, to ${depth} steps.` }
      }
      case 'bound': return { type: 'bound', rule: '', text: `Nothing was found in ${depth} steps; ${end.bound === 'depth' ? 'no more were asked for.' : 'more states are not kept.'}` }
      case 'cancelled': return { type: 'cancelled', rule: '', text: `Stopped: nothing was found in ${depth} steps.` }
      case 'failed': return { type: 'failed', rule: '', text: end.reason }
    }
  }

  #stopWatch(): void {
    if (this.#since !== null) this.#ran += performance.now() - this.#since
    this.#since = null
  }
}

export interface ExploringOptions {
  /** The path of the built worker; empty if this lab cannot explore. */
  readonly program: string
  /** A monotonic clock in milliseconds; replaced in tests. */
  readonly now: () => number
  /** The shown session; throws a `Refusal` for any other number. */
  readonly session: (number: number) => Session
  /** The limit of worker threads; never more than there are cores. */
  readonly workersMax?: number
  /** Why no exploration may run now; empty if one may. */
  readonly problem?: () => string
}

export class Exploring {
  readonly #options: ExploringOptions
  #number = 0
  #present: Exploration | null = null

  constructor(options: ExploringOptions) {
    this.#options = options
  }

  async begin(session: number, request: ExploreRequest): Promise<number> {
    const { program } = this.#options
    if (program === '') throw new Refusal('This lab does not explore.')
    const snapshot = request.seq === 0 ? null : await this.#snapshotOf(session, request.seq)
    const plan = planOf(request, snapshot?.lives ?? null)
    const problem = planProblem(plan)
    if (problem !== undefined) throw new Refusal(problem)
    if (!snapshot && request.backupsWanted >= request.replicas) throw new Refusal('There must be more replicas than backups.')
    this.#requireRoom()
    this.stop()
    this.#present = new Exploration(plan, snapshot, this.#options)
    return ++this.#number
  }

  /** Long poll: resolves when the exploration ends, or after a short wait. */
  async read(number: number): Promise<ExploreStanding> {
    const exploration = this.#of(number)
    if (!exploration.end) {
      await Promise.race([exploration.pool.ended, new Promise((settle) => setTimeout(settle, readWaitMs))])
    }
    return exploration.standing()
  }

  steer(number: number, act: 'pause' | 'resume' | 'cancel'): void {
    const exploration = this.#of(number)
    if (act === 'resume') this.#requireRoom()
    exploration.steer(act)
  }

  /** The found path; throws a `Refusal` if there is none. */
  async way(number: number): Promise<FoundWay> {
    const { plan, snapshot, acts, end } = this.#of(number)
    if (end?.type !== 'found') throw new Refusal('Nothing was found that could be shown.')
    if (!snapshot) return { type: 'recording', example: await counterexample(plan, titleOf(plan, end.violation?.rule ?? ''), acts, end.violation) }
    const lives = new StandingLives(snapshot.lives)
    await playActs(acts, lives)
    return { type: 'branch', session: snapshot.session, seq: snapshot.seq, acts: lives.acts }
  }

  /** False while paused, as it then uses no core. */
  get isRunning(): boolean {
    return this.#present?.isRunning === true
  }

  #requireRoom(): void {
    const refused = this.#options.problem?.() ?? ''
    if (refused !== '') throw new Refusal(refused)
  }

  stop(): void {
    this.#present?.pool.cancel()
  }

  #of(number: number): Exploration {
    if (number !== this.#number || !this.#present) throw new Refusal('This exploration is over; another was begun.')
    return this.#present
  }

  async #snapshotOf(number: number, seq: number): Promise<Snapshot> {
    const session = this.#options.session(number)
    const header = JSON.parse(session.view().header) as TraceHeader
    const why = whyNoMoment(header)
    if (why !== '') throw new Refusal(`${why}: there is nothing to explore.`)
    if (seq > session.log.latest) throw new Refusal(`There is no event #${seq}; the newest is #${session.log.latest}.`)
    if (seq > eventsBeforeMax) throw new Refusal(`Every worker would have to step through ${seq} events first; explore from an event before #${eventsBeforeMax}.`)
    const gathered = new LivesOfTrace(header)
    for await (const events of eventsOf(session)) {
      for (const event of events) {
        // Up to the end of the step: the messages that it sent belong to the snapshot.
        if (event.seq > seq && event.type !== 'message-sent') return this.#snapshotAt(number, event.seq - 1, gathered)
        gathered.take(event)
      }
    }
    return this.#snapshotAt(number, session.log.latest, gathered)
  }

  #snapshotAt(session: number, seq: number, gathered: LivesOfTrace): Snapshot {
    if (gathered.paused !== undefined) throw new Refusal(`${gathered.paused} is paused at that moment and takes no step; explore from a moment at which it runs.`)
    if (gathered.lives.nodes.every(({ inputs }) => inputs === null)) throw new Refusal('Nothing lives at that moment; explore from a later one.')
    return { session, seq, lives: gathered.lives }
  }
}

function planOf(request: ExploreRequest, lives: Lives | null): ExplorePlan {
  const { replicas, clients, backupsWanted, mutants, program, goal, depth, crashes, restarts, losses, duplicates } = request
  const bounds = { depth, crashes, restarts, losses, duplicates, statesMax }
  const count = (kind: string): number => lives?.nodes.filter((node) => node.kind === kind).length ?? 0
  return lives
    ? { ...defaultPlan, settings: lives.settings, replicas: count('replica'), clients: count('client'), program, goal, bounds }
    : { ...defaultPlan, settings: { ...defaultSettings, backupsWanted, mutants }, replicas, clients, program, goal, bounds }
}

function titleOf({ goal, settings }: ExplorePlan, rule: string): string {
  const what = rule === '' ? goal === 'stuck' ? 'stuck' : 'every operation ends' : `${rule} broken`
  return settings.mutants.length === 0 ? what : `${what}: ${settings.mutants.join(', ')}`
}
