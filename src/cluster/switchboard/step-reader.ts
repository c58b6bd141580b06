// Reads the step frames of nodes and writes their events: first the input that the node took, then every effect in order. So a cause must never
// follow its effect in the trace, and no message exists without its step. A node sends its effects as JSON text of the trace; they are copied with
// a number and times added.
import { messageId, nodeOfConnection } from '../../trace'
import { WireError, type Cursor } from '../wire/frame'
import type { Bytes, EventWriter } from './event-writer'
import { KnownTexts } from '../wire/known-texts'
import { effectKinds, inputKinds } from '../wire/lab-frames'
import type { Life } from './life'
import { Mail } from './mailbox'

/** What the switchboard does with the parts of a step. */
export interface StepHandler {
  readonly events: EventWriter
  /** The start input was taken. */
  started(life: Life): void
  /** A timer of the node fired, at this time of the clock that all processes share. */
  timerFired(micros: number): void
  /** Writes the operation's event. Throws a WireError for an operation that was never sent to this client. */
  operationTaken(life: Life, operationId: number, step: number): void
  /** A node has sent this report, as JSON text. */
  reported(life: Life, step: number, report: Bytes): void
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
    if (kind === effectKinds.send || kind === effectKinds.sendAs) {
      const fromAs = kind === effectKinds.sendAs ? frame.text(nameBytesMax, 'a node name') : undefined
      readSent(life, frame, messageId(life.name, life.incarnation, step, index++), handler, fromAs)
    } else if (kind === effectKinds.report || kind === effectKinds.returned) {
      const operationId = kind === effectKinds.returned ? frame.u64() : 0
      const length = frame.u32()
      const start = frame.skip(length)
      handler.reported(life, step, { buffer: frame.buffer, start, end: start + length })
      if (kind === effectKinds.returned) handler.returned(operationId)
    } else throw new WireError(`there is no effect of kind ${kind}`)
  }
}

/** Reads the message twice: as text for the trace, and as bytes for its receiver. */
function readSent(life: Life, frame: Cursor, id: string, handler: StepHandler, fromAs?: string): void {
  const as = names.next(frame, nameBytesMax, 'a node name')
  const to = nodeOfConnection(as)
  const textLength = frame.u32()
  const text = frame.skip(textLength)
  const length = frame.u32()
  const start = frame.skip(length)
  handler.events.messageSent(id, life.name, to, as, { buffer: frame.buffer, start: text, end: text + textLength }, fromAs)
  handler.send(life, new Mail(id, life.name, to, frame.buffer, start, start + length, fromAs))
}

function readInput(life: Life, frame: Cursor, step: number, handler: StepHandler): void {
  const kind = frame.u8()
  switch (kind) {
    case inputKinds.start: return handler.started(life)
    case inputKinds.message: {
      const mail = life.mailbox.taken(frame.u32())
      if (!mail) throw new WireError('it took a message that was never handed to it')
      return handler.events.messageTaken(mail.id, life.of, step)
    }
    case inputKinds.timer: {
      const timer = frame.text(255, 'a timer')
      const armed = frame.u32()
      handler.timerFired(frame.u64())
      return handler.events.timerFired(life.of, step, timer, armed)
    }
    case inputKinds.operation: return handler.operationTaken(life, frame.u64(), step)
    case inputKinds.acted: return handler.events.acted(life.of, step)
    case inputKinds.peerLost:
      return handler.events.peerLost(life.of, step, frame.text(nameBytesMax, 'a node name'))
    default: throw new WireError(`there is no input of kind ${kind}`)
  }
}
