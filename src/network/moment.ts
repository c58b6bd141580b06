// What a network holds at a moment, as data: for another one that goes on from there (a branch of a recording).
// What chance decides after the moment is drawn anew; what it had decided and not shown is not known (docs/decisions/branching.md).
import type { Envelope, Fault, FaultPlan } from './fault'

export interface FaultMoment {
  readonly fault: Fault
  readonly plan: FaultPlan
  readonly isOn: boolean
  /** How many messages it has struck. */
  readonly struck: number
  /** What happens to it by itself, so many milliseconds on; null: nothing does. */
  readonly next: { readonly what: 'begin' | 'end'; readonly inMs: number } | null
}

/** A message that is late or held. */
export interface TravellingMoment<Payload> {
  readonly envelope: Envelope
  readonly payload: Payload
  /** The receiver's life that it was sent to; 0 if it was dead. */
  readonly incarnation: number
  /** Until it arrives, in milliseconds; null: it is held. */
  readonly inMs: number | null
  /** It goes on at once when the next message of its link has been sent. */
  readonly mayBeOvertaken: boolean
}

export interface NetworkMoment<Payload> {
  /** In the order in which they were added. */
  readonly faults: readonly FaultMoment[]
  /** In the order of sending. */
  readonly travelling: readonly TravellingMoment<Payload>[]
  /** Copies made of a message so far, by the original's id. */
  readonly copies: ReadonlyMap<string, number>
}
