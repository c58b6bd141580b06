// A backup that loses messages on purpose. It pings, takes transfers and forwards, and acks them as a replica does. At random times it ignores one,
// or closes the connection that it came on, and measures how long until the same comes again. It must never keep data.
import { once } from 'node:events'
import { createServer, type Server, type Socket } from 'node:net'
import { performance } from 'node:perf_hooks'
import { Peers } from '../cluster/direct/peers'
import { viewServerName, type Forward, type Message, type NodeName, type StateTransfer } from '../protocol'

export type Loss = 'forward' | 'connection' | 'chunk'

export interface LossyBackupOptions {
  /** The path of its socket. */
  readonly listen: string
  readonly viewServer: string
  readonly pingIntervalMs: number
  readonly loss: Loss
  /** Longest random pause between the end of one loss and the next. */
  readonly betweenMs: number
}

const name = 's2'

export class LossyBackup {
  /** Milliseconds from each loss until the same message came again. */
  readonly waits: number[] = []
  readonly #options: LossyBackupOptions
  readonly #sockets = new Set<Socket>()
  readonly #server: Server
  #peers: Peers | null = null
  #incarnation = Date.now()
  #viewnum = 0
  #executed = 0
  readonly #ahead = new Set<number>()
  #lost: { readonly at: number; readonly atMs: number } | null = null
  /** Earliest time of the next loss. */
  #nextLossMs = 0
  #timer: NodeJS.Timeout | undefined
  #restart: NodeJS.Timeout | undefined

  constructor(options: LossyBackupOptions) {
    this.#options = options
    this.#server = createServer((socket) => {
      this.#sockets.add(socket)
      socket.on('close', () => this.#sockets.delete(socket))
      this.#peers?.accept(socket)
    })
  }

  async start(): Promise<void> {
    this.#server.listen(this.#options.listen)
    await once(this.#server, 'listening')
    this.#begin()
    this.#timer = setInterval(() => this.#ping(), this.#options.pingIntervalMs)
  }

  close(): void {
    clearInterval(this.#timer)
    clearTimeout(this.#restart)
    this.#peers?.close()
    this.#server.close()
  }

  /** Begins another incarnation, without state. */
  #begin(): void {
    this.#peers?.close()
    this.#incarnation++
    this.#viewnum = this.#executed = 0
    this.#ahead.clear()
    this.#peers = new Peers({
      greeting: { kind: 'replica', name, incarnation: this.#incarnation, address: this.#options.listen }, journal: null,
      onMessage: (from, message) => this.#take(from, message), onLost: () => undefined, log: () => undefined,
    })
    this.#peers.setAddress(viewServerName, this.#options.viewServer)
    this.#ping()
  }

  #ping(): void {
    this.#peers?.send(viewServerName, { type: 'ping', viewnum: this.#viewnum, incarnation: this.#incarnation, address: this.#options.listen, initialised: [] })
  }

  #take(from: NodeName, message: Message): void {
    switch (message.type) {
      case 'view-reply': {
        if (message.toIncarnation !== this.#incarnation || message.view.viewnum <= this.#viewnum) return
        this.#viewnum = message.view.viewnum
        return this.#ping()
      }
      case 'state-transfer': return this.#takeChunk(from, message)
      case 'forward': return this.#takeForward(from, message)
      default: return
    }
  }

  #takeChunk(from: NodeName, { viewnum, fromIncarnation, toIncarnation, chunk, last, executed }: StateTransfer): void {
    if (viewnum > this.#viewnum) {
      this.#peers?.send(from, { type: 'not-yet', viewnum: this.#viewnum, clientId: '', requestId: 0 })
      return this.#ping()
    }
    if (toIncarnation !== this.#incarnation) return
    if (this.#options.loss === 'chunk' && this.#isLost(chunk)) return
    this.#executed = executed
    this.#ahead.clear()
    this.#peers?.send(from, { type: 'state-transfer-ack', viewnum, fromIncarnation: this.#incarnation, toIncarnation: fromIncarnation, chunk, installed: last })
    if (this.#options.loss !== 'chunk') return
    clearTimeout(this.#restart)
    this.#restart = setTimeout(() => this.#begin(), 20 + Math.random() * this.#options.betweenMs)
  }

  #takeForward(from: NodeName, { viewnum, fromIncarnation, toIncarnation, seq }: Forward): void {
    if (toIncarnation !== this.#incarnation || viewnum !== this.#viewnum) return
    if (this.#options.loss !== 'chunk' && (seq === this.#executed + 1 || seq === this.#lost?.at) && this.#isLost(seq)) {
      // Everything in flight on the connection is lost with it.
      if (this.#options.loss === 'connection') for (const socket of this.#sockets) socket.destroy()
      return
    }
    if (seq > this.#executed) this.#ahead.add(seq)
    while (this.#ahead.delete(this.#executed + 1)) this.#executed++
    this.#peers?.send(from, { type: 'forward-ack', viewnum, fromIncarnation: this.#incarnation, toIncarnation: fromIncarnation, executed: this.#executed })
  }

  /** True if this message is lost. Records the wait if it is the one that was lost before. */
  #isLost(at: number): boolean {
    const nowMs = performance.now()
    if (this.#lost?.at === at) {
      this.waits.push(nowMs - this.#lost.atMs)
      this.#lost = null
      this.#nextLossMs = nowMs + 20 + Math.random() * this.#options.betweenMs
      return false
    }
    if (this.#lost || (this.#options.loss !== 'chunk' && nowMs < this.#nextLossMs)) return false
    this.#lost = { at, atMs: nowMs }
    return true
  }
}
