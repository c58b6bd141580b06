// The bytes of a node's journal: which frames there are and what the first of a life says. docs/journals.md has them for readers.
// node-journal.ts writes them, journal-reader.ts reads them; nothing else knows them.
import type { NodeKind, NodeName, Settings } from '../protocol'

/** Raised when a frame changes its shape, or the messages inside do. */
export const journalVersion = 1
/** The first bytes of every life's first frame, after its type. */
export const journalMagic = 'USTYJ'

/** A step may send a large value to every backup, or a window of chunks. */
export const journalFrameBytesMax = 128 * 1024 * 1024

export const journalFrames = { life: 1, step: 2 } as const
/** What a step took. */
export const journalInputs = { start: 0, message: 1, timer: 2, operation: 3, peerLost: 4 } as const
/**
 * What happened, in order: within a step's frame, or in a frame of its own where it happened between two steps. `withdrawn`: a message
 * that was told as sent waits no more and never leaves. `asideSent` and `asideTaken`: messages that no step sent or took. `broken`: the step
 * came to no end.
 */
export const journalRecords = { send: 10, report: 11, opened: 12, greeted: 13, closed: 14, withdrawn: 15, asideSent: 16, asideTaken: 17, end: 18, broken: 19 } as const

/** Who keeps the journal, and what its first input was. A file may hold several lives, one after the other. */
export interface JournalLife {
  readonly kind: NodeKind
  readonly name: NodeName
  readonly incarnation: number
  /** Where it listens; empty for a client. */
  readonly address: string
  readonly seed: string
  readonly settings: Settings
  readonly pid: number
  readonly protocolHash: string
  /** The machine since it was started: clocks of one host can be compared. */
  readonly host: string
  /** The host's clock, and the time of day at the same moment, both in microseconds. */
  readonly at: number
  readonly wall: number
}
