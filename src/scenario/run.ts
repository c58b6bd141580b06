// Plays a scenario on a stage, step by step, and judges it. The first step that fails ends it, with what was seen instead.
// It must never act on anything but the stage, and never wait without a limit.
import { createRandom, type Random } from '../network'
import { utf8ToBytes, viewServerName, withBytes, type NodeName } from '../protocol'
import { currentView, eventLine, isProgram, outcomeText, stalledViewsText, type ClusterAct, type TraceEvent } from '../trace'
import { Appenders } from './appenders'
import { isCostly, judge, judgeOutcome, NotJudged, sentMessages, waitingMessages, type Judged, type JudgedBy } from './conditions'
import { Evidence } from './evidence'
import { faultOf, breakOf } from './faults'
import type { Scenario, ScenarioStepLine } from './scenario'
import type { Condition, Gives, Pick, PlainStep } from './schema'
import type { Stage } from './stage'
import { isOperationStep, operationStepOf, requestOf, type OperationStep, type ScenarioStep } from './step'

/** The limit of a `wait` without `within`; an operation without `within` has this beyond its own timeout. */
const patienceMs = 10_000
/** The number of events before a failure that are reported with it. */
const lastEventsMax = 12

export interface StepResult {
  readonly number: number
  readonly text: string
  readonly line: number
  /** `not-judged`: nothing says whether its condition holds. `skipped`: an earlier step failed, or the run was stopped. */
  readonly state: 'passed' | 'failed' | 'not-judged' | 'skipped'
  /** What was seen; empty where there is nothing to say. */
  readonly detail: string
  /** Cluster time at its end, in ms. */
  readonly atMs: number
}

export interface ScenarioResult {
  /** `not-judged`: no step failed, or one failed after a step that could not be judged. */
  readonly state: 'passed' | 'failed' | 'not-judged' | 'stopped'
  /** One sentence for a run that did not pass: the step and what was seen. */
  readonly reason: string
  readonly steps: readonly StepResult[]
  /** The events before a failure, as lines of the log. */
  readonly lastEvents: readonly string[]
  /** The seq of the last event: where the failure is in the recording. */
  readonly seq: number
  readonly events: number
}

export interface RunOptions {
  /** Called before every step; resolves false to stop there. To pause, resolve later. */
  readonly gate?: (step: ScenarioStepLine) => Promise<boolean>
  readonly onStep?: (step: ScenarioStepLine, state: 'running' | Exclude<StepResult['state'], 'skipped'>) => void
  /** A seed to use in place of the scenario's own. */
  readonly seed?: string
}

/** A step that acts on the cluster at once and has no detail to report. */
type ActStep = Exclude<ScenarioStep, { readonly type: OperationStep['type'] | 'together' | 'wait' | 'expect' | 'run' | 'appends' | 'finish' | 'mark' }>

/** A step failed; the message says what was seen. */
class Unmet extends Error {}

/** A step could not be judged; the message says why. */
class Unjudged extends Error {}

/** How long a wait may take for what nothing tells, in milliseconds of cluster time. */
const unjudgedMs = 5000

export async function runScenario(scenario: Scenario, stage: Stage, options: RunOptions = {}): Promise<ScenarioResult> {
  return new Run(scenario, stage, options).play()
}

class Run implements JudgedBy {
  readonly evidence: Evidence
  readonly #scenario: Scenario
  readonly #stage: Stage
  readonly #options: RunOptions
  readonly #random: Random
  readonly #results = new Map<number, StepResult>()
  readonly #labels = new Map<string, string>()
  readonly #marks = new Map<string, number>()
  readonly #appends = new Map<string, Appenders>()
  /** The first step that could not be judged; empty without one. */
  #unjudged = ''
  #operations = 0
  #faults = 0
  /** The node that was killed, paused or restarted last. */
  #last: NodeName = ''

