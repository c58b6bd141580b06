// The upper bound of Node for two hops: A takes a frame, forwards it to B, B acks it, A answers. No store, views, duplicates, retries or checks:
// replication of a key-value store cannot be faster. A program of its own:
//   floor-node LISTEN          is B, which acks every frame
//   floor-node LISTEN NEXT     is A, in front of the B that listens at NEXT
// A frame is a length, a number (both u32, big-endian) and, in requests, 80 bytes of key and value. Answers carry the request's number.
import { connect, createServer, type Socket } from 'node:net'

const requestBytes = 88
const answerBytes = 8
/** Bytes after a request's number. */
const bodyBytes = requestBytes - answerBytes
const outputBytes = 64 * 1024
/** Most requests of A in flight, a power of two: more than any bench sends. */
const pendingMax = 1 << 16
/** Time limit of this process: longer than any bench, so that it never stays behind. */
const lifeMs = 15 * 60_000

const [, , listenAt = '', nextAt] = process.argv

/** The output of one socket: everything of a poll leaves in one write, and the buffer is reused if the kernel took it at once. */
class Output {
  readonly #socket: Socket
  #buffer = Buffer.allocUnsafeSlow(outputBytes)
  #length = 0
  #isScheduled = false
  readonly #flush = (): void => {
    this.#isScheduled = false
    this.#write()
  }

  constructor(socket: Socket) {
    this.#socket = socket
  }

  answer(number: number): void {
    const at = this.#reserve(answerBytes)
    writeU32(this.#buffer, at, answerBytes - 4)
    writeU32(this.#buffer, at + 4, number)
  }

  forward(number: number, from: Buffer, bodyAt: number): void {
    const at = this.#reserve(requestBytes)
    writeU32(this.#buffer, at, requestBytes - 4)
    writeU32(this.#buffer, at + 4, number)
    from.copy(this.#buffer, at + 8, bodyAt, bodyAt + bodyBytes)
  }

  #reserve(bytes: number): number {
    if (this.#length + bytes > outputBytes) this.#write()
    if (!this.#isScheduled) {
      this.#isScheduled = true
      setImmediate(this.#flush)
    }
    const at = this.#length
    this.#length += bytes
    return at
  }

  #write(): void {
    if (this.#length === 0) return
    this.#socket.write(this.#buffer.subarray(0, this.#length))
    this.#length = 0
    if (this.#socket.writableLength !== 0) this.#buffer = Buffer.allocUnsafeSlow(outputBytes)
  }
}

/** Calls `take` for every whole frame of a stream of frames that all have one size. */
function frames(bytesEach: number, take: (bytes: Buffer, at: number) => void): (data: Buffer) => void {
  let rest: Buffer | null = null
  return (data) => {
    const bytes = rest ? Buffer.concat([rest, data]) : data
    let at = 0
    for (; bytes.length - at >= bytesEach; at += bytesEach) take(bytes, at)
    rest = at < bytes.length ? bytes.subarray(at) : null
  }
}

function readU32(bytes: Buffer, at: number): number {
  return ((bytes[at] ?? 0) << 24 | (bytes[at + 1] ?? 0) << 16 | (bytes[at + 2] ?? 0) << 8 | (bytes[at + 3] ?? 0)) >>> 0
}

function writeU32(bytes: Buffer, at: number, number: number): void {
  bytes[at] = number >>> 24
  bytes[at + 1] = number >>> 16
  bytes[at + 2] = number >>> 8
  bytes[at + 3] = number
}

/** B acks at once. A gets acks in the order of its forwards, so a ring remembers which client to answer. */
function requestTaker(): (output: Output) => (bytes: Buffer, at: number) => void {
  if (nextAt === undefined) return (output) => (bytes, at) => output.answer(readU32(bytes, at + 4))
  const askers = new Array<Output | undefined>(pendingMax)
  const numbers = new Uint32Array(pendingMax)
  const next = connect(where(nextAt))
  next.setNoDelay(true)
  const forwards = new Output(next)
  let forwarded = 0
  next.on('data', frames(answerBytes, (bytes, at) => {
    const index = readU32(bytes, at + 4) & (pendingMax - 1)
    askers[index]?.answer(numbers[index] ?? 0)
  }))
  return (output) => (bytes, at) => {
    const index = ++forwarded & (pendingMax - 1)
    askers[index] = output
    numbers[index] = readU32(bytes, at + 4)
    forwards.forward(index, bytes, at + 8)
  }
}

function where(address: string): { path: string } | { host: string; port: number } {
  const [host = '', port] = address.split(':')
  return port === undefined ? { path: address } : { host, port: Number(port) }
}

const takerFor = requestTaker()
const server = createServer({ noDelay: true }, (socket) => {
  // Clients disconnect at the end of a round.
  socket.on('error', () => undefined)
  socket.on('data', frames(requestBytes, takerFor(new Output(socket))))
})
server.listen(where(listenAt), () => {
  const bound = server.address()
  process.stdout.write(typeof bound === 'object' && bound ? `127.0.0.1:${bound.port}\n` : `${listenAt}\n`)
})
setTimeout(() => process.exit(0), lifeMs)
