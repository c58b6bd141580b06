// Every message as an arrow: where and when it was sent, where and when it ended, and its fate. Columns of numbers; the model knows the
// message of a row while it is in flight. Pure.
import type { MessageKind, MessageType, NodeKind } from '../../../../src/protocol'
import { firstCapacity, grown } from './columns'
import type { Labels } from './labels'
import { Spans } from './spans'

/** The fate of a message: in flight, taken or lost. */
export const fate = { open: 0, taken: 1, lost: 2 } as const
/** The purpose of a message, which determines how its arrow is drawn. */
export const arrowKind = { client: 0, forward: 1, view: 2, heartbeat: 3, transfer: 4 } as const
/** What happened in flight, as bits. `held`: it waits in the network. `atLane`: it was lost at its receiver and not in the network. */
export const onWay = { late: 1, held: 2, copy: 4, copied: 8, atLane: 16, handed: 32 } as const

const purposes: Readonly<Record<MessageType, number>> = {
  'forward': arrowKind.forward, 'forward-ack': arrowKind.forward,
  'state-transfer': arrowKind.transfer, 'state-transfer-ack': arrowKind.transfer,
  'request': arrowKind.client, 'reply': arrowKind.client, 'rejected': arrowKind.client, 'not-yet': arrowKind.client,
  'ping': arrowKind.view, 'view-reply': arrowKind.view, 'superseded': arrowKind.view, 'get-view': arrowKind.view, 'query': arrowKind.view, 'query-reply': arrowKind.view,
  'restarted': arrowKind.view,
}

/** The purpose of a message between nodes of these kinds. A message in a program's own words is judged by who speaks with whom. */
export function purposeOf(kind: MessageKind, isHeartbeat: boolean, from: NodeKind, to: NodeKind): number {
  if (isHeartbeat) return arrowKind.heartbeat
  if (Object.hasOwn(purposes, kind)) return purposes[kind as MessageType]
  if (from === 'client' || to === 'client') return arrowKind.client
  return from === 'service' || to === 'service' ? arrowKind.view : arrowKind.forward
}

export class Arrows {
  readonly spans = new Spans()
  readonly #labels: Labels
  from = new Uint8Array(firstCapacity)
  to = new Uint8Array(firstCapacity)
  kind = new Uint8Array(firstCapacity)
  fate = new Uint8Array(firstCapacity)
  way = new Uint8Array(firstCapacity)
  /** Total delay by faults, in milliseconds. */
  lateMs = new Float32Array(firstCapacity)
  /** The number of a label that says why it is lost or held; 0 without a reason. */
  reason = new Int32Array(firstCapacity)
  /** The event that sent it; for a copy, the event that sent the original. */
  sent = new Int32Array(firstCapacity)

  constructor(labels: Labels) {
    this.#labels = labels
  }

  get length(): number {
    return this.spans.length
  }

  add(seq: number, from: number, to: number, kind: number): number {
    const row = this.spans.add(seq)
    if (row >= this.from.length) this.#grow(row * 2)
    this.from[row] = from
    this.to[row] = to
    this.kind[row] = kind
    this.sent[row] = seq
    return row
  }

  /** Adds a copy of a message in flight. */
  addCopy(seq: number, original: number): number {
    const copy = this.add(seq, this.from[original] ?? 0, this.to[original] ?? 0, this.kind[original] ?? 0)
    this.sent[copy] = this.sent[original] ?? seq
    this.way[copy] = onWay.copy
    this.mark(original, onWay.copied, true)
    return copy
  }

  end(row: number, seq: number, what: number, reason = ''): void {
    this.spans.close(row, seq)
    this.fate[row] = what
    if (what === fate.lost) this.reason[row] = this.#labels.number(reason)
  }

  mark(row: number, bit: number, isOn: boolean): void {
    const way = this.way[row] ?? 0
    this.way[row] = isOn ? way | bit : way & ~bit
  }

  late(row: number, ms: number): void {
    this.mark(row, onWay.late, true)
    this.lateMs[row] = (this.lateMs[row] ?? 0) + ms
  }

  held(row: number, reason: string): void {
    this.mark(row, onWay.held, true)
    this.reason[row] = this.#labels.number(reason)
  }

  has(row: number, bit: number): boolean {
    return ((this.way[row] ?? 0) & bit) !== 0
  }

  #grow(capacity: number): void {
    this.from = grown(this.from, capacity)
    this.to = grown(this.to, capacity)
    this.kind = grown(this.kind, capacity)
    this.fate = grown(this.fate, capacity)
    this.way = grown(this.way, capacity)
    this.lateMs = grown(this.lateMs, capacity)
    this.reason = grown(this.reason, capacity)
    this.sent = grown(this.sent, capacity)
  }
}
