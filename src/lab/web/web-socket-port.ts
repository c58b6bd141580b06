// The lab's side of a WebSocket, as a `Port`. web-host.ts has already authorised the connection.
// It must never interpret frames. The browser's side is renderer/link; both use contract/carrier.ts.
import type { WebSocket } from 'ws'
import { createCarrier, textOfFrame, type Port } from '../../contract'
import { Bucket } from '../../system/bucket'

/** The longest frame from a screen: a compare-and-swap of two 8 MiB values with each byte escaped to six characters, plus some room. */
export const frameBytesMax = 128 * 1024 * 1024

/**
 * When more bytes than this wait for a screen that does not read, its connection is closed. One answer may exceed it, as a single event may be
 * that long. The feed stops much earlier, as it waits for acks.
 */
export const unsentBytesMax = 64 * 1024 * 1024

/** The longest delay before the next frame of a screen that exceeded its budget. */
const waitMsMax = 1000

/** The rate at which frames of screens are read; faster senders are delayed. */
export interface Pace {
  readonly framesPerSecond: number
  readonly bytesPerSecond: number
  /** The share of this thread's time for reading frames and writing answers, as a small question may have a long answer. */
  readonly busyShare: number
}

/** The budget of one second, which all screens of one lab share. */
export class Budget {
  readonly #pace: Pace
  readonly #second = new Bucket(1, 1000)

  constructor(pace: Pace) {
    this.#pace = pace
  }

  /** Milliseconds until there is budget again; 0: there is. */
  waitMs(): number {
    return this.#second.waitMs(0)
  }

  /** Charges a frame of so many characters. */
  frame(length: number): void {
    this.#second.take(Math.max(1 / this.#pace.framesPerSecond, length / this.#pace.bytesPerSecond))
  }

  /** Charges time of this thread. */
  spent(ms: number): void {
    this.#second.take(ms / 1000 / this.#pace.busyShare)
  }
}

export function webSocketPort(socket: WebSocket, budget?: Budget): Port {
  const timed = <Result>(act: () => Result): Result => {
    const beganMs = performance.now()
    const result = act()
    budget?.spent(performance.now() - beganMs)
    return result
  }
  const carrier = createCarrier({
    send: (frame) => {
      if (socket.bufferedAmount > unsentBytesMax) throw new Error('the screen does not read')
      timed(() => socket.send(textOfFrame(frame)))
    },
    close: () => {
      socket.close()
      // A client that does not complete the closing is terminated.
      setTimeout(() => socket.terminate(), closingMs).unref()
    },
  })
  // Text arrives as one Buffer, because binaryType has its default. A binary message is invalid here.
  const take = (text: string): void => timed(() => carrier.receiveText(text))
  const queue = budget && new Queue(socket, budget, take)
  socket.on('message', (data, isBinary) => {
    const text = isBinary ? '' : (data as Buffer).toString('utf8')
    if (queue) queue.take(text)
    else take(text)
  })
  const stopPinging = endSilent(socket)
  socket.on('close', () => {
    stopPinging()
    carrier.closed()
  })
  // 'close' always follows. Without a listener the error would end the process.
  socket.on('error', () => socket.terminate())
  return carrier.port
}

const closingMs = 1000
/** The ping interval. A browser answers pings by itself; a screen that does not answer has gone, for example with a closed laptop or a lost network. */
const pingMs = 30_000

/** Terminates a socket that answers no ping; returns a function that stops the pings. */
function endSilent(socket: WebSocket): () => void {
  let isAlive = true
  socket.on('pong', () => { isAlive = true })
  const timer = setInterval(() => {
    if (!isAlive) return socket.terminate()
    isAlive = false
    socket.ping()
  }, pingMs).unref()
  return () => clearInterval(timer)
}

/** Queues frames while the budget is exhausted and pauses the socket, so that the sender must wait. The queue holds only what a single read returned. */
class Queue {
  readonly #socket: WebSocket
  readonly #budget: Budget
  readonly #give: (text: string) => void
  readonly #waiting: string[] = []

  constructor(socket: WebSocket, budget: Budget, give: (text: string) => void) {
    this.#socket = socket
    this.#budget = budget
    this.#give = give
  }

  take(text: string): void {
    this.#waiting.push(text)
    if (this.#waiting.length === 1) this.#giveOn()
  }

  /** `hasWaited`: passes on one frame even if the budget is still negative. */
  #giveOn(hasWaited = false): void {
    let waitMs = hasWaited ? 0 : this.#budget.waitMs()
    for (let text = this.#waiting[0]; text !== undefined && waitMs === 0; text = this.#waiting[0]) {
      this.#budget.frame(text.length)
      this.#give(text)
      this.#waiting.shift()
      waitMs = this.#budget.waitMs()
    }
    if (this.#waiting.length === 0) return this.#socket.resume()
    this.#socket.pause()
    setTimeout(() => this.#giveOn(true), Math.min(waitMsMax, waitMs) + 1).unref()
  }
}
