// A program as a machine, for virtual time: each step writes one line and waits for the answer. It needs level 2, where the lab owns the timers.
// It must never act by itself, nor hide that the program has ended.
import type { Input, JsonObject, Machine, NodeState, OtherState, Start } from '../protocol'
import type { HeaderNode, ProgramEffects } from '../trace'
import { resetLine } from './line'
import { ProgramSteps, type ProgramEffect } from './program-steps'
import { speakerOf } from './speaker'

/** The program's input and output. Both wait until they are done. */
export interface BlockingLines {
  write(line: string): void
  /** The next line, without its line feed. Throws a ProgramEnded when none will come, or none came in time. */
  read(): string
}

/** The program has ended. `isClean`: between two steps, and so by its own will; else in the middle of one. */
export class ProgramEnded extends Error {
  readonly isClean: boolean
  /** It was ended because it did not answer in time. */
  readonly isLate: boolean

  constructor(message: string, { isClean = false, isLate = false } = {}) {
    super(message)
    this.isClean = isClean
    this.isLate = isLate
  }
}

/** The program cannot run in virtual time. */
export class LevelTooLow extends Error {}

export interface ForeignMachineOptions {
  readonly start: Start
  readonly nodes: readonly HeaderNode[]
  readonly lines: BlockingLines
  readonly out: ProgramEffects
  readonly speaksOurs: boolean
  /** 1: its steps are known; 2: the lab has its timers too, as virtual time needs. */
  readonly levelMin: 1 | 2
  /** The process was another incarnation before: it forgets that first. */
  readonly isAgain: boolean
  /** Makes the error that a failed start or step throws. */
  readonly failure: (error: ProgramEnded | LevelTooLow) => Error
}

export class ForeignMachine implements Machine {
  readonly #lines: BlockingLines
  readonly #steps: ProgramSteps<null>
  readonly #out: ProgramEffects
  /** The effects of the step that has just ended; null while it runs. */
  #effects: readonly ProgramEffect[] | null = null
  readonly #failed: ForeignMachineOptions['failure']
  #level = 0
  #reason = ''
  #failure = ''
  #state: JsonObject = {}

  readonly #levelMin: number

  constructor({ start, nodes, lines, out, isAgain, failure, speaksOurs, levelMin }: ForeignMachineOptions) {
    const { name, kind, incarnation } = start
    this.#failed = failure
    this.#levelMin = levelMin
    if (isAgain) lines.write(resetLine(name))
    this.#lines = lines
    this.#out = out
    this.#steps = new ProgramSteps({
      speaker: speakerOf({ name, kind, incarnation, speaksOurs }, nodes), start, nodes, dataFolder: '', isPlain: false,
      driver: {
        write: (line) => lines.write(line),
        stepped: ({ effects }) => { this.#effects = effects },
        level: (level, reason) => {
          this.#level = level
          this.#reason = reason
          out.level(level, reason)
        },
        refused: (line, reason) => out.refused(line, reason),
        failed: (reason) => { this.#failure = reason },
      },
    })
    this.#wait()
  }

  step(input: Exclude<Input, Start>): void {
    this.#steps.give(input)
    this.#wait()
  }

  inspect(): NodeState {
    return { kind: 'other', state: this.#state } satisfies OtherState
  }

  copy(): never {
    throw new Error('the state of a program cannot be copied')
  }

  essence(): never {
    throw new Error('the state of a program is not known')
  }

  incidental(): never {
    throw new Error('the state of a program is not known')
  }

  /** True if its process can be another incarnation next. */
  get canBeginAnew(): boolean {
    return this.#steps.canReset && this.#effects !== null
  }

  #wait(): void {
    try {
      this.#untilDone()
    } catch (error) {
      throw error instanceof ProgramEnded || error instanceof LevelTooLow ? this.#failed(error) : error
    }
  }

  /** Until the step has ended. */
  #untilDone(): void {
    this.#effects = null
    while (this.#effects === null) {
      this.#steps.line(this.#lines.read())
      if (this.#failure !== '') throw new ProgramEnded(this.#failure)
    }
    if (this.#level < this.#levelMin) throw new LevelTooLow(`this needs level ${this.#levelMin}, and it is at level ${this.#level}: ${this.#reason}`)
    for (const effect of this.#effects as readonly ProgramEffect[]) this.#perform(effect)
  }

  #perform(effect: ProgramEffect): void {
    switch (effect.type) {
      case 'send': return this.#out.send(effect.to, effect.message)
      case 'set-timer': return this.#out.setTimer(effect.name, effect.ms)
      case 'cancel-timer': return this.#out.cancelTimer(effect.name)
      case 'report':
        if (effect.report.type === 'state-told') this.#state = effect.report.state
        return this.#out.told(effect.report)
    }
  }
}
