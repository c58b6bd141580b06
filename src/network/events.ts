// What the network reports about messages and faults. These are events of the trace (trace/event.ts adds their stamps).
// They are declared here because the network makes them and must never import the trace.
import type { Fault, FaultPlan } from './fault'

/** What happens to a message after it is sent, joined to `message-sent` by id. */
interface OfMessage {
  readonly id: string
}

export interface MessageDropped extends OfMessage { readonly type: 'message-dropped'; readonly reason: DropReason }
/** Delayed by this fault; the delays of several faults add up. */
export interface MessageDelayed extends OfMessage { readonly type: 'message-delayed'; readonly fault: string; readonly ms: number }
/** Kept in the network, waiting to be released; the reason is the fault that holds it. */
export interface MessageHeld extends OfMessage { readonly type: 'message-held'; readonly reason: string }
/** It was held or late and is sent on now: by hand, or because another has overtaken it. */
export interface MessageReleased extends OfMessage { readonly type: 'message-released'; readonly reason: string }
/**
 * A copy of `of`, which is in flight, was made, by the fault that is the reason or by hand; the copy has its own id and fate. `carries` is for
 * copies of messages that have left the network (trace/event.ts).
 */
export interface MessageDuplicated extends OfMessage { readonly type: 'message-duplicated'; readonly of: string; readonly reason: string; readonly carries: null }

export type DropReason =
  | { readonly type: 'receiver-dead' }
  /** It was in flight to an incarnation of the receiver that has ended. */
  | { readonly type: 'receiver-restarted' }
  | { readonly type: 'no-such-node' }
  | { readonly type: 'queue-full' }
  /** No connection carried it: there was none, it ended first, or a later message took its place. Only for nodes without a lab. */
  | { readonly type: 'not-carried' }
  | { readonly type: 'fault'; readonly fault: string }
  | { readonly type: 'by-hand' }

/** A fault was added; `isOn` false: it is planned for later. `text` says in words what it does. */
export interface FaultAdded {
  readonly type: 'fault-added'
  readonly fault: string
  readonly text: string
  readonly rule: Fault
  readonly plan: FaultPlan
  readonly isOn: boolean
}
/** `reason`: 'by hand', or 'as planned'. */
export interface FaultSwitched { readonly type: 'fault-switched'; readonly fault: string; readonly isOn: boolean; readonly reason: string }
export interface FaultRemoved { readonly type: 'fault-removed'; readonly fault: string; readonly reason: string }

export type NetworkEvent =
  | MessageDropped | MessageDelayed | MessageHeld | MessageReleased | MessageDuplicated
  | FaultAdded | FaultSwitched | FaultRemoved
