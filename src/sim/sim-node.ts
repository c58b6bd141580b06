// One node of the simulated cluster: its machine, its queued messages and its timers. Plain data; the world drives it.
import type { Envelope } from '../network'
import type { Machine, NodeKind, NodeName } from '../protocol'
import type { FrozenTimer } from '../trace'

export interface SimTimer {
  readonly armed: number
  /** Virtual time in microseconds. */
  readonly due: number
  readonly cancel: () => void
}

/** A message in the receiver's queue: it arrives after the link's delay, unless it is delivered by hand before. */
export interface SimMail {
  readonly envelope: Envelope
  readonly cancel: () => void
}

export interface SimNode {
  readonly name: NodeName
  readonly kind: NodeKind
  /** 0 before the first start. */
  incarnation: number
  /** Null while it is dead. */
  machine: Machine | null
  step: number
  isPaused: boolean
  /** Inputs that came due while it was paused. */
  readonly inbox: (() => void)[]
  /** The queue of the receiver: messages by id, in the order of their arrival. */
  readonly mail: Map<string, SimMail>
  readonly timers: Map<string, SimTimer>
  readonly armed: Map<string, number>
  /** Nodes that this incarnation has exchanged messages with. */
  readonly peers: Set<NodeName>
}

export function newSimNode(name: NodeName, kind: NodeKind): SimNode {
  return {
    name, kind, incarnation: 0, machine: null, step: 0, isPaused: false, inbox: [], mail: new Map(), timers: new Map(), armed: new Map(), peers: new Set(),
  }
}

/** Its current step, in the form that events use. */
export function ofStep({ name: node, incarnation, step }: SimNode): { node: NodeName; incarnation: number; step: number } {
  return { node, incarnation, step }
}

/** Its timers, with the time that each has left at `now`, which is in microseconds. */
export function timersOf({ name: node, timers }: SimNode, now: number): FrozenTimer[] {
  return [...timers].map(([name, { armed, due }]) => ({ node, name, armed, remainingMs: Math.max(0, due - now) / 1000 }))
}

/** Makes it dead: its memory is lost. Returns the messages that it will never take. */
export function emptySimNode(node: SimNode): Envelope[] {
  const lost = [...node.mail.values()].map(({ envelope, cancel }) => {
    cancel()
    return envelope
  })
  for (const { cancel } of node.timers.values()) cancel()
  node.machine = null
  node.isPaused = false
  node.inbox.length = 0
  node.mail.clear()
  node.timers.clear()
  node.armed.clear()
  node.peers.clear()
  return lost
}

/** A snapshot of a whole world, which does not change with the world. */
export interface WorldSnapshot {
  readonly nodes: readonly {
    readonly name: NodeName
    readonly kind: NodeKind
    readonly incarnation: number
    /** Null while it is dead. */
    readonly machine: Machine | null
    /** The names of armed timers. */
    readonly timers: readonly string[]
  }[]
  readonly mails: readonly Envelope[]
}
