// Writes to a socket directly where the kernel has room, past Node's stream: for a small answer the stream's bookkeeping takes longer than the
// system call. The stream writes the rest and reports errors. It must never overtake bytes that wait in the stream.
// docs/decisions/writes-past-the-stream.md has the gain and the assumptions.
import { writeSync } from 'node:fs'
import type { Socket } from 'node:net'

/** Returns true if the bytes are gone. Otherwise the socket owns them, and the buffer must not be reused. */
export function writeNow(socket: Socket, bytes: Buffer): boolean {
  // Bytes that wait in the stream go first, and an unconnected socket only queues.
  const descriptor = socket.writableLength === 0 && !socket.connecting && socket.writable ? descriptorOf(socket) : -1
  const written = descriptor < 0 ? 0 : writtenAtOnce(descriptor, bytes)
  if (written === bytes.length) return true
  return socket.write(written === 0 ? bytes : bytes.subarray(written)) && socket.writableLength === 0
}

function writtenAtOnce(descriptor: number, bytes: Buffer): number {
  try {
    return writeSync(descriptor, bytes, 0, bytes.length)
  } catch {
    // No room (EAGAIN), or the connection has ended: the stream notices and reports that itself.
    return 0
  }
}

/** Returns the descriptor of an open socket, from an undocumented property of Node; -1 where there is none. */
function descriptorOf(socket: Socket): number {
  const handle: unknown = Reflect.get(socket, '_handle')
  if (typeof handle !== 'object' || handle === null) return -1
  const descriptor: unknown = Reflect.get(handle, 'fd')
  return typeof descriptor === 'number' ? descriptor : -1
}
