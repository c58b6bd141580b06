// The marks of the diagram: views and their acks, kills and pauses, missed pings, transfers, stuck stretches, violations, stalls.
// Lists in order of seq; they are short compared to the messages. Pure.
import { bytesText, type EventOf } from '../../../../src/trace'
import { firstCapacity, grown, lowerBound } from './columns'

export interface ViewMark {
  readonly viewnum: number
  readonly seq: number
  /** 0 while it is not acked. */
  ackedSeq: number
  readonly members: string
}

export const lifeMarks = ['killed', 'exited', 'restarted', 'paused', 'resumed', 'failed'] as const
export type LifeMark = { readonly seq: number; readonly lane: number; readonly type: (typeof lifeMarks)[number] }

export interface TransferMark {
  readonly from: number
  readonly to: number
  readonly seq: number
  /** 0 while the transfer is in progress. */
  endSeq: number
  isDone: boolean
  acked: number
  /** 0 until the last chunk was sent. */
  total: number
  bytes: number
}

/** A stretch of time with a name: the cluster is stuck. */
export interface Stretch {
  readonly seq: number
  /** 0 while it lasts. */
  endSeq: number
  readonly text: string
}

export interface ViolationMark {
  readonly seq: number
  readonly rule: string
  readonly evidence: readonly number[]
}

/** The end of a stall: the machine gave the process of a lane no time until here. */
export interface StallMark {
  readonly seq: number
  readonly lane: number
  readonly text: string
}

/** Most events of evidence stored for a violation; its text names all of them. */
const evidenceMax = 64

/** Missed ping checks; there are many, so they are stored in columns. */
export class MissedChecks {
  length = 0
  seqs = new Int32Array(firstCapacity)
  lanes = new Uint8Array(firstCapacity)
  counts = new Int32Array(firstCapacity)

  add(seq: number, lane: number, count: number): void {
    const row = this.length++
    if (row >= this.seqs.length) {
      this.seqs = grown(this.seqs, row * 2)
      this.lanes = grown(this.lanes, row * 2)
      this.counts = grown(this.counts, row * 2)
    }
    this.seqs[row] = seq
    this.lanes[row] = lane
    this.counts[row] = count
  }

  firstFrom(seq: number): number {
    return lowerBound(this.seqs, this.length, seq)
  }
}

export class Marks {
  readonly views: ViewMark[] = []
  readonly lives: LifeMark[] = []
  readonly missed = new MissedChecks()
  readonly transfers: TransferMark[] = []
  readonly stuck: Stretch[] = []
  readonly violations: ViolationMark[] = []
  readonly stalls: StallMark[] = []

  view(viewnum: number, seq: number, members: string, ackedSeq = 0): void {
    this.views.push({ viewnum, seq, ackedSeq, members })
  }

  acked(viewnum: number, seq: number): void {
    const view = this.views.findLast((found) => found.viewnum === viewnum)
    if (view) view.ackedSeq = seq
  }

  /** Adds a sent chunk; the first chunk begins a transfer. */
  chunk(seq: number, from: number, to: number, chunk: number, isLast: boolean): void {
    let transfer = this.openTransfer(from, to)
    if (!transfer) {
      transfer = { from, to, seq, endSeq: 0, isDone: false, acked: 0, total: 0, bytes: 0 }
      this.transfers.push(transfer)
    }
    if (isLast) transfer.total = chunk + 1
  }

  progress({ seq, chunks, bytes, done }: EventOf<'transfer-progress'>, from: number, to: number): void {
    const transfer = this.openTransfer(from, to)
    if (!transfer) return
    transfer.acked = chunks
    transfer.bytes = bytes
    if (!done) return
    transfer.isDone = true
    transfer.endSeq = seq
  }

  /** Ends the open transfers from or to a lane (-1: all lanes) as not done: a new view began, or the node exited. */
  breakOff(seq: number, lane = -1): void {
    for (let at = this.transfers.length - 1; at >= 0 && at >= this.transfers.length - openTransfersMax; at--) {
      const transfer = this.transfers[at]
      if (transfer?.endSeq === 0 && (lane < 0 || transfer.from === lane || transfer.to === lane)) transfer.endSeq = seq
    }
  }

  openTransfer(from: number, to: number): TransferMark | undefined {
    for (let at = this.transfers.length - 1; at >= 0 && at >= this.transfers.length - openTransfersMax; at--) {
      const transfer = this.transfers[at]
      if (transfer?.endSeq === 0 && transfer.from === from && transfer.to === to) return transfer
    }
    return undefined
  }

  stuckFrom(seq: number, text: string): void {
    this.stuckUntil(seq)
    this.stuck.push({ seq, endSeq: 0, text })
  }

  stuckUntil(seq: number): void {
    const last = this.stuck.at(-1)
    if (last?.endSeq === 0) last.endSeq = seq
  }

  violation({ seq, rule, evidence }: EventOf<'violation'>): void {
    this.violations.push({ seq, rule, evidence: evidence.slice(0, evidenceMax) })
  }
}

/** Most transfers that may be in flight at once: one to each backup. */
const openTransfersMax = 16

/** The progress of a transfer: "state, 38 KB" when it is done, "2 of 3 chunks" before. */
export function transferText({ isDone, acked, total, bytes }: TransferMark): string {
  if (isDone) return `state, ${bytesText(bytes)}`
  return total > 0 ? `${acked} of ${total} chunks` : `${acked} ${acked === 1 ? 'chunk' : 'chunks'}`
}

/** The first mark of a sorted list that is at `seq` or later. */
export function firstMark(list: readonly { readonly seq: number }[], seq: number): number {
  let low = 0
  let high = list.length
  while (low < high) {
    const middle = (low + high) >> 1
    if ((list[middle]?.seq ?? Infinity) < seq) low = middle + 1
    else high = middle
  }
  return low
}
