// A node of a lab that is a program of others: takes inputs from the switchboard as a node of ours does, gives them to the program as lines, and
// reports what it answers as steps. The steps, timers and freezes are the lab's as far as the program cooperates; a program with a clock of its own
// is stopped in a freeze. It must never let the program hold up the lab: what it does not answer in time has a reason and goes on.
import { ProgramSteps, speakerOf, type ProgramDriver, type ProgramEffect, type ProgramStep } from '../../foreign'
import type { Input, Start } from '../../protocol'
import { NodeFrames } from '../node/node-frames'
import { NodeTimers } from '../node/node-timers'
import { stallMsMin } from '../switchboard/stalls'
import type { Cursor } from '../wire/frame'
import { decodeOperationInput, inputKinds, toNode, toSwitchboard, type Hello } from '../wire/lab-frames'
import { decodeMessage } from '../wire/wire'
import { ProgramProcess, type ProgramEvents } from './program-process'
import type { HostedProgram } from './program-spec'
import { untilQuiet } from './quiet-process'

export interface ForeignNodeOptions {
  readonly hello: Omit<Hello, 'programPid'>
  readonly hosted: HostedProgram
  /** The environment of the program. */
  readonly environment: Readonly<Record<string, string>>
  readonly write: (bytes: Buffer) => boolean
  readonly nowMs: () => number
  readonly hostMicros: () => number
  /** The program has ended. `problem`: why, in words; empty if it ended by itself. */
  readonly onEnded: ProgramEvents['ended']
}

/** With a message: its handle. With a timer: how often it was armed. */
type Token = number

/** A program that sends before its init_ok, and is silent for so long, waits for an answer. */
const earlyMs = 200

export class ForeignNode implements ProgramDriver<Token> {
  readonly #options: ForeignNodeOptions
  readonly #frames: NodeFrames
  readonly #timers: NodeTimers
  readonly #program: ProgramProcess
  #steps: ProgramSteps<Token> | null = null
  /** Inputs that came while the program took none. */
  readonly #held: { readonly input: Exclude<Input, Start>; readonly token: Token | null }[] = []
  /** The number of the present or last freeze; 0 before the first. */
  #freezeNumber = 0
  /** A freeze has stopped the program. */
  #isStopped = false
  /** Counts inputs by hand, so that only the last one stops the program again. */
  #breaths = 0
  #deadline: NodeJS.Timeout | undefined
  #watched = ''

