// The programs of simulated clusters, as a simulator takes them. It must never keep one when its run is over and it cannot begin anew.
import { VirtualPrograms, type ProgramSpec } from '../../cluster'
import type { NodeName } from '../../protocol'
import { CannotSimulate, NodeEnded, type Programs } from '../../sim'
import { nodesMax, programsOf, type GivenProgram } from './given-programs'

/** What a thread needs to run programs: as plain data. */
export interface SimulatedPrograms {
  readonly given: readonly GivenProgram[]
  /** The private folder of whoever ends them (ProgramFolder). */
  readonly folder: string
  /** URL of the built program of the guard's thread. */
  readonly guard: string
}

/** Those of a drawn cluster, whose size is not known before. */
export function drawnPrograms({ given, ...place }: SimulatedPrograms): ReturnType<typeof simulatedPrograms> {
  return simulatedPrograms(programsOf(nodesMax, [], given), place)
}

export function simulatedPrograms(programs: ReadonlyMap<NodeName, ProgramSpec>, { folder, guard }: Omit<SimulatedPrograms, 'given'>): Programs & { close(): void } {
  return new VirtualPrograms({
    programs, folder, levelMin: 2, guardProgram: new URL(guard),
    failure: (failure) => failure.type === 'cannot' ? new CannotSimulate(`A program cannot run in virtual time: ${failure.reason}.`) : new NodeEnded(failure.reason, failure.code),
  })
}
