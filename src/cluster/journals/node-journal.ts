// A node's journal: writes every step of its machine as a frame, before anything that the step sent can leave. So the journal contains everything
// that another node can have seen, however the node ended. A failed write ends the journal and must never end the node. It must never keep a
// message after a call has returned: buffers and objects are reused.
import { randomBytes } from 'node:crypto'
import { closeSync, existsSync, ftruncateSync, openSync, readFileSync, writeSync } from 'node:fs'
import { hostname } from 'node:os'
import type { Input, Message, NodeName, Report } from '../../protocol'
import { recordReport } from '../../trace'
import type { Greeting } from '../direct/direct-frames'
import { FrameWriter, WireError, type Cursor } from '../wire/frame'
import { fileReasonOf } from '../switchboard/recorder'
import { journalFrameBytesMax, journalFrames, journalInputs, journalMagic, journalRecords, journalVersion, type JournalLife } from './journal-frames'
import { endOfJournal } from './journal-reader'
import { encodeOperationFrame } from '../wire/lab-frames'
import { encodeMessage } from '../wire/wire'

/** Unwritten bytes are flushed beyond this, even if no message is about to leave. */
const waitingBytesMax = 1024 * 1024
/** Unwritten bytes are flushed in this interval, so that the journal can be read while its node runs. */
const flushEveryMs = 200

/** A connection in the journal: `id` is its number in this incarnation. `taken` counts its frames at the receiving end. */
export interface JournalledConnection {
  readonly id: number
  /** Drawn by the dialler and sent in its greeting: both ends identify the connection by it. 0 at the end that was dialled. */
  readonly mark: number
  taken: number
  sent: number
  /** A client's messages are written in full, because it may keep no journal. */
  isClient: boolean
}

/** What a driver reports. Without a journal the cost is one comparison with null. */
export interface NodeJournal {
  /** The highest incarnation in the file when it was opened; 0 for none. */
  readonly earlierIncarnation: number

  // ---- steps: `begin`, then the effects in their order, then `end`
  begin(input: Input): void
  /** `by`: the connection that the message was given to; null: there was none, and the message is lost. */
  sent(to: NodeName, message: Message, by: JournalledConnection | null): void
  /** A timer was armed. */
  armed(name: string): void
  report(report: Report): void
  end(): void

  // ---- connections; each call may come within a step
  /** A connection was dialled (to `peer`) or accepted (`peer` empty). */
  open(peer: NodeName | ''): JournalledConnection
  /** The other end has greeted, and its messages come from `peer`. */
  greeted(connection: JournalledConnection, greeting: Greeting, peer: NodeName): void
  closed(connection: JournalledConnection): void
  /** A whole message frame has arrived. It is the input of the next step, unless `asideTaken` follows. */
  taking(connection: JournalledConnection, frame: Cursor): void
  /** The last frame is not the input of a step. */
  asideTaken(): void
  /** A message that no step sent was given to a connection. */
  asideSent(message: Message, by: JournalledConnection | null): void
  /**
   * A message that was recorded as sent will never leave, because a later one replaces it. `ordinal`: its position among the messages given to its
   * connection, from 0.
   */
  withdrawn(connection: JournalledConnection, ordinal: number): void

  /** Writes all pending frames. The driver must call it before it writes to any socket, and never within a step. */
  flush(): void
  /** The incarnation ends, and the same process begins another. */
  endLife(): void
  /** The node ends by itself. Within a step: the step violated a rule and is left out. */
  close(code?: number): void
}

export interface NodeJournalOptions {
  readonly path: string
  readonly protocolHash: string
  /** A sentence for the user: why the journal ended before its node. */
  readonly log: (sentence: string) => void
  /** Replaced in tests: writes all bytes or throws. */
  readonly write?: (file: number, bytes: Buffer) => void
}

/**
 * Begins a journal, or continues after the earlier incarnations in the file. No other process may write the file (src/cli/journal-flag.ts ensures
 * that). Returns null, with a logged sentence, if it cannot; the node then runs without a journal.
 */
export function openNodeJournal(options: NodeJournalOptions): NodeJournal | null {
  const { path, log } = options
  try {
    const file = openSync(path, existsSync(path) ? 'r+' : 'wx+', 0o600)
    try {
      // An incarnation that was killed while writing has left a torn frame. The next one begins where the whole frames end.
      const { bytes, incarnation } = endOfJournal(file)
      ftruncateSync(file, bytes)
      return new FileJournal(options, file, bytes, incarnation)
    } catch (error) {
      closeSync(file)
      throw error
    }
  } catch (error) {
    log(`There is no journal ${path}: ${error instanceof WireError ? `${error.message}.` : fileReasonOf(error)} It goes on without.`)
    return null
  }
}

