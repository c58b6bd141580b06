// The steps of a program: gives it one input after the other and gathers what it answers, as far as it cooperates. A program that says when a step
// is done has a cause for every line; of any other program each line is an act of its own. Its driver owns the process, the clock and the timers.
// It must never wait by itself, nor lose an input: one that the program has not taken waits in the queue.
import type { Input, JsonObject, OperationInput, Settings, Start } from '../protocol'
import { recordOperationInput, type HeaderNode } from '../trace'
import { initSender, labName, lineOf, messageLine, readLine, timersMax, type Offers, type Saying } from './line'
import { LineProblem, type Speaker } from './speaker'

/** What a program says in a step that has an effect. */
export type ProgramEffect = Extract<Saying, { readonly type: 'send' | 'report' | 'set-timer' | 'cancel-timer' }>

/** A whole step. `input` null: the program acted by itself. `token`: what the driver gave with the input. */
export interface ProgramStep<Token> {
  readonly step: number
  readonly input: Input | null
  readonly token: Token | null
  readonly effects: readonly ProgramEffect[]
}

export interface ProgramDriver<Token> {
  /** Writes a line to the program, which gets a line feed. */
  write(line: string): void
  stepped(step: ProgramStep<Token>): void
  /** The level after the start, and whenever it falls. */
  level(level: number, reason: string): void
  refused(line: string, reason: string): void
  /** The program cannot be a node: it refused its init. */
  failed(reason: string): void
}

export interface ProgramOptions<Token> {
  readonly speaker: Speaker
  readonly start: Start
  readonly nodes: readonly HeaderNode[]
  /** A folder of its own that survives a kill; empty without one. */
  readonly dataFolder: string
  /** True for a program that refuses fields which Maelstrom does not have: it gets none, and stays at level 0. */
  readonly isPlain: boolean
  readonly driver: ProgramDriver<Token>
}

type LaterInput = Exclude<Input, Start>

interface Running<Token> {
  readonly step: number
  readonly input: Input
  readonly token: Token | null
  readonly effects: ProgramEffect[]
}

/** Characters of a refused line that are kept. */
const shownMax = 200

export class ProgramSteps<Token> {
  readonly #options: ProgramOptions<Token>
  readonly #queue: { readonly input: LaterInput; readonly token: Token | null }[] = []
  #running: Running<Token> | null = null
  /** What it did by itself and was not recorded yet. */
  #acted: ProgramEffect[] = []
  /** Null before it has answered its init, unless it began early. */
  #offers: Offers | null = null
  #isAnswered = false
  #level = 0
  #step = 0
  readonly #timers = new Set<string>()

