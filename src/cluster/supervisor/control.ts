// The messages between the lab and its switchboard, over a pipe that both inherit: commands and answers as JSON, events as text. When the pipe
// closes the lab has ended: the switchboard then kills every node, flushes and exits.
import type { CoreAct } from '../../core'
import type { Invocation, ToldEvent, TraceHeader } from '../../trace'
import type { WorkloadPlan } from '../../workload'
import type { Cursor, FrameWriter } from '../wire/frame'
import type { Piece } from '../switchboard/event-writer'
import { encodeOperationInput, decodeOperationInput } from '../wire/lab-frames'

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
  /** The first command: where to listen and write. Answered when the socket listens. */
  | {
    readonly type: 'open'
    readonly header: TraceHeader
    readonly recordingPath: string
    readonly socketPath: string
    readonly secret: string
    /** The nodes that are started with the cluster. */
    readonly start: readonly string[]
    /** Set for a branch, whose recording already has the events that it begins with. */
    readonly branch: BranchBegin | null
    /** Recording stops when the disk has less than this free; 0: when it is full. */
    readonly diskFreeMiBMin: number
    /** Longest recording in bytes, and most operations per second; 0: unlimited. */
    readonly recordingBytesMax: number
    readonly operationsPerSecondMax: number
  }
  /** Answered when the process of this incarnation has greeted, before `started` says that the node runs in it. */
  | { readonly type: 'ready'; readonly node: string; readonly incarnation: number }
  /** A process was started for this node; answered when it has connected and taken its start input, refused if it ends before. */
  | { readonly type: 'started'; readonly node: string; readonly incarnation: number; readonly pid: number }
  | { readonly type: 'start-failed'; readonly node: string; readonly incarnation: number; readonly reason: string }
  /** The operating system says that this process has ended. */
  | { readonly type: 'exited'; readonly node: string; readonly incarnation: number; readonly code: number | null; readonly signal: string | null; readonly stderr: string }
  /** Every node is up: cluster time begins. */
  | { readonly type: 'go' }
  /** Every process of a branch is up: each replays its incarnation, then the cluster is frozen. Answered when it is. */
  | { readonly type: 'branch' }
  | { readonly type: 'act'; readonly act: CoreAct }
  /** An event for the trace: the progress of a scenario, or a rule violation. */
  | { readonly type: 'tell'; readonly event: ToldEvent }
  /** Kills every node; answered when the last has gone and the recording is closed. */
  | { readonly type: 'stop' }
  /** Answered with the load of the switchboard since the last `load`. */
  | { readonly type: 'load' }

/** For measuring: processor time of the switchboard, and the peak length of its queues since the last `load`. */
export interface SwitchboardLoad {
  /** Processor time since the process began, in microseconds. */
  readonly processorMicros: number
  /** Messages that waited for one node. */
  readonly mailMax: number
  /** Bytes of the messages that waited for one node. */
  readonly mailBytesMax: number
  /** Bytes of events that were not in the file yet. */
  readonly recorderBytesMax: number
  /** Bytes of events that the lab had not read yet. */
  readonly labBytesMax: number
  /** Bytes that one node had not read yet. */
  readonly nodeBytesMax: number
}

/** The lasting state of a cluster that is needed without its events. */
export interface ClusterNow {
  /** The cluster is frozen: by hand, by a break condition, or because too much is queued. */
  readonly isFrozen: boolean
  /** The running workload with its clients named; null if none runs. */
  readonly workload: WorkloadPlan | null
}

export type ToSwitchboard =
  | { readonly type: 'command'; readonly id: number; readonly command: Command }
  /** Binary, because keys and values are bytes; answered with its operationId. */
  | { readonly type: 'invoke'; readonly id: number; readonly invocation: Invocation }

export type FromSwitchboard =
  | { readonly type: 'done'; readonly id: number; readonly operationId: number }
  | { readonly type: 'refused'; readonly id: number; readonly sentence: string }
  | { readonly type: 'load'; readonly id: number; readonly load: SwitchboardLoad }
  | { readonly type: 'file'; readonly bytes: number; readonly problem: string }
  /** The state of the cluster after the events sent last. */
  | { readonly type: 'now'; readonly now: ClusterNow }
  /** The switchboard is busy with something long. */
  | { readonly type: 'alive' }

const kinds = { json: 1, invoke: 2, events: 3 } as const

export function encodeToSwitchboard(writer: FrameWriter, frame: ToSwitchboard): void {
  if (frame.type === 'command') return encodeJson(writer, frame)
  const { client, label, session, target, operation } = frame.invocation
  writer.beginFrame()
  writer.u8(kinds.invoke)
  writer.u32(frame.id)
  writer.text(client)
  writer.text(label)
  writer.endFrame()
  // The operation is a frame of its own, identical to the one that the client gets.
  encodeOperationInput(writer, { operationId: 0, session, target, operation })
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

/** Writes the head of a frame of events. Their lines follow unchanged, each with its line feed. */
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

/** Reads the lab's frames. An invoke is two frames, and is reported with the second. */
export function createCommandReader(onFrame: (frame: ToSwitchboard) => void): (cursor: Cursor) => void {
  let half: { id: number; client: string; label: string } | undefined
  return (cursor) => {
    if (half) {
      cursor.u8()
      const { id, client, label } = half
      half = undefined
      return onFrame({ type: 'invoke', id, invocation: { client, label, ...decodeOperationInput(cursor) } })
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
