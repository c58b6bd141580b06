// Explorations that a screen asked for: one at a time, from a new cluster or from a moment of the session. The session is only read.
// What is found is shown by the lab as a session of its own: lab.ts.
import { availableParallelism } from 'node:os'
import { defaultSettings } from '../protocol'
import { Refusal, type ExploreRequest, type ExploreStanding } from '../contract'
import {
  actText, counterexample, defaultPlan, LivesOfTrace, planProblem, playActs, StandingLives,
  type Act, type Counterexample, type ExplorePlan, type Lives, type StandingAct,
} from '../sim'
import type { TraceHeader } from '../trace'
import { eventsOf } from './branch'
import { ExplorationPool, type ExplorationEnd } from './exploration-pool'
import type { Session } from './session'

/** Events before the moment: each node is stepped through its life in every worker. */
const eventsBeforeMax = 300_000
const statesMax = 12_000_000
const readWaitMs = 250
/** A window that was closed or loaded anew asks for nothing any more: what it had begun must not keep every core busy. */
const unreadMsMax = 60_000

/** The way that was found, ready to be shown. */
export type FoundWay =
  | { readonly type: 'recording'; readonly example: Counterexample }
  | { readonly type: 'branch'; readonly session: number; readonly seq: number; readonly acts: readonly StandingAct[] }

interface Moment {
  readonly session: number
  readonly seq: number
  readonly lives: Lives
}

class Exploration {
  readonly plan: ExplorePlan
  readonly moment: Moment | null
  readonly pool: ExplorationPool
  end: ExplorationEnd | null = null
  acts: readonly Act[] = []
  readonly #now: () => number
  #readAt: number
  #isPaused = false
  #ran = 0
  #since: number | null = performance.now()

  constructor(plan: ExplorePlan, moment: Moment | null, { program, now }: Pick<ExploringOptions, 'program' | 'now'>) {
    this.plan = plan
    this.moment = moment
    this.#now = now
    this.#readAt = now()
    const onProgress = (): void => { if (now() - this.#readAt > unreadMsMax) this.pool.cancel() }
    this.pool = new ExplorationPool({ plan, ...moment ? { lives: moment.lives } : {}, workers: availableParallelism(), program, onProgress })
    void this.pool.ended.then((end) => {
      this.#stopWatch()
      if (end.type === 'found') this.acts = this.pool.acts(end.path)
      this.end = end
    })
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
        return { type: 'found', rule: end.breach?.rule ?? '', text: end.breach?.text ?? reached }
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
  /** The built worker; empty where this lab does not explore. */
  readonly program: string
  /** Milliseconds that only grow; tests bring their own. */
  readonly now: () => number
  /** Refuses another than the one that is shown. */
  readonly session: (number: number) => Session
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
    const moment = request.seq === 0 ? null : await this.#momentOf(session, request.seq)
    const plan = planOf(request, moment?.lives ?? null)
    const problem = planProblem(plan)
    if (problem !== undefined) throw new Refusal(problem)
    if (!moment && request.backupsWanted >= request.replicas) throw new Refusal('There must be more replicas than backups.')
    this.stop()
    this.#present = new Exploration(plan, moment, this.#options)
    return ++this.#number
  }

  /** Answers at the end at once, else after a while. */
  async read(number: number): Promise<ExploreStanding> {
    const exploration = this.#of(number)
    if (!exploration.end) {
      await Promise.race([exploration.pool.ended, new Promise((settle) => setTimeout(settle, readWaitMs))])
    }
    return exploration.standing()
  }

  steer(number: number, act: 'pause' | 'resume' | 'cancel'): void {
    this.#of(number).steer(act)
  }

  /** The way that was found; throws a Refusal where there is none. */
  async way(number: number): Promise<FoundWay> {
    const { plan, moment, acts, end } = this.#of(number)
    if (end?.type !== 'found') throw new Refusal('Nothing was found that could be shown.')
    if (!moment) return { type: 'recording', example: await counterexample(plan, titleOf(plan, end.breach?.rule ?? ''), acts, end.breach) }
    const lives = new StandingLives(moment.lives)
    await playActs(acts, lives)
    return { type: 'branch', session: moment.session, seq: moment.seq, acts: lives.acts }
  }

  stop(): void {
    this.#present?.pool.cancel()
  }

  #of(number: number): Exploration {
    if (number !== this.#number || !this.#present) throw new Refusal('This exploration is over; another was begun.')
    return this.#present
  }

  async #momentOf(number: number, seq: number): Promise<Moment> {
    const session = this.#options.session(number)
    const header = JSON.parse(session.view().header) as TraceHeader
    if (header.source === 'imported') throw new Refusal('An imported history has operations and no nodes: there is nothing to explore.')
    if (seq > session.log.latest) throw new Refusal(`There is no event #${seq}; the newest is #${session.log.latest}.`)
    if (seq > eventsBeforeMax) throw new Refusal(`Every worker would have to step through ${seq} events first; explore from an event before #${eventsBeforeMax}.`)
    const gathered = new LivesOfTrace(header)
    for await (const events of eventsOf(session)) {
      for (const event of events) {
        // To the end of the step: what it sent is part of the moment.
        if (event.seq > seq && event.type !== 'message-sent') return this.#momentAt(number, event.seq - 1, gathered)
        gathered.take(event)
      }
    }
    return this.#momentAt(number, session.log.latest, gathered)
  }

  #momentAt(session: number, seq: number, gathered: LivesOfTrace): Moment {
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