  constructor(options: ForeignNodeOptions) {
    this.#options = options
    const { hello, hosted, environment, write, nowMs } = options
    this.#timers = new NodeTimers({ nowMs, onDue: (name, armed) => this.#give({ type: 'timer', name }, armed), onStall: (ms) => this.#frames.stalled(ms) })
    this.#program = new ProgramProcess({
      command: hosted.command, folder: hosted.folder, limits: hosted.limits, environment,
      events: {
        lines: (lines) => this.#takeLines(lines), tooLong: (begin) => this.#steps?.refuse(begin, 'it is longer than 16 MiB'),
        said: (text) => this.#tell({ type: 'program-said', text }), drained: () => this.#giveHeld(), ended: options.onEnded,
      },
    })
    this.#frames = new NodeFrames({ ...hello, programPid: this.#program.pid }, write)
  }

  get program(): Pick<ProgramProcess, 'pid' | 'signal' | 'pauseOutput' | 'resumeOutput'> {
    return this.#program
  }

  /** Takes one frame of the switchboard. */
  handleFrame(frame: Cursor): void {
    const kind = frame.u8()
    switch (kind) {
      case toNode.start: return this.#start(JSON.parse(frame.longText()) as Start)
      case toNode.deliver: {
        const handle = frame.u32()
        const from = frame.text(32, 'a node name')
        return this.#give({ type: 'message', from, message: decodeMessage(frame) }, handle)
      }
      case toNode.operation: return this.#give({ type: 'operation', ...decodeOperationInput(frame) }, null)
      case toNode.peerLost: return this.#give({ type: 'peer-lost', peer: frame.text(32, 'a node name') }, null)
      case toNode.freeze: return this.#freeze(frame.u32())
      case toNode.thaw: return this.#thaw(frame.u32())
      case toNode.fire: return this.#fire(frame.u32(), frame.text(255, 'a timer'), frame.u32())
      default: throw new Error(`the switchboard sent a frame of kind ${kind} to a program`)
    }
  }

  /** This process was stopped by a signal and continues, and so does the program, unless a freeze has stopped it. */
  continued(): void {
    this.#timers.continued()
    if (!this.#isStopped) this.#program.signal('SIGCONT')
    this.#watched = ''
    this.#watch()
  }

  // ---- inputs

  #start(start: Start): void {
    const { hosted } = this.#options
    const { name, kind, incarnation } = start
    this.#timers.stallMs = stallMsMin(start.settings)
    const speaker = speakerOf({ name, kind, incarnation, speaksOurs: hosted.speaksOurs }, hosted.nodes)
    this.#steps = new ProgramSteps({ speaker, start, nodes: hosted.nodes, dataFolder: hosted.dataFolder, isPlain: hosted.isPlain, driver: this })
    this.#watch()
  }

  #give(input: Exclude<Input, Start>, token: Token | null): void {
    if (this.#held.length > 0 || !this.#program.takesInput) return void this.#held.push({ input, token })
    const steps = this.#steps
    if (!steps) throw new Error('the switchboard sent an input before the start')
    if (this.#isFrozen) this.#letBreathe()
    steps.give(input, token)
    this.#watch()
  }

  #giveHeld(): void {
    for (const { input, token } of this.#held.splice(0)) this.#give(input, token)
  }

  /** Fires a timer by hand in a freeze, if it is still the same armed timer. */
  #fire(freeze: number, name: string, armed: number): void {
    if (freeze === this.#freezeNumber && this.#timers.take(name, armed)) this.#give({ type: 'timer', name }, armed)
    else this.#tellTimers()
  }

  // ---- lines of the program

  #takeLines(lines: readonly string[]): void {
    const steps = this.#steps
    if (!steps) return this.refused(lines[0] ?? '', 'it came before the init')
    for (const line of lines) steps.line(line)
    steps.flush()
    this.#watch()
    if (steps.hasSentEarly) setTimeout(() => {
      steps.beginEarly()
      this.#watch()
    }, earlyMs)
  }

  write(line: string): void {
    this.#program.write(line)
  }

  level(level: number, reason: string): void {
    this.#tell({ type: 'program-level', level, reason })
  }

  refused(line: string, reason: string): void {
    this.#tell({ type: 'line-refused', line, reason })
  }

  failed(reason: string): void {
    this.#program.end(reason)
  }

  #tell(event: { type: 'program-level'; level: number; reason: string } | { type: 'line-refused'; line: string; reason: string } | { type: 'program-said'; text: string }): void {
    const { name: node, incarnation } = this.#options.hello
    this.#frames.tell({ ...event, node, incarnation })
  }

  // ---- steps

  stepped({ step, input, token, effects }: ProgramStep<Token>): void {
    this.#writeInput(step, input, token ?? 0)
    for (const effect of effects) this.#writeEffect(effect)
    this.#frames.endStep()
    if (this.#isFrozen && this.#steps?.level !== 0) this.#settle()
  }

  #writeInput(step: number, input: Input | null, token: Token): void {
    if (input === null) return void this.#frames.beginStep(step, inputKinds.acted)
    switch (input.type) {
      case 'start': return void this.#frames.beginStep(step, inputKinds.start)
      case 'message': return this.#frames.beginStep(step, inputKinds.message).u32(token)
      case 'operation': return this.#frames.beginStep(step, inputKinds.operation).u64(input.operationId)
      case 'peer-lost': return this.#frames.beginStep(step, inputKinds.peerLost).text(input.peer)
      case 'timer': {
        const writer = this.#frames.beginStep(step, inputKinds.timer)
        writer.text(input.name)
        writer.u32(token)
        return writer.u64(this.#options.hostMicros())
      }
    }
  }

  #writeEffect(effect: ProgramEffect): void {
    switch (effect.type) {
      case 'send': return this.#frames.send(effect.to, effect.message, effect.as)
      case 'report': return this.#frames.report(JSON.stringify(effect.report), effect.report.type === 'operation-returned' ? effect.report.operationId : undefined)
      case 'set-timer':
        this.#forgetDue(effect.name)
        return this.#timers.set(effect.name, effect.ms)
      case 'cancel-timer':
        this.#forgetDue(effect.name)
        return this.#timers.cancel(effect.name)
    }
  }

  /** A timer that is due and waits for a program that takes no input has not fired yet. */
  #forgetDue(name: string): void {
    const at = this.#held.findIndex(({ input }) => input.type === 'timer' && input.name === name)
    if (at >= 0) this.#held.splice(at, 1)
  }

  /** A deadline for the init, and for each step. */
  #watch(): void {
    const steps = this.#steps
    const now = steps?.isBusy === true ? steps.busyWith : ''
    if (now === this.#watched) return
    this.#watched = now
    clearTimeout(this.#deadline)
    if (now === '' || !steps) return
    const { initMs, stepMs } = this.#options.hosted.limits
    const ms = now === 'init' ? initMs : stepMs
    this.#deadline = setTimeout(() => {
      steps.silent(ms)
      steps.flush()
      this.#watch()
    }, ms)
  }

  // ---- freeze and thaw

  get #isFrozen(): boolean {
    return this.#timers.isFrozen && this.#freezeNumber > 0
  }

  #freeze(freeze: number): void {
    this.#timers.freeze()
    this.#freezeNumber = freeze
    this.#settle()
  }

  /** In a freeze, when no step is running: stops a program that has a clock of its own, and tells the timers. */
  #settle(): void {
    const steps = this.#steps
    // The end of the step settles it.
    if (steps?.isBusy === true && steps.level > 0) return
    if ((steps?.level ?? 0) < 2 && !this.#isStopped) {
      this.#isStopped = true
      this.#program.signal('SIGSTOP')
    }
    this.#tellTimers()
  }

  /** In a freeze an input by hand is coming: a stopped program runs until it has answered, or, without steps, until it waits for more. */
  #letBreathe(): void {
    this.#continueProgram()
    if (this.#steps?.level !== 0) return
    const breath = ++this.#breaths
    void untilQuiet(this.#program.pid).then(() => {
      if (breath === this.#breaths && this.#isFrozen) this.#settle()
    })
  }

  #continueProgram(): void {
    if (!this.#isStopped) return
    this.#isStopped = false
    this.#program.signal('SIGCONT')
  }

  #tellTimers(): void {
    this.#frames.answer(toSwitchboard.frozen, this.#freezeNumber, JSON.stringify(this.#timers.stopped()))
  }

  #thaw(freeze: number): void {
    this.#continueProgram()
    this.#timers.thaw()
    this.#frames.answer(toSwitchboard.thawed, freeze, '')
  }
}
