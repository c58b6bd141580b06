// The steps that a state allows, and the state after each. A step of the explorer is one input of one node, or a short sequence. A sequence
// counts as one step if no state in between matters: docs/exploring.md says which and why.
import { askTimer, pingTimer, retryTimer, viewServerName, type NodeName, type Operation, type Settings } from '../../protocol'
import type { ViewServerFacts } from './facts'
import type { Local, Locals, LocalInput, Mail, Transition } from './locals'
import { operationOf, type ExplorePlan, type Program } from './plan'
import { left, spend, type State } from './state'
import type { StateChecks } from './state-checks'
import type { StepViolation } from './step-checks'

/** One act on a frozen cluster, as a person or a driver would perform it. */
export type Act =
  | { readonly type: 'deliver' | 'drop' | 'duplicate'; readonly mail: Mail }
  /** Fires up to `times` times, as long as the timer is armed. */
  | { readonly type: 'fire'; readonly node: NodeName; readonly timer: string; readonly times: number }
  /** Fire the timer and answer what it asks the view server, repeatedly, until it sends a request. */
  | { readonly type: 'ask'; readonly node: NodeName; readonly timer: string }
  /** `rounds` ping-check rounds: in each, these servers ping and the view server checks. */
  | { readonly type: 'look'; readonly pinging: readonly NodeName[]; readonly rounds: number }
  | { readonly type: 'kill' | 'restart'; readonly node: NodeName }
  | { readonly type: 'invoke'; readonly node: NodeName; readonly operation: Operation; readonly session: number }

/** A step as a number: 4 bits for its kind, 26 for its subject. */
export type StepCode = number

const kinds = { deliver: 0, lose: 1, duplicate: 2, fire: 3, look: 4, crash: 5, restart: 6, invoke: 7 } as const
const aboutBits = 26
/** Timers by their index in a step's code; others, such as that of an operation's timeout, never fire. */
const timerNames: readonly string[] = [
  pingTimer, askTimer, ...Array.from({ length: 16 }, (_, session) => retryTimer(session)), ...Array.from({ length: 12 }, (_, server) => retryTimer(`s${server + 1}`)),
]
const timerBits = 5

/** Answers: if the receiver ignores one now, it always will. */
const spentAnswers: ReadonlySet<string> = new Set(['view-reply', 'reply', 'rejected', 'not-yet'])

export interface StepsOptions {
  readonly plan: ExplorePlan
  readonly settings: Settings
  readonly session: number
}

export interface Successor {
  readonly state: State
  readonly violation: StepViolation | null
}

export class Steps {
  readonly #plan: ExplorePlan
  readonly #deadPings: number
  readonly #session: number
  readonly #locals: Locals
  readonly #checks: StateChecks
  readonly #slots: ReadonlyMap<NodeName, number>
  readonly #clients: readonly number[]
  readonly #replicas: readonly number[]
  readonly #viewServer: number

  constructor({ plan, settings, session }: StepsOptions, locals: Locals, checks: StateChecks, nodes: readonly { readonly name: NodeName; readonly kind: string }[]) {
    this.#plan = plan
    this.#deadPings = settings.deadPings
    this.#session = session
    this.#locals = locals
    this.#checks = checks
    this.#slots = new Map(nodes.map(({ name }, slot) => [name, slot]))
    const slotsOf = (kind: string): number[] => nodes.flatMap((node, slot) => node.kind === kind ? [slot] : [])
    this.#clients = slotsOf('client')
    this.#replicas = slotsOf('replica')
    this.#viewServer = this.#slots.get(viewServerName) ?? 0
  }

  // ---- which steps there are

  /** Calls `take` with the code of each step that the state allows. */
  each(state: State, take: (code: StepCode) => void): void {
    const { locals, mails, budget } = state
    const losses = left(budget, 'losses')
    const duplicates = left(budget, 'duplicates')
    for (const { id } of mails) {
      take(code(kinds.deliver, id))
      if (losses > 0) take(code(kinds.lose, id))
      if (duplicates > 0) take(code(kinds.duplicate, id))
    }
    for (const [slot, local] of locals.entries()) {
      if (local.machine === null) {
        if (left(budget, 'restarts') > 0) take(code(kinds.restart, slot))
        continue
      }
      if (local.kind === 'replica' && left(budget, 'crashes') > 0) take(code(kinds.crash, slot))
      this.#eachTimer(state, local, take)
      if (local.facts?.type === 'client' && local.facts.isFree && local.operations.length < this.#plan.program.length) take(code(kinds.invoke, slot))
    }
    this.#eachLook(state, losses, take)
  }

  #eachTimer(state: State, local: Local, take: (code: StepCode) => void): void {
    for (const timer of local.timers) {
      const place = timerNames.indexOf(timer)
      if (place >= 0 && this.#mayFire(state, local, timer)) take(code(kinds.fire, local.slot << timerBits | place))
    }
  }

  /** A ping without effect is not sent. A retry timer fires only if the node has no message in flight, to it or from it. */
  #mayFire(state: State, local: Local, timer: string): boolean {
    if (timer === 'ping') return this.#pingMatters(state, local)
    return !state.mails.some(({ from, to }) => from === local.name || to === local.name)
  }

