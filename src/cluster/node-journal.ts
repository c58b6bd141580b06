// A node's journal: every step of its machine as a frame, written before anything that the step sent can leave. So whatever a node did that
// another can have seen is in its journal, however it ended. What cannot be written ends the journal and never the node.
// It must never keep anything of a message after a call has returned: buffers and objects are used again.
import { randomBytes } from 'node:crypto'
import { closeSync, existsSync, ftruncateSync, openSync, readFileSync, writeSync } from 'node:fs'
import { hostname } from 'node:os'
import type { Input, Message, NodeName, Report } from '../protocol'
import { recordReport } from '../trace'
import type { Greeting } from './direct-frames'
import { FrameWriter, WireError, type Cursor } from './frame'
import { fileReasonOf } from './journal'
import { journalFrameBytesMax, journalFrames, journalInputs, journalMagic, journalRecords, journalVersion, type JournalLife } from './journal-frames'
import { endOfJournal } from './journal-reader'
import { encodeOperationFrame } from './lab-frames'
import { encodeMessage } from './wire'

/** Bytes that wait for their write at most, where nothing leaves that would make them be written before. */
const waitingBytesMax = 1024 * 1024
/** What waits is written after so long, so that a journal can be read while its node runs. */
const flushEveryMs = 200

/** A connection as the journal knows it: its number in this life. Frames are counted by `taken` at the end that takes them. */
export interface JournalledConnection {
  readonly id: number
  /** Drawn by who dials, and told in the greeting: both ends know the connection by it. 0 at the end that was dialled. */
  readonly mark: number
  taken: number
  sent: number
  /** A client's messages are written down whole: it may keep no journal. */
  isClient: boolean
}

/** What a driver tells. Without a journal it tells nothing, and pays a comparison with null. */
export interface NodeJournal {
  // ---- steps: `begin`, then the effects in their order, then `end`
  begin(input: Input): void
  /** `by` is the connection that the message was given to; null: there was none, and it is lost. */
  sent(to: NodeName, message: Message, by: JournalledConnection | null): void
  /** A timer was armed. */
  armed(name: string): void
  report(report: Report): void
  end(): void

  // ---- connections; each may be told within a step
  /** A connection was dialled (to `peer`), or taken (`peer` empty). */
  open(peer: NodeName | ''): JournalledConnection
  /** The other end has greeted, and its messages come from `peer`. */
  greeted(connection: JournalledConnection, greeting: Greeting, peer: NodeName): void
  closed(connection: JournalledConnection): void
  /** A whole frame of a message has come. It is the input of the step that begins next, or `asideTaken` follows. */
  taking(connection: JournalledConnection, frame: Cursor): void
  /** The frame that has come is no input. */
  asideTaken(): void
  /** A message that no step sent was given to a connection. */
  asideSent(message: Message, by: JournalledConnection | null): void
  /** A message that was told as sent, the `ordinal`th given to its connection (from 0), will never leave: a later one takes its place. */
  withdrawn(connection: JournalledConnection, ordinal: number): void

  /** Writes what waits. A driver calls it before it writes to any socket, and never within a step. */
  flush(): void
  /** The node ends by itself. In a step: the step broke a rule, and is left out. */
  close(code?: number): void
}

export interface NodeJournalOptions {
  readonly path: string
  readonly protocolHash: string
  /** A sentence for people: why the journal ended before its node. */
  readonly log: (sentence: string) => void
  /** Replaced in tests: writes all bytes or throws. */
  readonly write?: (file: number, bytes: Buffer) => void
}

/** Begins a journal, or goes on after the earlier lives in the file. Null where that cannot be: it was told, and the node goes on without. */
export function openNodeJournal(options: NodeJournalOptions): NodeJournal | null {
  const { path, log } = options
  try {
    const file = openSync(path, existsSync(path) ? 'r+' : 'wx+', 0o600)
    try {
      // A life that was killed while it wrote has left a torn frame: the next one begins where the whole frames end.
      const { bytes, writer } = endOfJournal(file)
      if (writer !== null && writer.host === hostIdentity() && isRunning(writer.pid)) throw new WireError(`${writer.name}, process ${writer.pid}, still writes it`)
      ftruncateSync(file, bytes)
      return new FileJournal(options, file, bytes)
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
  /** The frame that has come, of use only until its step has begun. */
  readonly #taken: { connection: JournalledConnection | null; index: number; buffer: Buffer; start: number; end: number } =
    { connection: null, index: 0, buffer: noBytes, start: 0, end: 0 }

  constructor(options: NodeJournalOptions, file: number, bytes: number) {
    this.#options = options
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

  /** Which frame of which connection; and the frame, where nobody else may have it. */
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

  /** Within a step it is a part of that step's frame, and so keeps its place in the order; else a frame of its own, with its time. */
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

  close(code = 0): void {
    if (this.#file === null) return
    if (this.#isInStep) {
      // A rule was broken on the way: a step of which a part was done is in no recording.
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

  /** The journal ends, the node goes on. What stands in the file is cut back to its last whole frame. */
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
      // The disk that refused the bytes may refuse this too; a torn last frame is tolerated by every reader.
    }
  }
}

const noBytes = Buffer.alloc(0)

function writeAt(file: number, bytes: Buffer, position: number): void {
  for (let at = 0; at < bytes.length;) at += writeSync(file, bytes, at, bytes.length - at, position + at)
}

/** 52 random bits, and never 0: whatever else dials, no other connection has it. */
function drawMark(): number {
  const bytes = randomBytes(8)
  return (bytes.readUInt32BE(0) & 0xf_ffff) * 0x1_0000_0000 + bytes.readUInt32BE(4) || 1
}

/** This process may go on where it ended before. */
function isRunning(pid: number): boolean {
  if (pid === process.pid) return false
  try {
    process.kill(pid, 0)
    return true
  } catch (error) {
    // Another's process may not be signalled, and runs.
    return (error as NodeJS.ErrnoException).code === 'EPERM'
  }
}

const beganMicroseconds = Number(process.hrtime.bigint() / 1000n) - performance.now() * 1000

/** The host's own clock, the same for all of its processes; it never goes back. */
function hostMicroseconds(): number {
  return Math.round(beganMicroseconds + performance.now() * 1000)
}

/** That clock begins anew with every start of the machine. */
function hostIdentity(): string {
  try {
    return `${hostname()} ${readFileSync('/proc/sys/kernel/random/boot_id', 'utf8').trim()}`
  } catch {
    return hostname()
  }
}