  constructor(scenario: Scenario, stage: Stage, options: RunOptions) {
    this.#scenario = scenario
    this.#stage = stage
    this.#options = options
    this.#random = createRandom(options.seed ?? scenario.seed, 'scenario')
    this.evidence = new Evidence(stage.header)
    stage.listen((event) => this.#take(event))
  }

  #take(event: TraceEvent): void {
    this.evidence.take(event)
    for (const appends of this.#appends.values()) appends.take(event)
  }

  async play(): Promise<ScenarioResult> {
    for (const { times, steps } of this.#scenario.blocks) {
      for (let time = 0; time < times; time++) {
        for (const line of steps) {
          if (!(await this.#options.gate?.(line) ?? true)) return this.#result('stopped', 'It was stopped.')
          const { state, detail } = await this.#playStep(line)
          if (state === 'not-judged') this.#unjudged ||= `Line ${line.place.line}: ${line.text}: not judged: ${detail}`
          // What could not be judged may not have come, and then a later step fails for that.
          if (state === 'failed' && this.#unjudged !== '') return this.#result('not-judged', `${this.#unjudged}; then line ${line.place.line}: ${line.text}: ${detail}`)
          if (state === 'failed') return this.#result('failed', this.#whyFailed(line, detail))
        }
      }
    }
    const broken = this.#brokenByPrograms()
    if (broken !== '') return this.#result('failed', broken)
    return this.#unjudged === '' ? this.#result('passed', '') : this.#result('not-judged', this.#unjudged)
  }

  /** A program that breaks a rule is wrong, whether or not the scenario asks for that rule; unless the scenario is about a broken one. */
  #brokenByPrograms(): string {
    const { nodes } = this.evidence.header
    const expectsIt = this.#scenario.steps.some(({ step }) => (step.type === 'wait' || step.type === 'expect') && step.given.broken !== undefined)
    if (expectsIt || nodes.every(({ program }) => program === undefined)) return ''
    const judged = judge({ rulesKept: true }, this)
    return typeof judged === 'function' ? `At the end: ${judged()}` : ''
  }

  async #playStep(line: ScenarioStepLine): Promise<StepResult> {
    const { number, text } = line
    this.#options.onStep?.(line, 'running')
    await this.#stage.tell({ type: 'scenario-step', step: number, text, state: 'running', detail: '' })
    let detail: string
    let state: Exclude<StepResult['state'], 'skipped'> = 'passed'
    try {
      detail = await this.#do(line.step)
    } catch (error) {
      // A refused act also fails the step; its sentence says why.
      state = error instanceof Unjudged ? 'not-judged' : 'failed'
      detail = error instanceof Error ? error.message : String(error)
    }
    await this.#stage.tell({ type: 'scenario-step', step: number, text, state, detail })
    const result: StepResult = { number, text, line: line.place.line, state, detail, atMs: this.evidence.state.at / 1000 }
    this.#results.set(number, result)
    this.#options.onStep?.(line, state)
    return result
  }

  /** Adds what may have caused the failure: a program that ended by itself; on real processes, stalls of the machine. */
  #whyFailed({ place, text }: ScenarioStepLine, problem: string): string {
    const ended = this.#endedByItself(problem)
    const causes = [ended, stalledViewsText(this.evidence.state)].filter((cause) => cause !== '')
    return `Line ${place.line}: ${text}: ${problem}${causes.map((cause) => ` (${cause})`).join('')}`
  }

  /** The first program that is dead and that nobody killed, with its last words; empty if the problem has them already. */
  #endedByItself(problem: string): string {
    const { header: { nodes }, state } = this.evidence
    const ended = [...state.nodes.values()].find(({ name, life, wasKilled, exit }) => isProgram(nodes, name) && life === 'dead' && !wasKilled && exit?.signal === null)
    if (!ended?.exit || problem.startsWith(`${ended.name} ended`)) return ''
    const { code, stderr } = ended.exit
    return `${ended.name} ended by itself, status ${code}${stderr === '' ? '' : `: ${stderr.split('\n').at(-1) ?? ''}`}`
  }

  #result(state: ScenarioResult['state'], reason: string): ScenarioResult {
    const { events } = this.evidence
    const steps = this.#scenario.steps.map(({ number, text, place }): StepResult =>
      this.#results.get(number) ?? { number, text, line: place.line, state: 'skipped', detail: '', atMs: 0 })
    const told = events.filter(({ type }) => type !== 'scenario-step').slice(-lastEventsMax)
    return { state, reason, steps, lastEvents: state === 'passed' ? [] : told.map((event) => this.#lineOf(event)), seq: events.at(-1)?.seq ?? 0, events: events.length }
  }

  #lineOf(event: TraceEvent): string {
    const { process, kind, text } = eventLine(event, (id) => this.evidence.sentOf(id))
    return `${(event.at / 1_000_000).toFixed(3)} ${process || 'lab'} ${kind} ${text}`.trimEnd()
  }

  // ---- steps

