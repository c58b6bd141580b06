// The programs that a person names in the window: what each would run, and the nodes of a cluster that it becomes. Only a lab that nobody else
// reaches runs them. It must never run anything but the command that `check` has shown.
import { homedir } from 'node:os'
import { join, parse, resolve } from 'node:path'
import { programLimits } from '../../cluster'
import { Refusal, type CheckedProgram, type ProgramChoice } from '../../contract'
import type { NodeName } from '../../protocol'
import { CannotRun, sentenceOf } from '../../system'
import { visible, type HeaderNode } from '../../trace'
import type { ProgramSpec } from '../cluster-seam'
import { commandIn, folderOf, lineOfCommand } from './command-line'
import { isNamedHere, programsOf, type SlotOf } from './given-programs'

export interface ChosenProgramsOptions {
  /** True if nobody but the person at this machine reaches the lab. */
  readonly mayRun: boolean
  /** The folder that the lab was started in. */
  readonly startedIn: string
}

export class ChosenPrograms {
  /** Why none may run; empty if they may. */
  readonly problem: string
  /** Where a program runs whose folder was left empty. An app that is started from a menu runs in the root of the disk, which is no place for anything. */
  readonly folder: string

  constructor({ mayRun, startedIn }: ChosenProgramsOptions) {
    this.problem = mayRun ? '' : 'This lab serves other people, so it runs no program that a window names. A lab on your own machine does.'
    this.folder = parse(startedIn).root === startedIn ? homedir() : startedIn
  }

  /** Throws a `Refusal` in a lab that runs none. */
  check(choices: readonly ProgramChoice[]): CheckedProgram[] {
    this.#requireLeave()
    return choices.map((choice) => this.#read(choice).checked)
  }

  /** The nodes that are programs, each with its own. Throws a `Refusal`, or a CannotRun, of one sentence. */
  of(nodes: readonly HeaderNode[], slots: readonly SlotOf[], choices: readonly ProgramChoice[]): Map<NodeName, ProgramSpec> {
    if (choices.length + slots.length > 0) this.#requireLeave()
    const given = choices.map((choice, index) => {
      const { who } = choice
      if (choices.findIndex((other) => other.who === who) < index) throw new Refusal(`${who} has two programs; a node can be only one.`)
      const { checked: { commandProblem, folderProblem }, spec } = this.#read(choice)
      if (!spec) throw new Refusal(`The program of ${who}: ${commandProblem || folderProblem}`)
      return { who, spec }
    })
    const stranger = given.find(({ who }) => !isNamedHere(who, nodes, slots))
    if (stranger) throw new Refusal(`There is no node and no slot ${visible(stranger.who)} here.`)
    const empty = slots.find(({ node, slot }) => !given.some(({ who }) => who === slot || who === node))
    if (empty) throw new Refusal(`${empty.node} is the program "${empty.slot}" of this scenario: name its command and its folder.`)
    return programsOf(nodes, slots, given)
  }

  #requireLeave(): void {
    if (this.problem !== '') throw new Refusal(this.problem)
  }

  #read({ command, folder }: ProgramChoice): { checked: CheckedProgram; spec: ProgramSpec | null } {
    const place = attempt(() => folderOf(this.#pathOf(folder.trim())))
    const words = attempt(() => commandIn(place.value ?? this.folder, command.trim()))
    const spec = place.value === null || words.value === null ? null : ourSpeaker(words.value, place.value)
    const checked = {
      runs: spec ? visible(lineOfCommand(spec.command)) : '', folder: spec ? visible(spec.folder) : '',
      commandProblem: words.problem, folderProblem: place.problem,
    }
    return { checked, spec }
  }

  #pathOf(folder: string): string {
    return /^~(\/|$)/.test(folder) ? join(homedir(), folder.slice(1)) : resolve(this.folder, folder)
  }
}

/** A program that speaks this lab's protocol. */
export function ourSpeaker(command: ProgramSpec['command'], folder: string): ProgramSpec {
  return { command, folder, isPlain: false, speaksOurs: true, dataFolder: '', keepsData: false, limits: programLimits }
}

function attempt<Value>(read: () => Value): { value: Value | null; problem: string } {
  try {
    return { value: read(), problem: '' }
  } catch (error) {
    if (error instanceof CannotRun) return { value: null, problem: sentenceOf(error) }
    throw error
  }
}
