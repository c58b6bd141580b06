// The plan of a simulated run: plain data, drawn from a seed before the run. Two runs of one plan are equal, event for event, and since a plan
// is data it can be shrunk (shrink.ts). It must never hold anything that JSON cannot.
import type { Fault } from '../../network'
import type { MessageType, NodeName, Operation, Settings } from '../../protocol'

/** A node, or the node that has this role in the view server's current view when the fault is due. */
export type NodeWord = NodeName | 'primary' | 'backup'

export interface PlannedOperation {
  /** Identifies it in every plan that is derived from this one. */
  readonly id: number
  readonly atMs: number
  readonly client: NodeName
  /** Operations of one session run one after another. */
  readonly session: number
  readonly operation: Operation
  /** The server that it asks directly, without the view server; empty: the client finds the primary. */
  readonly target: NodeWord | ''
}

/** The stores of a run's servers: all the same, or alternately a slab (s1, s3 ...) and a map. */
export const storeWords = ['map', 'slab', 'mixed'] as const
export type StoreWord = (typeof storeWords)[number]

/** Messages of one kind from one node to another, sent or in flight. */
export interface SomeMessages {
  readonly from: NodeName
  readonly to: NodeName
  readonly kind: MessageType
}

/** An act by hand on a frozen cluster. `which` counts from 1, in the order of sending. */
export type HandAct =
  | { readonly type: 'deliver' | 'drop' | 'duplicate'; readonly pick: Share | Nth }
  | { readonly type: 'fire'; readonly node: NodeWord; readonly timer: string }

/** A choice drawn before the messages are known: 0 is the first, nearly 1 the last. */
export interface Share { readonly type: 'share'; readonly share: number }
export interface Nth extends SomeMessages { readonly type: 'nth'; readonly which: number }

/** A copy of a message of an ended incarnation. It comes `afterMs` after the next incarnation began, `times` times, `everyMs` apart. */
export interface Echo {
  readonly kind: MessageType
  /** One of the last messages of this kind, from or to that incarnation. */
  readonly pick: Share | Nth
  readonly afterMs: number
  readonly times: number
  readonly everyMs: number
}

export type FaultAct =
  /** Down for `forMs`; 0: until everything is healed. */
  | { readonly type: 'kill'; readonly node: NodeWord; readonly forMs: number }
  | { readonly type: 'restart'; readonly node: NodeWord }
  /** It restarts, and messages from and to its earlier incarnation come late. */
  | { readonly type: 'restart-with-echoes'; readonly node: NodeWord; readonly echoes: readonly Echo[] }
  | { readonly type: 'pause'; readonly node: NodeWord; readonly forMs: number }
  /** A network fault for `forMs`; 0: until everything is healed. Its nodes may be roles. */
  | { readonly type: 'network'; readonly fault: Fault; readonly forMs: number }
  /** The next such message arrives twice: the copy at once, the original `lateMs` later. */
  | { readonly type: 'late-copy'; readonly name: string; readonly of: { readonly from: NodeWord; readonly to: NodeWord; readonly kind: MessageType }; readonly lateMs: number }
  /** A copy of an earlier message arrives now, even if its sender or its receiver has restarted since. */
  | { readonly type: 'resend'; readonly kind: MessageType; readonly pick: Share | Nth }
  /** A client's connection to a server ends; the client is notified and may connect again. */
  | { readonly type: 'disconnect'; readonly client: NodeName; readonly server: NodeWord }
  /** The cluster freezes, and acts are performed by hand. */
  | { readonly type: 'freeze'; readonly hands: readonly HandAct[] }

export interface PlannedFault {
  readonly id: number
  readonly atMs: number
  /** Skipped if the cluster might not recover: unless a view is acked and a live member remains. */
  readonly isCareful: boolean
  /** It begins at the first whole millisecond from `atMs` on at which this condition has held long enough, or not at all. */
  readonly waits: WaitsFor | null
  readonly act: FaultAct
}

export interface WaitsFor {
  /** `transfer`: a view with backups is not acked. `in-flight`: its primary waits for its backups. */
  readonly moment: 'transfer' | 'in-flight'
  /** How long the condition must have held; 0: it begins at once. */
  readonly lastsMs: number
  readonly upToMs: number
}

export interface Plan {
  readonly seed: string
  readonly replicas: number
  readonly clients: number
  readonly settings: Settings
  readonly stores: StoreWord
  readonly durationMs: number
  /** From then on everything is healed: dead nodes restart, paused nodes resume, no fault remains. Null: never. */
  readonly mendAtMs: number | null
  /** Ordered by time. */
  readonly operations: readonly PlannedOperation[]
  /** Ordered by time. */
  readonly faults: readonly PlannedFault[]
}

/** The size of a plan, for people. */
export interface PlanSize {
  readonly operations: number
  readonly faults: number
  readonly nodes: number
  readonly ms: number
}

export function sizeOf({ operations, faults, replicas, clients, durationMs }: Plan): PlanSize {
  return { operations: operations.length, faults: faults.length, nodes: 1 + replicas + clients, ms: durationMs }
}

/** Whether `smaller` has nothing that `larger` does not have: fewer of the same items, none of them later or longer. */
export function isSubPlan(smaller: Plan, larger: Plan): boolean {
  if (smaller.replicas > larger.replicas || smaller.clients > larger.clients || smaller.durationMs > larger.durationMs) return false
  return isSubList(smaller.operations, larger.operations, isNoMoreOperation) && isSubList(smaller.faults, larger.faults, isNoMoreFault)
}

function isNoMoreOperation(one: PlannedOperation, other: PlannedOperation): boolean {
  return one.client <= other.client && one.session <= other.session && (one.target === '' || other.target !== '')
    && JSON.stringify(one.operation) === JSON.stringify(other.operation)
}

/** Replacing roles and shares by names of nodes and messages does not make a fault larger. */
function isNoMoreFault({ act: one }: PlannedFault, { act: other }: PlannedFault): boolean {
  if (one.type === 'network' && other.type === 'network' && one.fault.effect.type !== other.fault.effect.type) return false
  const isOfItsKind = one.type === other.type || (one.type === 'restart' && other.type === 'restart-with-echoes')
  return isOfItsKind && lengthOf(one) <= lengthOf(other)
}

interface Timed {
  readonly id: number
  readonly atMs: number
  readonly waits?: WaitsFor | null
}

function isSubList<Item extends Timed>(some: readonly Item[], all: readonly Item[], fits: (one: Item, other: Item) => boolean): boolean {
  const known = new Map(all.map((item) => [item.id, item]))
  return new Set(some.map(({ id }) => id)).size === some.length && some.every((item) => {
    const original = known.get(item.id)
    return original !== undefined && item.atMs <= original.atMs + (original.waits?.upToMs ?? 0) && fits(item, original)
  })
}

function lengthOf(act: FaultAct): number {
  switch (act.type) {
    // 0 means forever, which is the longest.
    case 'kill':
    case 'network':
    case 'pause': return act.forMs === 0 ? Infinity : act.forMs
    case 'late-copy': return act.lateMs
    case 'freeze': return act.hands.length
    case 'restart-with-echoes': return act.echoes.reduce((sum, { times }) => sum + times, 0)
    case 'restart':
    case 'disconnect':
    case 'resend': return 0
  }
}
