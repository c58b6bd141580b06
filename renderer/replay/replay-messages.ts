// The messages between the window and the replay worker. Every question has one answer, in order.
// Plain values only, because postMessage clones them.
import type { Violation, HistoryStanding, Preview, RuleState, Seen } from '../../src/check'
import type { EventOf, TraceHeader } from '../../src/trace'
import type { HistoryPart } from './history-keeper'

export type ReplayQuestion =
  /** Another session begins; the worker drops all it has. */
  | { readonly type: 'begin'; readonly header: TraceHeader }
  /** The next events, as lines joined by line feeds. */
  | { readonly type: 'follow'; readonly text: string }
  /** What is the state of these nodes after `seq`, if that is the last followed event? The answer is empty if the worker needs more events for it. */
  | { readonly type: 'look-now'; readonly nodes: readonly string[]; readonly seq: number }
  /** From which event on does the worker need events to replay these nodes up to `seq`? */
  | { readonly type: 'needs'; readonly nodes: readonly string[]; readonly seq: number }
  /** What is the state of these nodes after `seq`? `text` has the needed events up to `seq`. */
  | { readonly type: 'look'; readonly nodes: readonly string[]; readonly seq: number; readonly text: string }
  /** What would delivering this message do? `text` has the needed events of its receiver up to `seq`. */
  | { readonly type: 'preview'; readonly sent: EventOf<'message-sent'>; readonly seq: number; readonly text: string }
  /** How are the operations between two events linearized? */
  | { readonly type: 'history'; readonly first: number; readonly last: number }

export interface ReplayAnswer {
  /** The last followed event. */
  readonly followed: number
  readonly from: number
  readonly seen: readonly Seen[]
  readonly preview: Preview | null
  /** For `follow`: how every rule stands, and the violations among the new events. */
  readonly rules: readonly RuleState[]
  readonly violations: readonly Violation[]
  /** For `follow`: the standing of the history that clients saw. */
  readonly history: HistoryStanding | null
  readonly part: HistoryPart | null
  /** Empty, or why there is no answer. */
  readonly problem: string
}
