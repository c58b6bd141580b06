// The binary frames between a node and the switchboard in a lab. They contain protocol messages as the same bytes as in direct mode (wire.ts). One
// frame is one step of a node: its input and every effect.
import type { Call, Input, Operation, Start } from '../../protocol'
import type { FrozenTimer } from '../../trace'
import { WireError, type Cursor, type FrameWriter } from './frame'
import { decodeMessage, decodeOperation, decodeOwnWords, encodeMessage, encodeOperation, encodeOwnWords } from './wire'

/** Increase it when a frame changes its shape. Both ends are always of one build, so another version is a foreign program. */
export const labWireVersion = 6

/** Large, because a step may send a large value to every backup, or a window of chunks; both ends of a lab's sockets are ours. */
export const labFrameBytesMax = 128 * 1024 * 1024

/** The number of a freeze is a u32 in a frame. */
export const freezesMax = 0xffff_ffff

/** Frames from the switchboard to a node. */
export const toNode = { start: 1, thaw: 2, freeze: 3, deliver: 4, operation: 5, peerLost: 6, fire: 7, past: 8, asFarAs: 9, present: 10, pastTimers: 11 } as const
/** Frames from a node to the switchboard. */
export const toSwitchboard = { hello: 1, step: 2, frozen: 3, thawed: 4, asFarAs: 5, stalled: 6, told: 7 } as const
/** The input that a step took. */
export const inputKinds = { start: 0, message: 1, timer: 2, operation: 3, peerLost: 4, acted: 5 } as const
/** The effects of a step, in the order of the machine. */
export const effectKinds = { send: 1, report: 2, returned: 3, sendAs: 4 } as const

/** In the place of an operation's code: no operation of the store has it. */
const callCode = 0

const secretBytesMax = 128

// ---- hello: a node says who it is and that it belongs to this session

export interface Hello {
  readonly secret: string
  readonly name: string
  readonly incarnation: number
  /** The pid of the program that this process hosts, which leads a process group; 0 for a node of ours. */
  readonly programPid?: number
}

export function encodeHello(writer: FrameWriter, hello: Hello): void {
  writer.beginFrame()
  writer.u8(toSwitchboard.hello)
  writer.u16(labWireVersion)
  writer.text(hello.secret)
  writer.text(hello.name)
  writer.u64(hello.incarnation)
  writer.u32(hello.programPid ?? 0)
  writer.endFrame()
}

export function decodeHello(cursor: Cursor): Hello {
  if (cursor.u8() !== toSwitchboard.hello) throw new WireError('the first frame is no greeting')
  const version = cursor.u16()
  if (version !== labWireVersion) throw new WireError(`it speaks version ${version}, this is version ${labWireVersion}`)
  const hello = { secret: cursor.text(secretBytesMax, 'a secret'), name: cursor.text(32, 'a node name'), incarnation: cursor.u64(), programPid: cursor.u32() }
  cursor.expectEnd()
  return hello
}

// ---- the switchboard's side

export function encodeStart(writer: FrameWriter, start: Start): void {
  writer.beginFrame()
  writer.u8(toNode.start)
  writer.longText(JSON.stringify(start))
  writer.endFrame()
}

export function encodeFreeze(writer: FrameWriter, kind: 'freeze' | 'thaw', freeze: number): void {
  writer.beginFrame()
  writer.u8(toNode[kind])
  writer.u32(freeze)
  writer.endFrame()
}

/** Fires one timer, by name and arm count, of a node in this freeze. */
export function encodeFire(writer: FrameWriter, freeze: number, timer: string, armed: number): void {
  writer.beginFrame()
  writer.u8(toNode.fire)
  writer.u32(freeze)
  writer.text(timer)
  writer.u32(armed)
  writer.endFrame()
}

/** `handle` identifies this delivery in the step that takes it. */
export function encodeDeliver(writer: FrameWriter, handle: number, { from, fromAs, buffer, start, end }: MessageBytes): void {
  writer.beginFrame()
  writer.u8(toNode.deliver)
  writer.u32(handle)
  writer.text(fromAs ?? from)
  writer.raw(buffer, start, end)
  writer.endFrame()
}

/** A message as wire.ts encoded it, in a range of a buffer. */
export interface MessageBytes {
  readonly from: string
  readonly fromAs?: string | undefined
  readonly buffer: Buffer
  readonly start: number
  readonly end: number
}

