// A proxy in front of one server that closes connections, for tests. It closes some before it forwards anything, and some of the rest after a
// request was forwarded and before the reply. It forwards bytes unchanged, and must never parse frames except to find a request.
import { once } from 'node:events'
import { connect, createServer, type Server, type Socket } from 'node:net'
import type { Random } from '../../network'
import { FrameSplitter, type Cursor } from '../wire/frame'

const requestType = 0x10

export interface ClosingProxyOptions {
  /** Socket paths: where it listens, and where the server does. */
  readonly listen: string
  readonly server: string
  readonly random: Random
  /** Probabilities: a connection is closed before anything is forwarded; one of the rest is closed after a request. */
  readonly before: number
  readonly after: number
}

export class ClosingProxy {
  connections = 0
  closedBefore = 0
  closedAfter = 0
  readonly #options: ClosingProxyOptions
  readonly #server: Server
  readonly #sockets = new Set<Socket>()

  constructor(options: ClosingProxyOptions) {
    this.#options = options
    this.#server = createServer((client) => this.#take(client))
  }

  async start(): Promise<void> {
    this.#server.listen(this.#options.listen)
    await once(this.#server, 'listening')
  }

  close(): void {
    this.#server.close()
    for (const socket of this.#sockets) socket.destroy()
  }

  #take(client: Socket): void {
    const { random, before, after, server } = this.#options
    this.connections++
    this.#keep(client)
    if (random.chance(before)) {
      this.closedBefore++
      client.destroy()
      return
    }
    const closes = random.chance(after)
    const upstream = connect(server)
    this.#keep(upstream)
    let hasAsked = false
    const splitter = new FrameSplitter((frame: Cursor) => { hasAsked ||= frame.buffer[frame.at] === requestType })
    client.on('data', (bytes) => {
      splitter.push(bytes)
      upstream.write(bytes)
      if (!closes || !hasAsked || client.destroyed) return
      // What was written before the end still reaches the server.
      this.closedAfter++
      client.destroy()
      upstream.end()
    })
    upstream.on('data', (bytes) => { if (!client.destroyed) client.write(bytes) })
    client.on('close', () => upstream.end())
    upstream.on('close', () => client.destroy())
  }

  #keep(socket: Socket): void {
    this.#sockets.add(socket)
    socket.on('error', () => undefined) // The end comes with `close`.
    socket.on('close', () => this.#sockets.delete(socket))
  }
}
