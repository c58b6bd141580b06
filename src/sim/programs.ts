// Nodes of a simulated cluster that are programs of others: what the world needs of whoever runs them. It must never know how a program is run.
import type { Machine, NodeName, Start } from '../protocol'
import type { HeaderNode, ProgramEffects } from '../trace'

export interface Programs {
  /** The nodes that are programs, each with its command in words, as a recording's header has it. */
  readonly commands: ReadonlyMap<NodeName, string>
  /** Starts it and takes its first step. Throws a NodeEnded if it ends, and a CannotSimulate if it is no program for virtual time. */
  make(start: Start, nodes: readonly HeaderNode[], out: ProgramEffects): Machine
  /** The node's incarnation is over: it was killed, it has ended, or the run is over. */
  ended(node: NodeName): void
}

/** A node's program has ended by itself. */
export class NodeEnded extends Error {
  readonly code: number

  constructor(message: string, code: number) {
    super(message)
    this.code = code
  }
}

/** No run in virtual time is possible; the message says why. */
export class CannotSimulate extends Error {}