  #pingMatters({ locals, mails }: State, local: Local): boolean {
    const viewServer = locals[this.#viewServer] as Local
    const { sends } = this.#locals.fire(local, pingTimer)
    const ping = sends[0]
    if (!ping || mails.includes(ping)) return false
    const answer = this.#locals.take(viewServer, ping)
    return answer.next !== viewServer || answer.sends.some((mail) => !this.#isSpent(locals, mail))
  }

  /** Ping-check rounds: all live servers have pinged except those whose pings were lost, in every combination that the budget allows. */
  #eachLook({ locals }: State, losses: number, take: (code: StepCode) => void): void {
    const live = this.#replicas.filter((slot) => locals[slot]?.machine !== null)
    for (let silent = 0; silent < 1 << live.length; silent++) {
      if (bitCount(silent) > losses) continue
      const mask = live.reduce((all, slot, index) => silent >> index & 1 ? all | 1 << slot : all, 0)
      if (this.#lookMatters(locals, mask)) take(code(kinds.look, mask))
    }
  }

  /** A round matters only if it finds another server dead; else the view does not change and nothing is learnt. */
  #lookMatters(locals: readonly Local[], silent: number): boolean {
    const facts = (locals[this.#viewServer] as Local).facts as ViewServerFacts
    return facts.servers.some(({ name, dead }) => !dead && this.#isSilent(locals, name, silent))
  }

  #isSilent(locals: readonly Local[], name: NodeName, silent: number): boolean {
    const slot = this.#slots.get(name) ?? -1
    return locals[slot]?.machine === null || (silent >> slot & 1) === 1
  }

  // ---- what a step leads to

  /** The state after a step. `onAct` gets each act that a driver must perform for it, in order. */
  after(before: State, step: StepCode, onAct?: (act: Act) => void): Successor {
    const run = new Run(before, this.#locals, this.#checks, onAct)
    const about = step & (1 << aboutBits) - 1
    switch (step >>> aboutBits) {
      case kinds.deliver:
        run.deliver(this.#locals.mail(about))
        break
      case kinds.lose:
        run.spend('losses')
        run.drop(this.#locals.mail(about))
        break
      case kinds.duplicate:
        run.spend('duplicates')
        run.duplicate(this.#locals.mail(about))
        break
      case kinds.fire:
        this.#fire(run, about >> timerBits, timerNames[about & (1 << timerBits) - 1] as string)
        break
      case kinds.look:
        run.spend('losses', bitCount(about))
        this.#look(run, about)
        break
      case kinds.crash:
        run.spend('crashes')
        run.crash(about)
        break
      case kinds.restart:
        run.spend('restarts')
        run.restart(about)
        break
      case kinds.invoke:
        run.invoke(about, this.#clients, this.#plan.program, this.#session)
        break
    }
    if (this.#plan.reduces) this.#dropSpent(run.state)
    return { state: run.state, violation: run.violation }
  }

  /** A retry is repeated until it has sent something: docs/exploring.md. */
  #fire(run: Run, slot: number, timer: string): void {
    const { name, kind } = run.local(slot)
    if (timer === 'ping') return void run.apply(slot, { type: 'fire', timer }, { type: 'fire', node: name, timer, times: 1 })
    if (kind === 'replica') return void run.apply(slot, { type: 'resend', timer }, { type: 'fire', node: name, timer, times: 2 })
    const view = this.#answerTo(run, name)
    if (view) run.apply(slot, { type: 'ask', timer, view: view.id }, { type: 'ask', node: name, timer })
  }

  /** The view server's current answer to a client. */
  #answerTo(run: Run, client: NodeName): Mail | undefined {
    const question = this.#locals.mailOf(client, viewServerName, { type: 'get-view' })
    return this.#locals.take(run.local(this.#viewServer), question).sends[0]
  }

  #look(run: Run, silent: number): void {
    const pinging = this.#replicas.filter((slot) => run.local(slot).timers.includes(pingTimer) && (silent >> slot & 1) === 0)
    const pings = pinging.flatMap((slot) => this.#locals.fire(run.local(slot), pingTimer).sends.map(({ id }) => id))
    run.apply(this.#viewServer, { type: 'look', pings }, { type: 'look', pinging: pinging.map((slot) => run.local(slot).name), rounds: this.#deadPings + 1 })
  }

  #isSpent(locals: readonly Local[], mail: Mail): boolean {
    const local = locals[mail.slot]
    if (!local || local.machine === null || !this.#mayBeSpent(local, mail)) return false
    const { next, sends } = this.#locals.take(local, mail)
    return next === local && sends.length === 0
  }

  /** An ack of the current view is dropped once it has no effect. An ack of an earlier view stays, to check that it never counts. */
  #mayBeSpent({ facts }: Local, { message }: Mail): boolean {
    if (message.type !== 'forward-ack' && message.type !== 'state-transfer-ack') return spentAnswers.has(message.type)
    return facts?.type === 'replica' && facts.serving && facts.view.viewnum === message.viewnum
  }

  #dropSpent({ locals, mails }: State): void {
    for (let at = mails.length - 1; at >= 0; at--) if (this.#isSpent(locals, mails[at] as Mail)) mails.splice(at, 1)
  }
}

/** A step in progress, with its own state that its acts change. */
class Run {
  readonly state: State
  violation: StepViolation | null = null
  readonly #locals: Locals
  readonly #checks: StateChecks
  readonly #onAct: ((act: Act) => void) | undefined

  constructor(before: State, locals: Locals, checks: StateChecks, onAct: ((act: Act) => void) | undefined) {
    this.state = { locals: before.locals.slice(), mails: before.mails.slice(), budget: before.budget }
    this.#locals = locals
    this.#checks = checks
    this.#onAct = onAct
  }

  local(slot: number): Local {
    return this.state.locals[slot] as Local
  }

  spend(of: Parameters<typeof spend>[1], count = 1): void {
    this.state.budget = spend(this.state.budget, of, count)
  }

  deliver(mail: Mail): void {
    this.#remove(mail)
    this.#onAct?.({ type: 'deliver', mail })
    this.#apply(mail.slot, this.#locals.take(this.local(mail.slot), mail))
  }

  /** A copy arrives; the message stays in flight. */
  duplicate(mail: Mail): void {
    this.#onAct?.({ type: 'duplicate', mail })
    this.#onAct?.({ type: 'deliver', mail })
    this.#apply(mail.slot, this.#locals.take(this.local(mail.slot), mail))
  }

  drop(mail: Mail): void {
    this.#remove(mail)
    this.#onAct?.({ type: 'drop', mail })
  }

  apply(slot: number, input: LocalInput, act: Act): void {
    this.#onAct?.(act)
    this.#input(slot, input)
  }

  crash(slot: number): void {
    this.#input(slot, { type: 'crash' })
    this.#onAct?.({ type: 'kill', node: this.local(slot).name })
    // Messages in flight to this incarnation are lost with it.
    for (let at = this.state.mails.length - 1; at >= 0; at--) if (this.state.mails[at]?.slot === slot) this.state.mails.splice(at, 1)
  }

  restart(slot: number): void {
    this.#onAct?.({ type: 'restart', node: this.local(slot).name })
    this.#input(slot, { type: 'restart' })
  }

  invoke(slot: number, clients: readonly number[], program: Program, session: number): void {
    const after = clients.map((client) => this.local(client).operations.filter(({ result }) => result !== null).length)
    const { name, operations } = this.local(slot)
    this.#onAct?.({ type: 'invoke', node: name, operation: operationOf(program, name, operations.length), session })
    this.#input(slot, { type: 'invoke', after })
  }

  #input(slot: number, input: LocalInput): void {
    this.#apply(slot, this.#locals.transition(this.local(slot), input))
  }

  #apply(slot: number, transition: Transition): void {
    const { locals, mails } = this.state
    locals[slot] = transition.next
    for (const mail of transition.sends) {
      // A dead node gets no message, and a message already in flight is not added again.
      if (mail.slot >= 0 && locals[mail.slot]?.machine !== null && !mails.includes(mail)) mails.push(mail)
    }
    this.violation ??= transition.violation ?? this.#checks.violation(locals, slot, transition)
  }

  #remove(mail: Mail): void {
    const at = this.state.mails.indexOf(mail)
    if (at >= 0) this.state.mails.splice(at, 1)
  }
}

function code(kind: number, about: number): StepCode {
  return kind * 2 ** aboutBits + about
}

function bitCount(mask: number): number {
  let count = 0
  for (let rest = mask; rest > 0; rest &= rest - 1) count++
  return count
}
