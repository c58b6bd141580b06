// What the window and the worker that steps nodes again say to each other. Every question has one answer, in order.
// Plain values only: they are cloned on the way.
import type { Breach, HistoryStanding, Preview, RuleState, Seen } from '../../../src/check'
import type { EventOf, TraceHeader } from '../../../src/trace'
import type { HistoryPart } from '../history/history-keeper'

export type ReplayQuestion =
  /** Another session: forget all. */
  | { readonly type: 'begin'; readonly header: TraceHeader }
  /** The next events, as lines joined by line feeds. */
  | { readonly type: 'follow'; readonly text: string }
  /** What is seen of these nodes after `seq`, if that is the last event that was followed? Nothing is seen where more is needed for it. */
  | { readonly type: 'look-now'; readonly nodes: readonly string[]; readonly seq: number }
  /** From which event on are the events needed to see these nodes after `seq`? */
  | { readonly type: 'needs'; readonly nodes: readonly string[]; readonly seq: number }
  /** Here they are, up to `seq`: what is seen? */
  | { readonly type: 'look'; readonly nodes: readonly string[]; readonly seq: number; readonly text: string }
  /** The same events for the receiver of this message: what would its delivery do? */
  | { readonly type: 'preview'; readonly sent: EventOf<'message-sent'>; readonly seq: number; readonly text: string }
  /** What is known of the operations between two events? */
  | { readonly type: 'history'; readonly first: number; readonly last: number }

export interface ReplayAnswer {
  /** The last event that was followed. */
  readonly followed: number
  readonly from: number
  readonly seen: readonly Seen[]
  readonly preview: Preview | null
  /** After events were followed: how every rule stands, and the breaches among them. */
  readonly rules: readonly RuleState[]
  readonly breaches: readonly Breach[]
  /** After events were followed: how what clients saw stands. */
  readonly history: HistoryStanding | null
  readonly part: HistoryPart | null
  /** Empty, or why there is no answer. */
  readonly problem: string
}
