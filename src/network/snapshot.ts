// A snapshot of a network, as data, from which another network continues (a branch of a recording).
// Random draws after the snapshot are new. Earlier draws that had no visible effect yet are not known (docs/decisions/branching.md).
import type { Envelope, Fault, FaultPlan } from './fault'

export interface FaultSnapshot {
  readonly fault: Fault
  readonly plan: FaultPlan
  readonly isOn: boolean
  /** How many messages it has struck. */
  readonly struck: number
  /** What is planned for it, and in how many milliseconds; null: nothing is. */
  readonly next: { readonly what: 'begin' | 'end'; readonly inMs: number } | null
}

/** A message that is late or held. */
export interface MessageSnapshot<Payload> {
  readonly envelope: Envelope
  readonly payload: Payload
  /** The receiver's incarnation that it was sent to; 0 if it was dead. */
  readonly incarnation: number
  /** Until it arrives, in milliseconds; null: it is held. */
  readonly inMs: number | null
  /** It is sent on at once when the next message of its link has been sent. */
  readonly mayBeOvertaken: boolean
}

export interface NetworkSnapshot<Payload> {
  /** In the order in which they were added. */
  readonly faults: readonly FaultSnapshot[]
  /** In the order of sending. */
  readonly travelling: readonly MessageSnapshot<Payload>[]
  /** Copies made of a message so far, by the original's id. */
  readonly copies: ReadonlyMap<string, number>
}
