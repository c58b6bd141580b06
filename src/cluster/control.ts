// What the lab and its switchboard say to each other, over a pipe that both inherit: commands and answers as JSON, events as text.
// The pipe's end is the lab's end: the switchboard then kills every node, flushes and exits.
import type { NetworkAct } from '../network'
import type { ToldEvent, TraceHeader } from '../trace'
import type { WorkloadPlan } from '../workload'
import type { Cursor, FrameWriter } from './frame'
import type { Piece } from './journal'
import type { OperationFrame } from './lab-frames'
import { encodeOperationInput, decodeOperationInput } from './lab-frames'

/** The file descriptor of the pipe in the switchboard process. */
export const controlDescriptor = 3

/** Where a branch begins: the last event of its recording so far, the file's length, and the times of that event. */
export interface BranchBegin {
  readonly seq: number
  readonly bytes: number
  /** Microseconds, as in the event. */
  readonly at: number
  readonly wall: number
}

/** Commands of the lab. Each is answered `done` or refused with one sentence. */
export type Command =
  /** First of all: where to listen and write. Answered when the socket listens. */
  | { readonly type: 'open'; readonly header: TraceHeader; readonly recordingPath: string; readonly socketPath: string; readonly secret: string
    /** The nodes that are started with the cluster. */
    readonly start: readonly string[]
    /** The recording is there already, with the events that a branch begins with. */
    readonly branch: BranchBegin | null
    /** Recording stops when the disk has less than this free; 0: when it is full. */
    readonly diskFreeMiBMin: number }
  /** A process was started for this node; answered when it has connected and taken its start input, refused if it ends before. */
  | { readonly type: 'started'; readonly node: string; readonly incarnation: number; readonly pid: number }
  | { readonly type: 'start-failed'; readonly node: string; readonly incarnation: number; readonly reason: string }
  /** The operating system says that this process has ended. */
  | { readonly type: 'exited'; readonly node: string; readonly incarnation: number; readonly code: number | null; readonly signal: string | null; readonly stderr: string }
  /** Every node is up: time begins. */
  | { readonly type: 'go' }
  /** Every process of a branch is up: each lives its life again, then the cluster stands still. Answered when it does. */
  | { readonly type: 'branch' }
  | { readonly type: 'kill' | 'pause' | 'resume'; readonly node: string }
  | { readonly type: 'freeze' | 'thaw' }
  /** Faults, single messages and timers, break conditions. */
  | { readonly type: 'act'; readonly act: NetworkAct }
  /** For the trace: a scenario has come so far, a rule was broken. */
  | { readonly type: 'tell'; readonly event: ToldEvent }
  | { readonly type: 'start-workload'; readonly plan: WorkloadPlan }
  | { readonly type: 'stop-workload' }
  /** Kills every node; answered when the last has gone and the recording is closed. */
  | { readonly type: 'stop' }
  /** Answered with what the switchboard has carried since this was asked last. */
  | { readonly type: 'load' }

/** For measuring: what the switchboard has used, and how long its queues were at their longest since it was asked last. */
export interface SwitchboardLoad {
  /** Processor time since the process began, in microseconds. */
  readonly processorMicros: number
  /** Messages that waited for one node. */
  readonly mailMax: number
  /** Bytes of events that were not in the file yet. */
  readonly journalBytesMax: number
  /** Bytes of events that the lab had not read yet. */
  readonly labBytesMax: number
  /** Bytes that one node had not read yet. */
  readonly nodeBytesMax: number
}

/** An operation travels in binary, because keys and values are bytes; answered with its operationId. */
export interface Invoke {
  readonly client: string
  readonly label: string
  readonly frame: OperationFrame
}

export type ToSwitchboard =
  | { readonly type: 'command'; readonly id: number; readonly command: Command }
  | { readonly type: 'invoke'; readonly id: number; readonly invoke: Invoke }

export type FromSwitchboard =
  | { readonly type: 'done'; readonly id: number; readonly operationId: number }
  | { readonly type: 'refused'; readonly id: number; readonly sentence: string }
  | { readonly type: 'load'; readonly id: number; readonly load: SwitchboardLoad }
  | { readonly type: 'file'; readonly bytes: number; readonly problem: string }

const kinds = { json: 1, invoke: 2, events: 3 } as const

export function encodeToSwitchboard(writer: FrameWriter, frame: ToSwitchboard): void {
  if (frame.type === 'command') return encodeJson(writer, frame)
  const { client, label, frame: operation } = frame.invoke
  writer.beginFrame()
  writer.u8(kinds.invoke)
  writer.u32(frame.id)
  writer.text(client)
  writer.text(label)
  writer.endFrame()
  // The operation is a frame of its own, the same that the client will get.
  encodeOperationInput(writer, operation)
}

export function encodeFromSwitchboard(writer: FrameWriter, frame: FromSwitchboard): void {
  encodeJson(writer, frame)
}

/** Consecutive events: JSON lines joined by line feeds. */
export interface ToldEvents {
  readonly type: 'events'
  readonly from: number
  readonly count: number
  readonly text: string
}

/** The beginning of a frame of events: their lines follow it as they are, each with its line feed. */
export function encodeEventsHead(writer: FrameWriter, { from, count, bytes }: Piece): void {
  writer.u32(eventsHeadBytes + bytes.length)
  writer.u8(kinds.events)
  writer.u64(from)
  writer.u32(count)
}

const eventsHeadBytes = 1 + 8 + 4

export function decodeFromSwitchboard(cursor: Cursor): FromSwitchboard | ToldEvents {
  if (cursor.u8() !== kinds.events) return JSON.parse(cursor.longText()) as FromSwitchboard
  const from = cursor.u64()
  const count = cursor.u32()
  const start = cursor.skip(cursor.left)
  return { type: 'events', from, count, text: cursor.buffer.toString('utf8', start, cursor.end - 1) }
}

/** Reads the lab's frames; an invoke comes in two and is given out when the second is there. */
export function createCommandReader(onFrame: (frame: ToSwitchboard) => void): (cursor: Cursor) => void {
  let half: { id: number; client: string; label: string } | undefined
  return (cursor) => {
    if (half) {
      cursor.u8()
      const { id, client, label } = half
      half = undefined
      return onFrame({ type: 'invoke', id, invoke: { client, label, frame: decodeOperationInput(cursor) } })
    }
    if (cursor.u8() === kinds.invoke) half = { id: cursor.u32(), client: cursor.text(32, 'a node name'), label: cursor.text(1024, 'a label') }
    else onFrame(JSON.parse(cursor.longText()) as ToSwitchboard)
  }
}

function encodeJson(writer: FrameWriter, value: unknown): void {
  writer.beginFrame()
  writer.u8(kinds.json)
  writer.longText(JSON.stringify(value))
  writer.endFrame()
}