  /** Performs a step; returns a detail for the report, or throws what was seen instead. */
  async #do(step: ScenarioStep): Promise<string> {
    if (isOperationStep(step)) return this.#operation(step)
    switch (step.type) {
      case 'together': return (await Promise.all(step.given.map((form) => this.#operation(operationStepOf(form))))).join('; ')
      case 'wait': return this.#wait(step.given, step.within ?? patienceMs)
      case 'expect': return this.#expect(step.given)
      case 'run': return this.#letPass(step.given, step.always)
      case 'appends': return this.#startAppends(step.given)
      case 'finish': return this.#finish(step.given)
      case 'mark':
        this.#marks.set(step.given, this.evidence.latest)
        return ''
      default:
        await this.#act(step)
        // Acts on processes appear in the trace a little later; the next step must find them there.
        await this.#stage.until(() => true, 0, true)
        return ''
    }
  }

  /** Performs the steps that `default` above leaves over: together the two switches name all. */
  async #act(step: ActStep): Promise<void> {
    switch (step.type) {
      case 'kill':
      case 'pause':
      case 'resume': return this.#each(step.given, step.type)
      case 'restart':
      case 'start': return this.#each(step.given, 'restart')
      case 'freeze':
      case 'thaw': return this.#perform({ type: step.type })
      case 'workload': return this.#perform({ type: 'start-workload', plan: { ...step.given, clients: step.given.clients.flatMap((name) => this.nodesOf(name)) } })
      case 'stopWorkload': return this.#perform({ type: 'stop-workload' })
      case 'fault': {
        const { fault, plan } = faultOf(step.given, `fault ${++this.#faults}`, (words) => this.nodesOf(words))
        return this.#perform({ type: 'add-fault', fault, plan })
      }
      case 'mend': {
        const names = step.given === 'all' ? [...this.evidence.state.faults.keys()] : [step.given]
        for (const name of names) await this.#perform({ type: 'remove-fault', fault: name })
        return
      }
      case 'switch': return this.#perform({ type: 'switch-fault', fault: step.given.fault, isOn: step.given.on })
      case 'break': return this.#perform({ type: 'add-break', condition: breakOf(step.given, `break ${++this.#faults}`, (words) => this.nodesOf(words)) })
      case 'fire': return this.#perform({ type: 'fire', node: this.#nodeOf(step.given.node), timer: step.given.timer })
      case 'resend': return this.#resend(step.given)
      case 'disconnect': return this.#stage.disconnect(this.#nodeOf(step.given.client), this.#nodeOf(step.given.server))
      case 'deliver':
      case 'drop':
      case 'duplicate': return this.#byHand(step.type, step.given)
    }
  }

  async #perform(act: ClusterAct): Promise<void> {
    await this.#stage.perform(act)
  }

