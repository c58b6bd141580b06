// The plan of a simulated run: plain data, drawn from a seed before anything runs. Two runs of one plan are the same run, event for event,
// and because it is data a plan can be made smaller (shrink.ts). It must never hold anything that JSON does not.
import type { Fault } from '../../network'
import type { MessageType, NodeName, Operation, Settings } from '../../protocol'

/** A node, or who has that role in the view server's current view when it comes to it. */
export type NodeWord = NodeName | 'primary' | 'backup'

export interface PlannedOperation {
  /** Names it in every plan that is made of this one. */
  readonly id: number
  readonly atMs: number
  readonly client: NodeName
  /** Operations of one session run one after another. */
  readonly session: number
  readonly operation: Operation
}

/** Some of the messages that were sent, or are under way. */
export interface SomeMessages {
  readonly from: NodeName
  readonly to: NodeName
  readonly kind: MessageType
}

/** What a person does to a cluster that stands still. `which` counts from 1, in the order of sending. */
export type HandAct =
  | { readonly type: 'deliver' | 'drop' | 'duplicate'; readonly pick: Share | Nth }
  | { readonly type: 'fire'; readonly node: NodeWord; readonly timer: string }

/** Drawn before anybody knows what there will be: 0 is the first, nearly 1 the last. */
export interface Share { readonly type: 'share'; readonly share: number }
export interface Nth extends SomeMessages { readonly type: 'nth'; readonly which: number }

export type FaultAct =
  /** Down for so long; 0: until everything is mended. */
  | { readonly type: 'kill'; readonly node: NodeWord; readonly forMs: number }
  | { readonly type: 'restart'; readonly node: NodeWord }
  | { readonly type: 'pause'; readonly node: NodeWord; readonly forMs: number }
  /** A fault of the network for so long; 0: until everything is mended. Its nodes may be roles. */
  | { readonly type: 'network'; readonly fault: Fault; readonly forMs: number }
  /** The next such message comes twice: at once, and so much later. */
  | { readonly type: 'late-copy'; readonly name: string; readonly of: { readonly from: NodeWord; readonly to: NodeWord; readonly kind: MessageType }; readonly lateMs: number }
  /** A copy of a message that was sent before arrives now, whatever has become of its sender and receiver since. */
  | { readonly type: 'resend'; readonly kind: MessageType; readonly pick: Share | Nth }
  /** Time stands still, and somebody acts by hand. */
  | { readonly type: 'freeze'; readonly hands: readonly HandAct[] }

export interface PlannedFault {
  readonly id: number
  readonly atMs: number
  /** Left out where it could leave no way on: unless a view is acked, and a live member stays. */
  readonly isCareful: boolean
  readonly act: FaultAct
}

export interface Plan {
  readonly seed: string
  readonly replicas: number
  readonly clients: number
  readonly settings: Settings
  readonly durationMs: number
  /** From then on nothing is wrong any more: what is down starts, what is paused goes on, no fault is left. Null: it never comes. */
  readonly mendAtMs: number | null
  /** In the order of their times. */
  readonly operations: readonly PlannedOperation[]
  /** In the order of their times. */
  readonly faults: readonly PlannedFault[]
}

/** How large a plan is, for people. */
export interface PlanSize {
  readonly operations: number
  readonly faults: number
  readonly nodes: number
  readonly ms: number
}

export function sizeOf({ operations, faults, replicas, clients, durationMs }: Plan): PlanSize {
  return { operations: operations.length, faults: faults.length, nodes: 1 + replicas + clients, ms: durationMs }
}

/** True if the smaller one holds nothing that the larger one does not: fewer of the same, no later, no longer. */
export function isSubPlan(smaller: Plan, larger: Plan): boolean {
  if (smaller.replicas > larger.replicas || smaller.clients > larger.clients || smaller.durationMs > larger.durationMs) return false
  return isSubList(smaller.operations, larger.operations, isNoMoreOperation) && isSubList(smaller.faults, larger.faults, isNoMoreFault)
}

function isNoMoreOperation(one: PlannedOperation, other: PlannedOperation): boolean {
  return one.client <= other.client && one.session <= other.session && JSON.stringify(one.operation) === JSON.stringify(other.operation)
}

/** Nodes and messages by name in the place of roles and shares are no more. */
function isNoMoreFault({ act: one }: PlannedFault, { act: other }: PlannedFault): boolean {
  if (one.type === 'network' && other.type === 'network' && one.fault.effect.type !== other.fault.effect.type) return false
  return one.type === other.type && lengthOf(one) <= lengthOf(other)
}

interface Timed {
  readonly id: number
  readonly atMs: number
}

function isSubList<Item extends Timed>(some: readonly Item[], all: readonly Item[], fits: (one: Item, other: Item) => boolean): boolean {
  const known = new Map(all.map((item) => [item.id, item]))
  return new Set(some.map(({ id }) => id)).size === some.length && some.every((item) => {
    const original = known.get(item.id)
    return original !== undefined && item.atMs <= original.atMs && fits(item, original)
  })
}

function lengthOf(act: FaultAct): number {
  switch (act.type) {
    // For ever is the longest.
    case 'kill':
    case 'network':
    case 'pause': return act.forMs === 0 ? Infinity : act.forMs
    case 'late-copy': return act.lateMs
    case 'freeze': return act.hands.length
    case 'restart':
    case 'resend': return 0
  }
}
