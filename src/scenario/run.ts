// Plays a scenario on a stage, step by step, and judges it. The first step that does not come out as it should ends it, with what was
// seen instead. It must never reach past the stage, and never wait without a limit.
import { createRandom, type Random } from '../network'
import { utf8ToBytes, viewServerName, type NodeName, type Operation as ProtocolOperation } from '../protocol'
import { currentView, eventLine, outcomeText, type TraceEvent } from '../trace'
import { Appenders } from './appenders'
import { isCostly, judge, judgeOutcome, sentMessages, waitingMessages, type Judged, type JudgedBy } from './conditions'
import { Evidence } from './evidence'
import { faultOf, breakOf } from './faults'
import type { Scenario, ScenarioStepLine } from './scenario'
import type { Condition, Gives, Pick, PlainStep } from './schema'
import type { Stage } from './stage'

/** For `wait` without `within`, and for an operation without it. */
const patienceMs = 10_000
/** Events before a failure that are told with it. */
const lastEventsMax = 12

export interface StepResult {
  readonly number: number
  readonly text: string
  readonly line: number
  /** `skipped`: an earlier step failed, or the run was stopped. */
  readonly state: 'passed' | 'failed' | 'skipped'
  /** What was seen; empty where there is nothing to say. */
  readonly detail: string
  /** Cluster time at its end, in ms. */
  readonly atMs: number
}

export interface ScenarioResult {
  readonly state: 'passed' | 'failed' | 'stopped'
  /** One sentence for a run that did not pass: the step and what was seen. */
  readonly reason: string
  readonly steps: readonly StepResult[]
  /** The events before a failure, as lines of the log. */
  readonly lastEvents: readonly string[]
  /** Of the last event: where the failing moment is in the recording. */
  readonly seq: number
  readonly events: number
}

export interface RunOptions {
  /** Asked before every step; resolves false to stop there. A pause is a promise that takes its time. */
  readonly gate?: (step: ScenarioStepLine) => Promise<boolean>
  readonly onStep?: (step: ScenarioStepLine, state: 'running' | 'passed' | 'failed') => void
  /** Any other seed than the scenario's own. */
  readonly seed?: string
}

