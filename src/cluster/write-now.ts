// Writes to a socket at once where the kernel has room, past the stream that Node puts over it: for one small answer the stream's own
// bookkeeping takes longer than the system call. Whatever does not go through at once goes the stream's way, errors with it.
// docs/decisions/writes-past-the-stream.md says what that is worth and what it leans on.
import { writeSync } from 'node:fs'
import type { Socket } from 'node:net'

/** Returns true if the bytes are gone for good; else they are the socket's, and their buffer may not be used again. */
export function writeNow(socket: Socket, bytes: Buffer): boolean {
  // What waits in the stream goes first, and while it is not connected everything waits.
  const descriptor = socket.writableLength === 0 && !socket.connecting && socket.writable ? descriptorOf(socket) : -1
  const written = descriptor < 0 ? 0 : writtenAtOnce(descriptor, bytes)
  if (written === bytes.length) return true
  return socket.write(written === 0 ? bytes : bytes.subarray(written)) && socket.writableLength === 0
}

function writtenAtOnce(descriptor: number, bytes: Buffer): number {
  try {
    return writeSync(descriptor, bytes, 0, bytes.length)
  } catch {
    // No room (EAGAIN), or the connection has ended: the stream finds out by itself and tells it as it always does.
    return 0
  }
}

/** Node keeps a socket's descriptor in a property without documentation, for as long as it is open; -1 where there is none. */
function descriptorOf(socket: Socket): number {
  const handle: unknown = Reflect.get(socket, '_handle')
  if (typeof handle !== 'object' || handle === null) return -1
  const descriptor: unknown = Reflect.get(handle, 'fd')
  return typeof descriptor === 'number' ? descriptor : -1
}
