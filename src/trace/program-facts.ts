// What is known of a program that is not ours, folded from what it told and what the lab saw of it. It must never hold more than its last lines.
import type { JsonObject } from '../protocol'
import type { EventOf, HeaderNode } from './event'

/** Lines of its standard error, and refused lines, that are kept for a panel. */
export const linesKept = 20

export interface ProgramLine {
  readonly seq: number
  readonly text: string
  /** Why the lab refused it; empty for a line of its standard error. */
  readonly refused: string
}

/** Immutable: an event makes a new object. */
export interface ProgramFacts {
  /** The command that ran it, for people. */
  readonly command: string
  /** How far it cooperates, 0 to 3; null before it has said so. */
  readonly level: number | null
  /** Why it is not higher. */
  readonly reason: string
  /** The last state that it told, and the event; null and 0 without one. */
  readonly state: JsonObject | null
  readonly stateSeq: number
  /** The state that it told before that; null without one. */
  readonly stateBefore: JsonObject | null
  /** Oldest first. */
  readonly lines: readonly ProgramLine[]
}

/** Null for a node of ours. */
export function newProgram({ program }: Pick<HeaderNode, 'program'>): ProgramFacts | null {
  return program === undefined ? null : { command: program, level: null, reason: '', state: null, stateSeq: 0, stateBefore: null, lines: [] }
}

type ProgramEvent = EventOf<'program-level' | 'state-told' | 'line-refused' | 'program-said'>

export function foldProgram(program: ProgramFacts, event: ProgramEvent): ProgramFacts {
  switch (event.type) {
    case 'program-level': return { ...program, level: event.level, reason: event.reason }
    case 'state-told': return { ...program, state: event.state, stateSeq: event.seq, stateBefore: program.state }
    case 'line-refused': return withLine(program, { seq: event.seq, text: event.line, refused: event.reason })
    case 'program-said': return withLine(program, { seq: event.seq, text: event.text, refused: '' })
  }
}

function withLine(program: ProgramFacts, line: ProgramLine): ProgramFacts {
  return { ...program, lines: [...program.lines.slice(1 - linesKept), line] }
}

/** A new process of the same program: it has told nothing yet. */
export function restarted(program: ProgramFacts | null): ProgramFacts | null {
  return program && { ...program, level: null, reason: '', state: null, stateSeq: 0, stateBefore: null }
}
