// Reads the step frames of nodes and writes the events that they stand for: first what the node took, then every effect in
// order. So a cause always precedes its effect in the trace, and a message without its step cannot exist.
import type { Envelope } from '../network'
import { messageId, recordMessage, type EventBody } from '../trace'
import { Cursor, WireError } from './frame'
import { effectKinds, inputKinds } from './lab-frames'
import type { Life } from './life'
import { decodeMessage } from './wire'

/** What the switchboard does with what a step tells. */
export interface StepHandler {
  event(body: EventBody): void
  /** JSON text of an event's body. */
  eventText(body: string): void
  /** The start input was taken. */
  started(life: Life): void
  /** The operation's event, or undefined for an operation that was never sent to this client. */
  operationTaken(life: Life, operationId: number, step: number): void
  /** JSON text of an event's body that a node reported. */
  reported(body: string): void
  send(life: Life, envelope: Envelope, body: Buffer): void
  returned(operationId: number): void
}

const nameBytesMax = 32
const body = new Cursor()

export function readStep(life: Life, frame: Cursor, handler: StepHandler): void {
  const step = frame.u32()
  const { name, incarnation } = life
  const of = `"node":"${name}","incarnation":${incarnation},"step":${step}`
  readInput(life, frame, step, of, handler)
  for (let index = 0; frame.left > 0;) {
    const kind = frame.u8()
    if (kind === effectKinds.send) {
      const to = frame.text(nameBytesMax, 'a node name')
      const length = frame.u32()
      const start = frame.skip(length)
      const bytes = frame.buffer.subarray(start, start + length)
      const id = messageId(name, incarnation, step, index++)
      const message = decodeMessage(body.reset(bytes, 0, length))
      handler.event({ type: 'message-sent', id, from: name, to, message: recordMessage(message) })
      // The frame's buffer belongs to the socket; mail may wait for long.
      handler.send(life, { id, from: name, to, message }, Buffer.from(bytes))
    } else if (kind === effectKinds.report || kind === effectKinds.returned) {
      const operationId = kind === effectKinds.returned ? frame.u64() : 0
      handler.reported(`{${of},${frame.longText().slice(1)}`)
      if (kind === effectKinds.returned) handler.returned(operationId)
    } else throw new WireError(`there is no effect of kind ${kind}`)
  }
}

function readInput(life: Life, frame: Cursor, step: number, of: string, handler: StepHandler): void {
  const kind = frame.u8()
  switch (kind) {
    case inputKinds.start: return handler.started(life)
    case inputKinds.message: {
      const mail = life.mailbox.taken(frame.u32())
      if (!mail) throw new WireError('it took a message that was never handed to it')
      return handler.eventText(`{"type":"message-taken","id":"${mail.id}",${of}}`)
    }
    case inputKinds.timer: {
      const timer = frame.text(255, 'a timer')
      return handler.eventText(`{"type":"timer-fired",${of},"name":${JSON.stringify(timer)},"armed":${frame.u32()}}`)
    }
    case inputKinds.operation: return handler.operationTaken(life, frame.u64(), step)
    case inputKinds.peerLost:
      return handler.eventText(`{"type":"peer-lost",${of},"peer":${JSON.stringify(frame.text(nameBytesMax, 'a node name'))}}`)
    default: throw new WireError(`there is no input of kind ${kind}`)
  }
}