class FileJournal implements NodeJournal {
  readonly earlierIncarnation: number
  readonly #options: NodeJournalOptions
  readonly #write: (file: number, bytes: Buffer) => void
  readonly #writer = new FrameWriter(journalFrameBytesMax)
  readonly #armed = new Map<string, number>()
  readonly #interval: NodeJS.Timeout
  #file: number | null
  /** Where the file's last whole frame ends. */
  #bytes: number
  #isInStep = false
  #step = 0
  #connections = 0
  /** The last received frame; valid only until its step begins. */
  readonly #taken: { connection: JournalledConnection | null; index: number; buffer: Buffer; start: number; end: number } =
    { connection: null, index: 0, buffer: noBytes, start: 0, end: 0 }

  constructor(options: NodeJournalOptions, file: number, bytes: number, earlierIncarnation: number) {
    this.#options = options
    this.earlierIncarnation = earlierIncarnation
    this.#write = options.write ?? ((to, piece) => writeAt(to, piece, this.#bytes))
    this.#file = file
    this.#bytes = bytes
    this.#interval = setInterval(() => this.flush(), flushEveryMs)
    this.#interval.unref()
  }

  // ---- steps

  begin(input: Input): void {
    if (this.#file === null) return
    if (input.type === 'start') this.#life(input)
    const writer = this.#writer
    writer.beginFrame()
    this.#isInStep = true
    writer.u8(journalFrames.step)
    writer.u32(this.#step++)
    writer.u64(hostMicroseconds())
    switch (input.type) {
      case 'start': return writer.u8(journalInputs.start)
      case 'message':
        writer.u8(journalInputs.message)
        return this.#takenFrame()
      case 'timer':
        writer.u8(journalInputs.timer)
        writer.text(input.name)
        return writer.u32(this.#armed.get(input.name) ?? 0)
      case 'operation':
        writer.u8(journalInputs.operation)
        return encodeOperationFrame(writer, input)
      case 'peer-lost':
        writer.u8(journalInputs.peerLost)
        return writer.text(input.peer)
    }
  }

  #life({ kind, name, incarnation, address, seed, settings }: Extract<Input, { type: 'start' }>): void {
    if (kind === 'server' || kind === 'service') throw new Error('a node of its own speaks this protocol')
    const life: JournalLife = {
      kind, name, incarnation, address, seed, settings, pid: process.pid, protocolHash: this.#options.protocolHash,
      host: hostIdentity(), at: hostMicroseconds(), wall: Date.now() * 1000,
    }
    this.#writer.beginFrame()
    this.#writer.u8(journalFrames.life)
    for (const character of journalMagic) this.#writer.u8(character.charCodeAt(0))
    this.#writer.u16(journalVersion)
    this.#writer.longText(JSON.stringify(life))
    this.#writer.endFrame()
  }

  /** Writes which frame of which connection was taken, and the frame itself where no other journal may have it. */
  #takenFrame(): void {
    const { connection, index, buffer, start, end } = this.#taken
    this.#writer.u32(connection?.id ?? 0)
    this.#writer.u32(index)
    const isWritten = connection?.isClient ?? false
    this.#writer.u32(isWritten ? end - start : 0)
    if (isWritten) this.#writer.raw(buffer, start, end)
    this.#taken.connection = null
    this.#taken.buffer = noBytes
  }

  sent(to: NodeName, message: Message, by: JournalledConnection | null): void {
    if (!this.#isInStep) return
    if (by) by.sent++
    this.#writer.u8(journalRecords.send)
    this.#writer.u32(by?.id ?? 0)
    this.#writer.text(to)
    this.#message(message)
  }

  #message(message: Message): void {
    const start = this.#writer.beginLength()
    encodeMessage(this.#writer, message)
    this.#writer.endLength(start)
  }

  armed(name: string): void {
    this.#armed.set(name, (this.#armed.get(name) ?? 0) + 1)
  }

  report(report: Report): void {
    if (!this.#isInStep) return
    this.#writer.u8(journalRecords.report)
    this.#writer.longText(JSON.stringify(recordReport(report)))
  }

  end(): void {
    if (!this.#isInStep) return
    this.#isInStep = false
    this.#endFrame()
  }

  #endFrame(): void {
    try {
      this.#writer.endFrame()
    } catch (error) {
      if (!(error instanceof WireError)) throw error
      this.#stop(`${error.message}.`)
    }
    if (this.#writer.length > waitingBytesMax) this.flush()
  }

  // ---- connections

  open(peer: NodeName | ''): JournalledConnection {
    const connection = { id: ++this.#connections, mark: peer === '' ? 0 : drawMark(), taken: 0, sent: 0, isClient: false }
    this.#record(journalRecords.opened, (writer) => {
      writer.u32(connection.id)
      writer.text(peer)
      writer.u64(connection.mark)
    })
    return connection
  }

  greeted(connection: JournalledConnection, { kind, name, incarnation, mark = 0 }: Greeting, peer: NodeName): void {
    connection.isClient = kind === 'client'
    this.#record(journalRecords.greeted, (writer) => {
      writer.u32(connection.id)
      writer.bool(connection.isClient)
      writer.text(name)
      writer.u64(incarnation)
      writer.u64(mark)
      writer.text(peer)
    })
  }

  closed({ id }: JournalledConnection): void {
    this.#record(journalRecords.closed, (writer) => writer.u32(id))
  }

  taking(connection: JournalledConnection, frame: Cursor): void {
    this.#taken.connection = connection
    this.#taken.index = connection.taken++
    this.#taken.buffer = frame.buffer
    this.#taken.start = frame.at
    this.#taken.end = frame.end
  }

  asideTaken(): void {
    const { connection, index } = this.#taken
    if (!connection) return
    this.#record(journalRecords.asideTaken, (writer) => {
      writer.u32(connection.id)
      writer.u32(index)
    })
    this.#taken.connection = null
    this.#taken.buffer = noBytes
  }

  asideSent(message: Message, by: JournalledConnection | null): void {
    if (!by) return
    by.sent++
    this.#record(journalRecords.asideSent, (writer) => {
      writer.u32(by.id)
      this.#message(message)
    })
  }

  withdrawn({ id }: JournalledConnection, ordinal: number): void {
    this.#record(journalRecords.withdrawn, (writer) => {
      writer.u32(id)
      writer.u32(ordinal)
    })
  }

  /** Within a step it becomes a part of that step's frame and keeps its order. Otherwise it becomes a frame of its own, with its time. */
  #record(kind: number, write: (writer: FrameWriter) => void): void {
    if (this.#file === null) return
    if (!this.#isInStep) this.#writer.beginFrame()
    this.#writer.u8(kind)
    if (!this.#isInStep) this.#writer.u64(hostMicroseconds())
    write(this.#writer)
    if (!this.#isInStep) this.#endFrame()
  }

  // ---- the file

  flush(): void {
    if (this.#file === null || this.#isInStep) return
    const file = this.#file
    this.#writer.flush((bytes) => {
      try {
        this.#write(file, bytes)
        this.#bytes += bytes.length
      } catch (error) {
        this.#stop(fileReasonOf(error))
      }
      return true
    })
  }

  endLife(): void {
    this.#record(journalRecords.end, (writer) => writer.u32(0))
    // Connection numbers continue, because connections of the earlier incarnation may still report their end.
    this.#step = 0
    this.#armed.clear()
  }

  close(code = 0): void {
    if (this.#file === null) return
    if (this.#isInStep) {
      // The step violated a rule before it completed, so it is in no recording.
      this.#writer.u8(journalRecords.broken)
      this.end()
      return this.close(1)
    }
    this.#record(journalRecords.end, (writer) => writer.u32(code))
    this.flush()
    clearInterval(this.#interval)
    if (this.#file !== null) closeSync(this.#file)
    this.#file = null
  }

  /** Ends the journal; the node continues. Truncates the file to its last whole frame. */
  #stop(reason: string): void {
    const file = this.#file
    this.#file = null
    this.#isInStep = false
    clearInterval(this.#interval)
    this.#writer.clear()
    this.#options.log(`The journal ${this.#options.path} ended: ${reason} It goes on without.`)
    if (file === null) return
    try {
      ftruncateSync(file, this.#bytes)
      closeSync(file)
    } catch {
      // The disk that refused the bytes may refuse this too. Every reader tolerates a torn last frame.
    }
  }
}

const noBytes = Buffer.alloc(0)

function writeAt(file: number, bytes: Buffer, position: number): void {
  for (let at = 0; at < bytes.length;) at += writeSync(file, bytes, at, bytes.length - at, position + at)
}

/** 52 random bits, never 0: unique for each connection. */
function drawMark(): number {
  const bytes = randomBytes(8)
  return (bytes.readUInt32BE(0) & 0xf_ffff) * 0x1_0000_0000 + bytes.readUInt32BE(4) || 1
}

const beganMicroseconds = Number(process.hrtime.bigint() / 1000n) - performance.now() * 1000

/** The host's monotonic clock, which all its processes share. */
function hostMicroseconds(): number {
  return Math.round(beganMicroseconds + performance.now() * 1000)
}

/** The host and its boot: the monotonic clock restarts with every boot. */
function hostIdentity(): string {
  try {
    return `${hostname()} ${readFileSync('/proc/sys/kernel/random/boot_id', 'utf8').trim()}`
  } catch {
    return hostname()
  }
}
