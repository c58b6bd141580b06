// What the network tells of messages and faults. These are events of the trace (trace/event.ts gives them their stamps); they are
// written down here because the network is what makes them, and may not look at the trace.
import type { Fault, FaultPlan } from './fault'

/** What happens to a message after it is sent, joined to `message-sent` by id. */
interface OfMessage {
  readonly id: string
}

export interface MessageDropped extends OfMessage { readonly type: 'message-dropped'; readonly reason: DropReason }
/** Made late by this fault; several faults may add up. */
export interface MessageDelayed extends OfMessage { readonly type: 'message-delayed'; readonly fault: string; readonly ms: number }
/** Kept in the network, waiting to be released; the reason is the fault that holds it. */
export interface MessageHeld extends OfMessage { readonly type: 'message-held'; readonly reason: string }
/** It was held or late and goes on now: by hand, or because another has overtaken it. */
export interface MessageReleased extends OfMessage { readonly type: 'message-released'; readonly reason: string }
/** A copy of `of` was made, by the fault that is the reason or by hand; the copy has its own id and fate. */
export interface MessageDuplicated extends OfMessage { readonly type: 'message-duplicated'; readonly of: string; readonly reason: string }

export type DropReason =
  | { readonly type: 'receiver-dead' }
  /** It was on its way to a life of the receiver that has ended. */
  | { readonly type: 'receiver-restarted' }
  | { readonly type: 'no-such-node' }
  | { readonly type: 'queue-full' }
  /** No connection carried it: there was none, it ended on the way, or a later message took its place. Nodes without a lab only. */
  | { readonly type: 'not-carried' }
  | { readonly type: 'fault'; readonly fault: string }
  | { readonly type: 'by-hand' }

/** A fault is there from now on; `isOn` false: it is planned for later. `text` says in words what it does. */
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
