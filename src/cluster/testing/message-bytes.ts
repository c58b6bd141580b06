// For tests: a message as the bytes of a frame's body.
import type { Message } from '../../protocol'
import { FrameWriter } from '../wire/frame'
import { encodeMessage } from '../wire/wire'

export function messageBytes(message: Message): Buffer {
  const writer = new FrameWriter()
  let bytes: Buffer = Buffer.alloc(0)
  encodeMessage(writer, message)
  writer.flush((written) => {
    bytes = Buffer.from(written)
    return true
  })
  return bytes
}