  constructor(options: ProgramOptions<Token>) {
    this.#options = options
    const { driver, start } = options
    this.#running = { step: this.#step++, input: start, token: null, effects: [] }
    driver.write(lineOf(initSender, start.name, this.#initBody(), options.isPlain ? undefined : 0))
  }

  get level(): number {
    return this.#level
  }

  /** True if it has offered to begin anew after a reset. */
  get canReset(): boolean {
    return this.#offers?.reset === true && this.#level > 0
  }

  /** True while the program must answer before anything else happens: its init, or a step. */
  get isBusy(): boolean {
    return this.#running !== null || !this.#isAnswered
  }

  /** It has sent something and not answered its init yet. */
  get hasSentEarly(): boolean {
    return this.#offers === null && this.#running?.effects.some(({ type }) => type === 'send') === true
  }

  /** What it has sent before its init_ok goes out, as it may wait for an answer to that. Such a program has no steps. */
  beginEarly(): void {
    if (!this.hasSentEarly) return
    this.#offers = { steps: false, timers: false, reports: false, reset: false }
    this.#end('it sent messages before its init_ok: what causes a message is not known, and a freeze stops the whole process')
  }

  /** What it is busy with, for a sentence. */
  get busyWith(): string {
    return !this.#isAnswered ? 'init' : `step ${this.#running?.step ?? this.#step}`
  }

  give(input: LaterInput, token: Token | null = null): void {
    if (this.#running) this.#queue.push({ input, token })
    else this.#take(input, token)
  }

  // ---- lines of the program

  /** Takes a line that the program wrote, without its line feed. */
  line(text: string): void {
    try {
      this.#say(readLine(text, this.#options.speaker))
    } catch (error) {
      if (!(error instanceof LineProblem)) throw error
      this.refuse(text, error.message)
    }
  }

  refuse(line: string, reason: string): void {
    this.#options.driver.refused(line.slice(0, shownMax), reason)
  }

  /** The lines that came together have been given: what it did by itself becomes a step. */
  flush(): void {
    if (this.#acted.length === 0 || this.#running) return
    const effects = this.#acted
    this.#acted = []
    this.#options.driver.stepped({ step: this.#step++, input: null, token: null, effects })
  }

  /** It did not answer in time. It keeps running without steps; what waits is given to it. */
  silent(afterMs: number): void {
    if (!this.#isAnswered) return this.#options.driver.failed(`no init_ok came within ${afterMs / 1000} s`)
    if (this.#running) this.#fall(`silent since step ${this.#running.step}: no done came within ${afterMs / 1000} s`)
  }

  #say(saying: Saying): void {
    switch (saying.type) {
      case 'init-ok': return this.#initialised(saying.offers)
      case 'init-failed':
        if (this.#isAnswered) throw new LineProblem('it has answered its init already')
        return this.#options.driver.failed(`it answered its init with an error: ${saying.reason}`)
      case 'done': return this.#done(saying.step)
      case 'set-timer':
        if (this.#offers?.timers !== true && this.#offers !== null) throw new LineProblem('it offered no timers in its init_ok')
        if (this.#timers.size >= timersMax && !this.#timers.has(saying.name)) throw new LineProblem(`it has ${timersMax} timers already`)
        this.#timers.add(saying.name)
        this.#forgetDue(saying.name)
        return this.#effect(saying)
      case 'cancel-timer':
        this.#timers.delete(saying.name)
        this.#forgetDue(saying.name)
        return this.#effect(saying)
      case 'send':
      case 'report': return this.#effect(saying)
    }
  }

  /** A timer that was due while this step ran, and that the step cancels or sets anew, does not fire any more. */
  #forgetDue(name: string): void {
    const at = this.#queue.findIndex(({ input }) => input.type === 'timer' && input.name === name)
    if (at >= 0) this.#queue.splice(at, 1)
  }

  #initialised(offers: Offers): void {
    if (this.#isAnswered) throw new LineProblem('it has answered its init already')
    this.#isAnswered = true
    if (this.#offers !== null) return
    this.#offers = this.#options.isPlain ? { steps: false, timers: false, reports: false, reset: false } : offers
    this.#level = levelOf(this.#offers)
    if (this.#level === 0) this.#end()
  }

  #done(step: number): void {
    if (this.#level === 0) throw new LineProblem(this.#offers?.steps === true ? 'it is at level 0 now' : 'it offered no steps in its init_ok')
    if (this.#running?.step !== step) throw new LineProblem(`it says done for step ${step}, and ${this.#running ? `step ${this.#running.step} is running` : 'none is running'}`)
    this.#end()
  }

  #effect(effect: ProgramEffect): void {
    if (this.#running) return void this.#running.effects.push(effect)
    this.#acted.push(effect)
    if (this.#level > 0) this.#fall('it wrote a line outside of a step')
  }

  // ---- steps

  #take(input: LaterInput, token: Token | null): void {
    // A program that does not cooperate knows no lab: it is not notified of a lost connection.
    if (input.type === 'peer-lost' && this.#offers?.steps !== true) return
    if (input.type === 'timer') this.#timers.delete(input.name)
    const step = this.#step++
    this.#options.driver.write(this.#lineOf(input, step))
    if (this.#level > 0) this.#running = { step, input, token, effects: [] }
    else this.#options.driver.stepped({ step, input, token, effects: [] })
  }

  /** The running step is whole. `reason`: why the level is what it is, if this was the start. */
  #end(reason = reasons[this.#level] ?? ''): void {
    const { driver } = this.#options
    const running = this.#running
    if (!running) return
    this.#running = null
    driver.stepped(running)
    if (running.step === 0) driver.level(this.#level, reason)
    for (let next = this.#queue.shift(); next; next = this.#running ? undefined : this.#queue.shift()) this.#take(next.input, next.token)
  }

  #fall(reason: string): void {
    const isStarting = this.#running?.step === 0
    this.#level = 0
    this.#end(reason)
    if (!isStarting) this.#options.driver.level(0, reason)
  }

  // ---- lines for the program

  #lineOf(input: LaterInput, step: number): string {
    const { name } = this.#options.speaker
    const number = this.#offers?.steps === true ? step : undefined
    switch (input.type) {
      case 'message': return messageLine(input.from, name, input.message, number)
      case 'timer': return lineOf(labName, name, { type: 'timer', name: input.name }, number)
      case 'peer-lost': return lineOf(labName, name, { type: 'peer_lost', peer: input.peer }, number)
      case 'operation': return lineOf(labName, name, operationBody(input), number)
    }
  }

  #initBody(): JsonObject {
    const { start, nodes, dataFolder, isPlain } = this.#options
    const init = { type: 'init', msg_id: 1, node_id: start.name, node_ids: nodes.flatMap(({ name, kind }) => isServer(kind) ? [name] : []) }
    if (isPlain) return init
    const kinds = Object.fromEntries(nodes.map(({ name, kind }) => [name, kind]))
    const lab = { version: 1, kind: start.kind, incarnation: start.incarnation, seed: start.seed, settings: settingsOf(start.settings), nodes: kinds }
    return { ...init, lab: dataFolder === '' ? lab : { ...lab, data: dataFolder } }
  }
}

const isServer = (kind: HeaderNode['kind']): boolean => kind === 'server' || kind === 'replica' || kind === 'view-server'

/** What our own mutants are is nothing that a program needs. */
function settingsOf({ mutants: _mutants, ...settings }: Settings): JsonObject {
  return settings
}

/** `{"type":"operation","id":7,"session":0,"target":"","op":"put","key":"a","value":"1"}` */
function operationBody(input: OperationInput): JsonObject {
  const { operationId: id, session, target, operation } = recordOperationInput(input)
  const { type: op, ...fields } = operation
  return { type: 'operation', id, session, target, op, ...fields }
}

function levelOf({ steps, timers, reports }: Offers): number {
  return reports ? 3 : timers ? 2 : steps ? 1 : 0
}

const reasons: readonly string[] = [
  'its init_ok offers no steps: what causes a message is not known, and a freeze stops the whole process',
  'its init_ok offers no timers: it has a clock of its own',
  'its init_ok offers no reports: its state is not shown',
  '',
]