/** A step did not come out as it should: what was seen. */
class Unmet extends Error {}

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
          const problem = await this.#playStep(line)
          if (problem !== undefined) return this.#result('failed', `Line ${line.place.line}: ${line.text}: ${problem}`)
        }
      }
    }
    return this.#result('passed', '')
  }

  async #playStep(line: ScenarioStepLine): Promise<string | undefined> {
    const { number, text } = line
    this.#options.onStep?.(line, 'running')
    await this.#stage.tell({ type: 'scenario-step', step: number, text, state: 'running', detail: '' })
    let detail = ''
    let problem: string | undefined
    try {
      detail = await this.#do(line.step)
    } catch (error) {
      // A refused act is an outcome too: its sentence says why.
      problem = error instanceof Error ? error.message : String(error)
    }
    const state = problem === undefined ? 'passed' : 'failed'
    await this.#stage.tell({ type: 'scenario-step', step: number, text, state, detail: problem ?? detail })
    this.#results.set(number, { number, text, line: line.place.line, state, detail: problem ?? detail, atMs: this.evidence.state.at / 1000 })
    this.#options.onStep?.(line, state)
    return problem
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

  /** Does a step; returns what is worth saying of it, or throws what was seen instead. */
  async #do(step: PlainStep): Promise<string> {
    if (step.put ?? step.append ?? step.get ?? step.delete ?? step.cas) return this.#operation(step)
    if (step.together) return (await Promise.all(step.together.map((operation) => this.#operation(operation)))).join('; ')
    if (step.wait) return this.#wait(step.wait, step.within ?? patienceMs)
    if (step.expect) return this.#expect(step.expect)
    if (step.run !== undefined) return this.#letPass(step.run, step.always)
    if (step.appends) return this.#startAppends(step.appends)
    if (step.finish) return this.#finish(step.finish)
    if (step.mark) {
      this.#marks.set(step.mark, this.evidence.latest)
      return ''
    }
    await this.#act(step)
    // Acts on processes are told in the trace a moment later; a step that follows must find them there.
    await this.#stage.until(() => true, 0, true)
    return ''
  }

  async #act(step: PlainStep): Promise<void> {
    const stage = this.#stage
    if (step.kill) return this.#each(step.kill, (name) => stage.kill(name))
    if (step.pause) return this.#each(step.pause, (name) => stage.pause(name))
    if (step.resume) return this.#each(step.resume, (name) => stage.resume(name))
    const started = step.restart ?? step.start
    if (started) return this.#each(started, (name) => stage.restart(name))
    if (step.freeze) return stage.freeze()
    if (step.thaw) return stage.thaw()
    if (step.workload) return stage.startWorkload({ ...step.workload, clients: step.workload.clients.flatMap((name) => this.nodesOf(name)) })
    if (step.stopWorkload) return stage.stopWorkload()
    if (step.fault) {
      const { fault, plan } = faultOf(step.fault, `fault ${++this.#faults}`, (words) => this.nodesOf(words))
      return stage.act({ type: 'add-fault', fault, plan })
    }
    if (step.mend === 'all') {
      for (const name of [...this.evidence.state.faults.keys()]) await stage.act({ type: 'remove-fault', fault: name })
      return
    }
    if (step.mend) return stage.act({ type: 'remove-fault', fault: step.mend })
    if (step.switch) return stage.act({ type: 'switch-fault', fault: step.switch.fault, isOn: step.switch.on })
    if (step.break) return stage.act({ type: 'add-break', condition: breakOf(step.break, `break ${++this.#faults}`, (words) => this.nodesOf(words)) })
    if (step.fire) return stage.act({ type: 'fire', node: this.#nodeOf(step.fire.node), timer: step.fire.timer })
    if (step.resend) return this.#resend(step.resend)
    for (const word of ['deliver', 'drop', 'duplicate'] as const) if (step[word]) return this.#byHand(word, step[word])
  }

  async #each(words: string | readonly string[], act: (name: NodeName) => Promise<void>): Promise<void> {
    for (const name of this.nodesOf(words)) {
      this.#last = name
      await act(name)
    }
  }

  async #byHand(type: 'deliver' | 'drop' | 'duplicate', pick: Pick): Promise<void> {
    const found = waitingMessages(pick, this)
    if (found.length === 0) throw new Unmet(`no such message waits${this.#whatWaits()}`)
    for (const [id] of picked(found, pick.which ?? 'first')) await this.#stage.act({ type, id })
  }

  async #resend(pick: Pick): Promise<void> {
    const found = sentMessages(pick, this)
    if (found.length === 0) throw new Unmet('no such message was sent')
    for (const id of picked(found, pick.which ?? 'first')) await this.#stage.resend(id)
  }

  #whatWaits(): string {
    const kinds = [...this.evidence.state.underWay.values()].slice(0, 8).map(({ type, from, to }) => `${type} ${from} → ${to}`)
    return kinds.length === 0 ? '; nothing is under way' : `; under way: ${kinds.join(', ')}`
  }

  // ---- waiting and expecting

  /** A role that nobody has now is what was seen instead. */
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
      return judged === null
    }, ms, isCostly(condition))
    if (!came) throw new Unmet(`not within ${ms} ms: ${seen(judged)}`)
    return `after ${Math.round((this.evidence.state.at - began) / 1000)} ms`
  }

  async #expect(condition: Condition): Promise<string> {
    await this.#stage.until(() => true, 0, true)
    const judged = this.#judge(condition)
    if (judged) throw new Unmet(judged())
    return ''
  }

  async #letPass(ms: number, always: Condition | undefined): Promise<string> {
    let judged: Judged = null
    await this.#until(() => {
      judged = always ? this.#judge(always) : null
      return judged !== null
    }, ms, always !== undefined && isCostly(always))
    if (judged) throw new Unmet(seen(judged))
    return ''
  }

  // ---- operations

  async #operation(step: Partial<PlainStep>): Promise<string> {
    const given = step.put ?? step.append ?? step.get ?? step.delete ?? step.cas
    if (!given) throw new Unmet('there is no operation')
    const label = `scenario ${++this.#operations}`
    if (given.as) this.#labels.set(given.as, label)
    await this.#stage.invoke({
      client: this.#nodeOf(given.from ?? 'c1'), operation: operationOf(step), target: given.to === undefined ? '' : this.#nodeOf(given.to),
      session: given.session ?? -1, label,
    })
    const gives: Gives = given.gives ?? 'ok'
    if (given.as) return ''
    const ms = given.within ?? this.evidence.header.settings.operationTimeoutMs + patienceMs
    await this.#until(() => (this.evidence.operationOf(label)?.outcome ?? null) !== null, ms, false)
    const record = this.evidence.operationOf(label)
    const judged = judgeOutcome(record, gives)
    if (judged) throw new Unmet(record?.outcome ? judged() : `it has not returned within ${ms} ms`)
    return record?.outcome ? outcomeText(record.outcome) : ''
  }

  async #startAppends({ key, each, clients, as, within }: NonNullable<PlainStep['appends']>): Promise<string> {
    const name = as ?? `appends ${this.#appends.size + 1}`
    const appends = new Appenders({
      name, key, each, clients: clients.flatMap((words) => this.nodesOf(words)),
      invoke: (client, operation, label) => this.#stage.invoke({ client, operation, target: '', session: 0, label }),
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
  return judged === null ? '' : judged()
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

function operationOf({ put, append, get, delete: deleted, cas }: Partial<PlainStep>): ProtocolOperation {
  if (put) return { type: 'put', key: utf8ToBytes(put.key), value: utf8ToBytes(put.value) }
  if (append) return { type: 'append', key: utf8ToBytes(append.key), value: utf8ToBytes(append.value) }
  if (get) return { type: 'get', key: utf8ToBytes(get.key) }
  if (deleted) return { type: 'delete', key: utf8ToBytes(deleted.key) }
  if (cas) return { type: 'cas', key: utf8ToBytes(cas.key), expected: cas.expected === null ? null : utf8ToBytes(cas.expected), value: utf8ToBytes(cas.value) }
  throw new Unmet('there is no operation')
}
