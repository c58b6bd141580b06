// One node of the simulated cluster: its machine, its mail and its timers. Plain data for the world, which drives it.
import type { Envelope } from '../network'
import type { Machine, NodeKind, NodeName } from '../protocol'

export interface SimTimer {
  readonly armed: number
  /** Virtual time in microseconds. */
  readonly due: number
  readonly cancel: () => void
}

/** A message in the node's mail: it arrives when the link's time is over, unless somebody delivers it before. */
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
  paused: boolean
  /** What came due while it was paused. */
  readonly inbox: (() => void)[]
  /** Messages that wait for it, by id, in the order of their coming. */
  readonly mail: Map<string, SimMail>
  readonly timers: Map<string, SimTimer>
  readonly armed: Map<string, number>
  /** Nodes that this life has exchanged messages with. */
  readonly peers: Set<NodeName>
}

export function newSimNode(name: NodeName, kind: NodeKind): SimNode {
  return {
    name, kind, incarnation: 0, machine: null, step: 0, paused: false, inbox: [], mail: new Map(), timers: new Map(), armed: new Map(), peers: new Set(),
  }
}

/** Makes it dead: what it had in memory is gone. Returns the messages that it will never take. */
export function emptySimNode(node: SimNode): Envelope[] {
  const lost = [...node.mail.values()].map(({ envelope, cancel }) => {
    cancel()
    return envelope
  })
  for (const { cancel } of node.timers.values()) cancel()
  node.machine = null
  node.paused = false
  node.inbox.length = 0
  node.mail.clear()
  node.timers.clear()
  node.armed.clear()
  node.peers.clear()
  return lost
}
