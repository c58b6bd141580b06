// Reads the step frames of nodes and writes the events that they stand for: first what the node took, then every effect in
// order. So a cause always precedes its effect in the trace, and a message without its step cannot exist.
// What a node says of its effects is in the words of the trace already: here it gets its stamp and its place, and is copied.
import { messageId } from '../trace'
import { WireError, type Cursor } from './frame'
import type { Journal } from './journal'
import { KnownTexts } from './known-texts'
import { effectKinds, inputKinds } from './lab-frames'
import type { Life } from './life'
import { Mail } from './mailbox'

/** What the switchboard does with what a step tells. */
export interface StepHandler {
  readonly journal: Pick<Journal, 'ascii' | 'text' | 'bytes'>
  /** The start input was taken. */
  started(life: Life): void
  /** The operation's event, or a WireError for an operation that was never sent to this client. */
  operationTaken(life: Life, operationId: number, step: number): void
  /** A node has reported this: the bytes are JSON text, after whose step it was and without the first brace. */
  reported(life: Life, step: number, source: Buffer, start: number, end: number): void
  send(life: Life, mail: Mail): void
  returned(operationId: number): void
}

const nameBytesMax = 32
const names = new KnownTexts()

export function readStep(life: Life, frame: Cursor, handler: StepHandler): void {
  const step = frame.u32()
  readInput(life, frame, step, handler)
  for (let index = 0; frame.left > 0;) {
    const kind = frame.u8()
    if (kind === effectKinds.send) readSent(life, frame, messageId(life.name, life.incarnation, step, index++), handler)
    else if (kind === effectKinds.report || kind === effectKinds.returned) {
      const operationId = kind === effectKinds.returned ? frame.u64() : 0
      const length = frame.u32()
      const start = frame.skip(length)
      handler.reported(life, step, frame.buffer, start + 1, start + length)
      if (kind === effectKinds.returned) handler.returned(operationId)
    } else throw new WireError(`there is no effect of kind ${kind}`)
  }
}

/** The message twice: as text for the trace, and as the bytes that its receiver gets. */
function readSent(life: Life, frame: Cursor, id: string, handler: StepHandler): void {
  const to = names.next(frame, nameBytesMax, 'a node name')
  const textLength = frame.u32()
  const text = frame.skip(textLength)
  const length = frame.u32()
  const start = frame.skip(length)
  handler.journal.bytes(frame.buffer, text, text + textLength, '}', '"type":"message-sent","id":"', id, '","from":"', life.name, '","to":"', to, '","message":')
  handler.send(life, new Mail(id, life.name, to, frame.buffer, start, start + length))
}

function readInput(life: Life, frame: Cursor, step: number, handler: StepHandler): void {
  const kind = frame.u8()
  switch (kind) {
    case inputKinds.start: return handler.started(life)
    case inputKinds.message: {
      const mail = life.mailbox.taken(frame.u32())
      if (!mail) throw new WireError('it took a message that was never handed to it')
      return handler.journal.ascii('"type":"message-taken","id":"', mail.id, '",', life.of, String(step), '}')
    }
    case inputKinds.timer: {
      const timer = frame.text(255, 'a timer')
      return handler.journal.text(`"type":"timer-fired",${life.of}${step},"name":${JSON.stringify(timer)},"armed":${frame.u32()}}`)
    }
    case inputKinds.operation: return handler.operationTaken(life, frame.u64(), step)
    case inputKinds.peerLost:
      return handler.journal.text(`"type":"peer-lost",${life.of}${step},"peer":${JSON.stringify(frame.text(nameBytesMax, 'a node name'))}}`)
    default: throw new WireError(`there is no input of kind ${kind}`)
  }
}
