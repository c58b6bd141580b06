// The programs of simulated clusters: starts one for each incarnation of a node, or uses a process again whose program can begin anew. It must never
// start what a person did not name.
import { threadId } from 'node:worker_threads'
import { ForeignMachine, ProgramEnded, type LevelTooLow } from '../../foreign'
import type { Machine, NodeName, Start } from '../../protocol'
import { CannotRun } from '../../system/cannot-run'
import type { HeaderNode, ProgramEffects } from '../../trace'
import { BlockingProgram } from './blocking-program'
import { Guard } from './guard'
import type { ProgramSpec } from './program-spec'

/** The start or a step failed: the program has ended with this status, or cannot run in virtual time. */
export type ProgramFailure = { readonly type: 'ended'; readonly code: number; readonly reason: string } | { readonly type: 'cannot'; readonly reason: string }

export interface VirtualProgramsOptions {
  readonly programs: ReadonlyMap<NodeName, ProgramSpec>
  /** The private folder (ProgramFolder) whose owner ends every process that is noted there. */
  readonly folder: string
  /** 1: programs whose steps are known; 2: those whose timers the lab has, as virtual time needs. */
  readonly levelMin: 1 | 2
  /** The built program of the guard's thread. */
  readonly guardProgram: URL
  /** Makes the error that a simulator expects. */
  readonly failure: (failure: ProgramFailure) => Error
}

export class VirtualPrograms {
  readonly commands: ReadonlyMap<NodeName, string>
  readonly #options: VirtualProgramsOptions
  readonly #guard: Guard
  readonly #running = new Map<NodeName, { readonly program: BlockingProgram; machine: ForeignMachine | null }>()
  /** Processes of ended incarnations whose programs can begin anew, by command and folder. */
  readonly #idle = new Map<string, BlockingProgram[]>()
  #started = 0

  constructor(options: VirtualProgramsOptions) {
    this.#options = options
    this.#guard = new Guard(options.guardProgram)
    this.commands = new Map([...options.programs].map(([name, { command }]) => [name, command.join(' ')]))
  }

  make(start: Start, nodes: readonly HeaderNode[], out: ProgramEffects): Machine {
    const { programs, folder } = this.#options
    const spec = programs.get(start.name)
    if (!spec) throw new Error(`${start.name} is no program`)
    const again = this.#idle.get(keyOf(spec))?.pop()
    if (again) {
      try {
        return this.#begin(start, nodes, out, again, spec, true)
      } catch {
        // It has ended since: a process of its own is as good.
        again.end()
      }
    }
    return this.#begin(start, nodes, out, this.#newProcess(start.name, spec, folder), spec, false)
  }

  /** Several threads share the folder, so its name has the thread's number. */
  #newProcess(node: NodeName, spec: ProgramSpec, folder: string): BlockingProgram {
    try {
      return new BlockingProgram({ spec, life: `${node}.${threadId}.${++this.#started}`, folder, guard: this.#guard })
    } catch (error) {
      throw error instanceof CannotRun ? this.#options.failure({ type: 'cannot', reason: error.message.replace(/\.$/, '') }) : error
    }
  }

  #begin(start: Start, nodes: readonly HeaderNode[], out: ProgramEffects, program: BlockingProgram, { speaksOurs }: ProgramSpec, isAgain: boolean): Machine {
    const running: { program: BlockingProgram; machine: ForeignMachine | null } = { program, machine: null }
    this.#running.set(start.name, running)
    const { levelMin } = this.#options
    const failure = (error: ProgramEnded | LevelTooLow): Error => this.#failure(error, running.machine === null)
    return running.machine = new ForeignMachine({ start, nodes, lines: program, out, isAgain, failure, speaksOurs, levelMin })
  }

  ended(node: NodeName): void {
    const running = this.#running.get(node)
    const spec = this.#options.programs.get(node)
    this.#running.delete(node)
    if (!running || !spec) return
    if (running.machine?.canBeginAnew !== true) return running.program.end()
    const key = keyOf(spec)
    this.#idle.set(key, [...this.#idle.get(key) ?? [], running.program])
  }

  /** Ends every process. */
  close(): void {
    for (const { program } of this.#running.values()) program.end()
    for (const programs of this.#idle.values()) for (const program of programs) program.end()
    this.#running.clear()
    this.#idle.clear()
    this.#guard.end()
  }

  /** A program that does not answer its init is none that can be run; one that ends in its start is a node that ended. */
  #failure(error: ProgramEnded | LevelTooLow, isStarting: boolean): Error {
    const { failure } = this.#options
    if (isStarting && error instanceof ProgramEnded && error.isLate) return failure({ type: 'cannot', reason: `no init_ok came: ${error.message}` })
    return error instanceof ProgramEnded ? failure({ type: 'ended', code: error.isClean ? 0 : 1, reason: error.message }) : failure({ type: 'cannot', reason: error.message })
  }
}

const keyOf = ({ command, folder }: ProgramSpec): string => JSON.stringify([command, folder])
