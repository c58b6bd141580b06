// The switchboard's listener: accepts sockets and admits processes that greet with the session's secret. It closes on garbage, on unauthenticated
// clients and on slow ones, each with a logged reason. Input on a socket must never do more than end that socket.
import { timingSafeEqual } from 'node:crypto'
import { createServer, type Server, type Socket } from 'node:net'
import { FrameSplitter } from '../wire/frame'
import { decodeHello, labFrameBytesMax, type Hello } from '../wire/lab-frames'
import type { NodeSocket } from './life'
import type { Switchboard } from './switchboard'
import { writeNow } from '../wire/write-now'

/** A socket that has not greeted by then is closed. */
const patienceMs = 5000
/** Most bytes before the greeting. */
const helloBytesMax = 1024

export interface NodeDoorOptions {
  readonly secret: string
  readonly switchboard: Switchboard
}

/** Listens on the path; rejects if it cannot. */
export function openNodeDoor(path: string, options: NodeDoorOptions): Promise<Server> {
  const server = createServer((socket) => receive(socket, options))
  return new Promise((resolve, reject) => {
    server.once('error', reject)
    server.listen(path, () => resolve(server))
  })
}

function receive(socket: Socket, { secret, switchboard }: NodeDoorOptions): void {
  let hello: Hello | undefined
  const close = (reason: string): void => {
    if (socket.destroyed) return
    const node = hello?.name ?? ''
    switchboard.event({ type: 'lab-note', node, text: `A connection ${node ? `of ${node} ` : ''}to the switchboard was closed: ${reason}.` })
    socket.destroy()
  }
  const nodeSocket: NodeSocket = {
    write: (bytes: Buffer) => {
      const isGone = writeNow(socket, bytes)
      switchboard.peaks.nodeBytes(socket.writableLength)
      return isGone
    },
    close: () => socket.destroy(),
  }
  const greeting = new FrameSplitter((frame) => {
    const greeted = decodeHello(frame)
    if (!sameSecret(greeted.secret, secret)) return close('it does not belong to this session')
    hello = greeted
    nodeSocket.programPid = greeted.programPid ?? 0
    switchboard.greeted(greeted, nodeSocket)
  }, helloBytesMax)
  const frames = new FrameSplitter((frame) => {
    if (hello) switchboard.handleFrame(hello, frame)
  }, labFrameBytesMax)

  // Only for the greeting: after it the process is one of ours, and the user may stop it in the middle of a frame.
  const patience = setTimeout(() => close('it did not greet in time'), patienceMs)
  socket.setNoDelay(true)
  socket.on('data', (data) => {
    switchboard.events.look()
    try {
      // A node sends nothing between its greeting and its start input, so no chunk holds parts of both.
      if (hello) frames.push(data)
      else greeting.push(data)
    } catch (error) {
      close(error instanceof Error ? error.message : String(error))
    }
    if (hello) clearTimeout(patience)
  })
  // The end comes with `close`, which follows every error.
  socket.on('error', () => undefined)
  socket.on('close', () => {
    clearTimeout(patience)
    if (hello) switchboard.closed(hello)
  })
}

function sameSecret(given: string, secret: string): boolean {
  const one = Buffer.from(given)
  const other = Buffer.from(secret)
  return one.length === other.length && timingSafeEqual(one, other)
}
