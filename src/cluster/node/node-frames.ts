// The frames that a node of a lab sends to the switchboard: its greeting, its steps with every effect, its answers. All frames of a tick leave in one
// write. It must never send a step before it is whole.
import type { Message } from '../../protocol'
import { messageJson, type EventBody } from '../../trace'
import { FrameWriter } from '../wire/frame'
import { effectKinds, encodeHello, labFrameBytesMax, toSwitchboard, type Hello } from '../wire/lab-frames'
import { encodeMessage } from '../wire/wire'

export class NodeFrames {
  readonly writer = new FrameWriter(labFrameBytesMax)
  readonly #write: (bytes: Buffer) => boolean
  #isFlushing = false

  /** `write` returns true if the bytes are gone and the buffer may be used again. */
  constructor(hello: Hello, write: (bytes: Buffer) => boolean) {
    this.#write = write
    encodeHello(this.writer, hello)
    this.#flushSoon()
  }

  /** Begins the frame of a step; its input and its effects follow. */
  beginStep(step: number, inputKind: number): FrameWriter {
    this.writer.beginFrame()
    this.writer.u8(toSwitchboard.step)
    this.writer.u32(step)
    this.writer.u8(inputKind)
    return this.writer
  }

  /** `as`: the sender's name for the receiver; empty: its own. */
  send(to: string, message: Message, as = ''): void {
    const { writer } = this
    if (as === '') writer.u8(effectKinds.send)
    else {
      writer.u8(effectKinds.sendAs)
      writer.text(as)
    }
    writer.text(to)
    // Written twice: as JSON text for the trace, and as bytes for the receiver. So the switchboard can pass it on without decoding it.
    writer.longText(messageJson(message))
    const patch = writer.beginLength()
    encodeMessage(writer, message)
    writer.endLength(patch)
  }

  /** `json`: the report as the trace has it, without its node and step. `returned`: the operation that it ends, if it ends one. */
  report(json: string, returned?: number): void {
    const { writer } = this
    if (returned === undefined) writer.u8(effectKinds.report)
    else {
      writer.u8(effectKinds.returned)
      writer.u64(returned)
    }
    writer.longText(json)
  }

  endStep(): void {
    this.writer.endFrame()
    this.#flushSoon()
  }

  /** Answers a freeze or a thaw, or says how far a replay has come. */
  answer(kind: number, number: number, text: string): void {
    this.writer.beginFrame()
    this.writer.u8(kind)
    this.writer.u32(number)
    this.writer.longText(text)
    this.endStep()
  }

  stalled(ms: number): void {
    this.writer.beginFrame()
    this.writer.u8(toSwitchboard.stalled)
    this.writer.u32(Math.min(0xffff_ffff, Math.round(ms)))
    this.endStep()
  }

  /** An event of this node that belongs to no step. */
  tell(body: EventBody): void {
    this.writer.beginFrame()
    this.writer.u8(toSwitchboard.told)
    this.writer.longText(JSON.stringify(body))
    this.endStep()
  }

  #flushSoon(): void {
    if (this.#isFlushing) return
    this.#isFlushing = true
    setImmediate(() => {
      this.#isFlushing = false
      this.writer.flush(this.#write)
    })
  }
}