  async #each(words: string | readonly string[], type: 'kill' | 'pause' | 'resume' | 'restart'): Promise<void> {
    for (const node of this.nodesOf(words)) {
      this.#last = node
      await this.#perform({ type, node })
    }
  }

  async #byHand(type: 'deliver' | 'drop' | 'duplicate', pick: Pick): Promise<void> {
    const found = waitingMessages(pick, this)
    if (found.length === 0) throw new Unmet(`no such message waits${this.#whatWaits()}`)
    for (const [id] of picked(found, pick.which ?? 'first')) await this.#perform({ type, id })
  }

  async #resend(pick: Pick): Promise<void> {
    const found = sentMessages(pick, this)
    if (found.length === 0) throw new Unmet('no such message was sent')
    for (const id of picked(found, pick.which ?? 'first')) await this.#stage.resend(id)
  }

  #whatWaits(): string {
    const kinds = [...this.evidence.state.inFlight.values()].slice(0, 8).map(({ type, from, to }) => `${type} ${from} → ${to}`)
    return kinds.length === 0 ? '; nothing is in flight' : `; in flight: ${kinds.join(', ')}`
  }

  // ---- waiting and expecting

  /** If no node has a role now, that is what was seen instead. */
  #judge(condition: Condition): Judged {
    try {
      return judge(condition, this)
    } catch (error) {
      if (error instanceof Unmet) return () => error.message
      throw error
    }
  }

  async #until(done: () => boolean, ms: number, costly: boolean): Promise<boolean> {
    return this.#stage.until(() => {
      for (const appends of this.#appends.values()) appends.goOn()
      return done()
    }, ms, costly)
  }

  async #wait(condition: Condition, ms: number): Promise<string> {
    let judged: Judged = null
    const began = this.evidence.state.at
    const came = await this.#until(() => {
      judged = this.#judge(condition)
      return judged === null || (judged instanceof NotJudged && this.evidence.state.at - began > unjudgedMs * 1000)
    }, ms, isCostly(condition))
    throwUnjudged(judged)
    if (!came) throw new Unmet(`not within ${ms} ms: ${seen(judged)}`)
    return `after ${Math.round((this.evidence.state.at - began) / 1000)} ms`
  }

  async #expect(condition: Condition): Promise<string> {
    await this.#stage.until(() => true, 0, true)
    const judged = this.#judge(condition)
    throwUnjudged(judged)
    if (judged) throw new Unmet(seen(judged))
    return ''
  }

  async #letPass(ms: number, always: Condition | undefined): Promise<string> {
    let judged: Judged = null
    await this.#until(() => {
      judged = always ? this.#judge(always) : null
      return typeof judged === 'function'
    }, ms, always !== undefined && isCostly(always))
    throwUnjudged(judged)
    if (judged) throw new Unmet(seen(judged))
    return ''
  }

  // ---- operations

  async #operation(step: OperationStep): Promise<string> {
    const { given } = step
    const label = `scenario ${++this.#operations}`
    if (given.as) this.#labels.set(given.as, label)
    await this.#perform({
      type: 'invoke', client: this.#nodeOf(given.from ?? 'c1'), operation: withBytes(requestOf(step), utf8ToBytes), target: given.to === undefined ? '' : this.#nodeOf(given.to),
      session: given.session ?? -1, label,
    })
    const gives: Gives = given.gives ?? 'ok'
    if (given.as) return ''
    const ms = given.within ?? this.evidence.header.settings.operationTimeoutMs + patienceMs
    await this.#until(() => (this.evidence.operationOf(label)?.outcome ?? null) !== null, ms, false)
    const record = this.evidence.operationOf(label)
    const judged = judgeOutcome(record, gives)
    if (judged) throw new Unmet(record?.outcome ? seen(judged) : `it has not returned within ${ms} ms`)
    return record?.outcome ? outcomeText(record.outcome) : ''
  }

  async #startAppends({ key, each, clients, as, within }: NonNullable<PlainStep['appends']>): Promise<string> {
    const name = as ?? `appends ${this.#appends.size + 1}`
    const appends = new Appenders({
      name, key, each, clients: clients.flatMap((words) => this.nodesOf(words)),
      invoke: (client, operation, label) => this.#perform({ type: 'invoke', client, operation, target: '', session: 0, label }),
    })
    this.#appends.set(name, appends)
    appends.goOn()
    return as ? '' : this.#untilFinished(appends, within ?? 60_000)
  }

  async #finish(name: string): Promise<string> {
    const appends = this.#appends.get(name)
    if (!appends) throw new Unmet(`there are no appends "${name}"`)
    appends.stop()
    return this.#untilFinished(appends, 60_000)
  }

  async #untilFinished(appends: Appenders, ms: number): Promise<string> {
    if (!await this.#until(() => appends.isFinished, ms, false)) throw new Unmet(`not within ${ms} ms: ${appends.progress}`)
    return appends.progress
  }

  // ---- names

  readonly nodesOf = (words: string | readonly string[]): NodeName[] => [words].flat().flatMap((word) => this.#resolve(word))

  #nodeOf(word: string): NodeName {
    const [name, ...others] = this.nodesOf(word)
    if (name === undefined || others.length > 0) throw new Unmet(`there is no one ${word} now`)
    return name
  }

  #resolve(word: string): NodeName[] {
    const { state } = this.evidence
    const view = currentView(state)?.view
    switch (word) {
      case 'primary': return view?.primary ? [view.primary.name] : this.#none(word)
      case 'backup': return view && view.backups.length > 0 ? view.backups.map(({ name }) => name) : this.#none(word)
      case 'idle': {
        const idle = [...state.nodes.values()].find(({ kind, life, says }) => kind === 'replica' && life === 'up' && says === 'idle')
        return idle ? [idle.name] : this.#none(word)
      }
      case 'any': {
        const live = [...state.nodes.values()].filter(({ kind, life }) => kind === 'replica' && life === 'up').map(({ name }) => name)
        return live.length > 0 ? [this.#random.pick(live)] : this.#none(word)
      }
      case 'last': return this.#last === '' ? this.#none(word) : [this.#last]
      default: return [word]
    }
  }

  #none(word: string): never {
    throw new Unmet(`there is no ${word === viewServerName ? 'view server' : word} now`)
  }

  readonly labelOf = (name: string): string => this.#labels.get(name) ?? ''

  readonly markOf = (name: string | undefined): number => name === undefined ? 0 : this.#marks.get(name) ?? 0

  readonly appendsOf = (name: string | true): readonly Appenders[] => [...this.#appends.values()].filter((appends) => name === true || appends.name === name)
}

function seen(judged: Judged): string {
  return judged === null ? '' : judged instanceof NotJudged ? judged.why : judged()
}

function throwUnjudged(judged: Judged): void {
  if (judged instanceof NotJudged) throw new Unjudged(judged.why)
}

function picked<Item>(found: readonly Item[], which: Pick['which']): readonly Item[] {
  switch (which) {
    case 'first': return found.slice(0, 1)
    case 'last': return found.slice(-1)
    case 'all': return found
    case 'reversed': return found.toReversed()
    default: {
      const one = found[which - 1]
      if (one === undefined) throw new Unmet(`only ${found.length} such messages are there`)
      return [one]
    }
  }
}
