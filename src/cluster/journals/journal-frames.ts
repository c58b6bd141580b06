// The byte format of a node's journal: its frames, and the first frame of an incarnation (docs/journals.md documents it). node-journal.ts writes
// it, journal-reader.ts reads it; no other file may depend on it.
import type { ProtocolKind, NodeName, Settings } from '../../protocol'

/** Increase it when the shape of a frame changes, or the messages inside do. */
export const journalVersion = 1
/** Follows the type byte in the first frame of every incarnation. */
export const journalMagic = 'USTYJ'

/** Large, because a step may send a large value to every backup, or a window of chunks. */
export const journalFrameBytesMax = 128 * 1024 * 1024

export const journalFrames = { life: 1, step: 2 } as const
/** The input of a step. */
export const journalInputs = { start: 0, message: 1, timer: 2, operation: 3, peerLost: 4 } as const
/**
 * Records in their order: inside a step's frame, or in a frame of their own between two steps. `withdrawn`: a message that was recorded as sent is
 * cancelled and never leaves. `asideSent` and `asideTaken`: messages that no step sent or took. `broken`: the step did not complete.
 */
export const journalRecords = { send: 10, report: 11, opened: 12, greeted: 13, closed: 14, withdrawn: 15, asideSent: 16, asideTaken: 17, end: 18, broken: 19 } as const

/** The node that keeps the journal, and its start input. A file may hold several incarnations, one after the other. */
export interface JournalLife {
  readonly kind: ProtocolKind
  readonly name: NodeName
  readonly incarnation: number
  /** Where it listens; empty for a client. */
  readonly address: string
  readonly seed: string
  readonly settings: Settings
  readonly pid: number
  readonly protocolHash: string
  /** Identifies one boot of a host: clocks of the same host can be compared. */
  readonly host: string
  /** The host's clock, and the time of day at the same time, both in microseconds. */
  readonly at: number
  readonly wall: number
}
