// A node's watch over its lab. Usually the switchboard kills every node when the lab has gone. A stopped or hanging switchboard does not: then the
// node kills it and ends. It must never poll: the kernel reports the end of the pipe.
import { fstatSync } from 'node:fs'
import { Socket } from 'node:net'
import { identityOf, signalProcess } from '../supervisor/process-identity'

/** A healthy switchboard kills its nodes at once when the lab has gone. */
const patienceMs = 3000

/** `switchboard`: its process identity as text. Standard input is a pipe held by the lab; without a pipe it watches nothing. */
export function watchLab(switchboard: string): void {
  if (!isPipe(0)) return
  const pipe = new Socket({ fd: 0, readable: true, writable: false })
  // `close` follows every error.
  pipe.on('error', () => undefined)
  pipe.on('close', () => setTimeout(() => {
    const identity = identityOf(switchboard)
    if (identity) signalProcess(identity, 'SIGKILL')
    process.exit(0)
  }, patienceMs))
  pipe.resume()
}

function isPipe(descriptor: number): boolean {
  try {
    const found = fstatSync(descriptor)
    return found.isSocket() || found.isFIFO()
  } catch {
    // Standard input was already closed when this process began.
    return false
  }
}