export interface OperationFrame {
  readonly operationId: number
  readonly session: number
  readonly target: string
  readonly operation: Operation | Call
}

export function encodeOperationInput(writer: FrameWriter, input: OperationFrame): void {
  writer.beginFrame()
  writer.u8(toNode.operation)
  encodeOperationFrame(writer, input)
  writer.endFrame()
}

export function encodeOperationFrame(writer: FrameWriter, input: OperationFrame): void {
  writer.u64(input.operationId)
  // Session -1 (any free session) is sent as 0.
  writer.u32(input.session + 1)
  writer.text(input.target)
  const { operation } = input
  if (operation.type !== 'call') return encodeOperation(writer, operation)
  writer.u8(callCode)
  encodeOwnWords(writer, operation)
}

export function decodeOperationInput(cursor: Cursor): OperationFrame {
  const operationId = cursor.u64()
  const session = cursor.u32() - 1
  const target = cursor.text(32, 'a node name')
  return { operationId, session, target, operation: decodeLargeOperation(cursor) }
}

export function encodePeerLost(writer: FrameWriter, peer: string): void {
  writer.beginFrame()
  writer.u8(toNode.peerLost)
  writer.text(peer)
  writer.endFrame()
}

// ---- a branch begins: a node replays its incarnation

/** An input that the node took in the parent recording, at this cluster time in microseconds. */
export function encodePast(writer: FrameWriter, at: number, input: Input): void {
  writer.beginFrame()
  writer.u8(toNode.past)
  writer.u64(at)
  writer.u8(inputKindOf[input.type])
  switch (input.type) {
    case 'start':
      writer.longText(JSON.stringify(input))
      break
    case 'message':
      writer.text(input.from)
      encodeMessage(writer, input.message)
      break
    case 'timer':
      writer.text(input.name)
      break
    case 'operation':
      encodeOperationFrame(writer, input)
      break
    case 'peer-lost':
      writer.text(input.peer)
      break
  }
  writer.endFrame()
}

const inputKindOf = {
  'start': inputKinds.start, 'message': inputKinds.message, 'timer': inputKinds.timer, 'operation': inputKinds.operation, 'peer-lost': inputKinds.peerLost,
} as const

export function decodePast(cursor: Cursor): { at: number; input: Input } {
  const at = cursor.u64()
  return { at, input: decodePastInput(cursor) }
}

function decodePastInput(cursor: Cursor): Input {
  const kind = cursor.u8()
  switch (kind) {
    case inputKinds.start: return JSON.parse(cursor.longText()) as Start
    case inputKinds.message: return { type: 'message', from: cursor.text(32, 'a node name'), message: decodeMessage(cursor) }
    case inputKinds.timer: return { type: 'timer', name: cursor.text(255, 'a timer') }
    case inputKinds.operation: return { type: 'operation', ...decodeOperationInput(cursor) }
    case inputKinds.peerLost: return { type: 'peer-lost', peer: cursor.text(32, 'a node name') }
    default: throw new WireError(`there is no input of kind ${kind}`)
  }
}

/** The remaining times of the node's timers, as it reported them in a freeze of the parent: more exact than cluster time. */
export function encodePastTimers(writer: FrameWriter, at: number, timers: readonly FrozenTimer[]): void {
  writer.beginFrame()
  writer.u8(toNode.pastTimers)
  writer.u64(at)
  writer.longText(JSON.stringify(timers))
  writer.endFrame()
}

/** The node answers with the same number when it has replayed this far, so that at most one chunk waits on its socket. */
export function encodeAsFarAs(writer: FrameWriter, number: number): void {
  writer.beginFrame()
  writer.u8(toNode.asFarAs)
  writer.u32(number)
  writer.endFrame()
}

/** Ends the replay: the node continues, frozen at first, at this cluster time in microseconds. */
export function encodePresent(writer: FrameWriter, at: number): void {
  writer.beginFrame()
  writer.u8(toNode.present)
  writer.u64(at)
  writer.endFrame()
}

/**
 * A user may request more than the limits allow: the client's machine must refuse it, so that the refusal is in the trace. wire.ts enforces the
 * protocol's limits and cannot read such an operation.
 */
function decodeLargeOperation(cursor: Cursor): Operation | Call {
  if (cursor.buffer[cursor.at] === callCode) {
    cursor.u8()
    return { type: 'call', ...decodeOwnWords(cursor) }
  }
  return decodeOperation(cursor, { keyBytes: cursor.left, valueBytes: cursor.left })
}
