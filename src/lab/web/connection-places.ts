// Limits the open connections of the browser host. When the limit is reached, an idle connection is closed for a new one.
// It must never close a connection of our own page while it is being served.
import type { Socket } from 'node:net'

export interface PlacesOptions {
  readonly max: number
  /** Receives one sentence when the limit is reached, at most once every some seconds. */
  readonly log: (sentence: string) => void
}

const loggedEveryMs = 10_000

export class ConnectionPlaces {
  readonly #options: PlacesOptions
  /** Open connections, in the order of their arrival or last answer. */
  readonly #open = new Set<Socket>()
  /** Pending answers of each connection; a WebSocket counts as always pending. */
  readonly #served = new Map<Socket, number>()
  #loggedMs = Number.NEGATIVE_INFINITY
  #closed = 0

  constructor(options: PlacesOptions) {
    this.#options = options
  }

  /** Adds a new connection. */
  take(socket: Socket): void {
    this.#open.add(socket)
    socket.once('close', () => {
      this.#open.delete(socket)
      this.#served.delete(socket)
    })
    if (this.#open.size > this.#options.max) this.#makeRoom()
  }

  /** Replaces a connection by `made`, which a TLS handshake created from it. */
  follow(socket: Socket, made: Socket): void {
    if (!this.#open.delete(socket)) return void made.destroy()
    this.take(made)
  }

  /** Marks the connection as served until the returned function is called. */
  serve(socket: Socket): () => void {
    this.#served.set(socket, (this.#served.get(socket) ?? 0) + 1)
    return () => {
      const left = (this.#served.get(socket) ?? 1) - 1
      if (left > 0) return void this.#served.set(socket, left)
      this.#served.delete(socket)
      // The most recently served connection is closed last.
      if (this.#open.delete(socket)) this.#open.add(socket)
    }
  }

  #makeRoom(): void {
    this.#closed++
    const nowMs = performance.now()
    if (nowMs - this.#loggedMs >= loggedEveryMs) {
      this.#options.log(`${this.#options.max} connections are open, the most that may be: ${this.#closed} ${this.#closed === 1 ? 'was' : 'were'} closed for others, which asked for nothing.`)
      this.#loggedMs = nowMs
      this.#closed = 0
    }
    for (const socket of this.#open) {
      if (this.#served.has(socket)) continue
      this.#open.delete(socket)
      socket.destroy()
      return
    }
  }
}
