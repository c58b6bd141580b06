// Binary frames: appends fields to one growing buffer and reads them back. Big-endian; a frame is a u32 length and so many bytes. It must never
// know a message (wire.ts does). Reading checks every bound: bad bytes throw a WireError and never crash.
import { BytesTarget, type ByteString } from '../../protocol'

/** A frame is at most this many bytes, without its length. */
export const frameBytesMax = 16 * 1024 * 1024

/** The other side sent invalid bytes; the sentence is for a log and for the error frame. */
export class WireError extends Error {
  override readonly name = 'WireError'
}

const firstCapacity = 16 * 1024
/** A buffer that grew beyond this is released after its flush. */
const keptCapacity = 1024 * 1024

/** A text up to this length is copied in a loop, which is faster than a call into the engine. */
const loopedText = 96
/** For a text up to this length the writer reserves the largest possible size. */
const roomyText = 4096

/** Collects frames; the owner writes them to a socket once a tick. */
export class FrameWriter {
  #buffer: Buffer = Buffer.allocUnsafeSlow(firstCapacity)
  #target = new BytesTarget(this.#buffer)
  readonly #bytesMax: number
  #length = 0
  #frameStart = -1

  constructor(bytesMax = frameBytesMax) {
    this.#bytesMax = bytesMax
  }

  /** Bytes that wait to be flushed. */
  get length(): number {
    return this.#length
  }

  beginFrame(): void {
    this.#reserve(4)
    this.#frameStart = this.#length
    this.#length += 4
  }

  /** Throws a WireError, and removes the frame, if it is over the limit. */
  endFrame(): void {
    const length = this.#length - this.#frameStart - 4
    if (length > this.#bytesMax) {
      this.#length = this.#frameStart
      throw new WireError(`a frame of ${length} bytes is over the limit of ${this.#bytesMax}`)
    }
    this.#target.view.setInt32(this.#frameStart, length)
  }

  /** Reserves a u32 length and returns its position; `endLength` fills in how many bytes came after it. */
  beginLength(): number {
    this.#reserve(4)
    this.#length += 4
    return this.#length
  }

  endLength(start: number): void {
    this.#buffer.writeUInt32BE(this.#length - start, start - 4)
  }

  u8(value: number): void {
    this.#reserve(1)
    this.#buffer[this.#length++] = value
  }

  u16(value: number): void {
    this.#reserve(2)
    this.#length = this.#buffer.writeUInt16BE(value, this.#length)
  }

  u32(value: number): void {
    this.#reserve(4)
    this.#put32(value)
  }

  /** A whole number from 0 to 2^53 - 1, in 8 bytes. */
  u64(value: number): void {
    this.#reserve(8)
    this.#put32(value < 0x1_0000_0000 ? 0 : Math.floor(value / 0x1_0000_0000))
    this.#put32(value >>> 0)
  }

  /** Writes the lower 32 bits; the room is already reserved. */
  #put32(value: number): void {
    this.#target.view.setInt32(this.#length, value)
    this.#length += 4
  }

  bool(value: boolean): void {
    this.u8(value ? 1 : 0)
  }

  /** A u32 length and the bytes. */
  bytes(value: ByteString): void {
    this.u32(value.length)
    this.#reserve(value.length)
    this.#length += this.#buffer.write(value, this.#length, value.length, 'latin1')
  }

  /** A u32 length and the bytes of a range of another buffer. */
  bytesFrom(source: Uint8Array, start: number, end: number): void {
    this.u32(end - start)
    this.raw(source, start, end)
  }

  /** A u16 length and UTF-8: names, addresses, sentences. */
  text(value: string): void {
    if (value.length <= loopedText && this.#asciiText(value)) return
    const length = Buffer.byteLength(value)
    if (length > 0xffff) throw new WireError(`a text of ${length} bytes is over the limit of 65535`)
    this.u16(length)
    this.#reserve(length)
    this.#length += this.#buffer.write(value, this.#length, length, 'utf8')
  }

  /** Writes short ASCII without a call into the engine. Returns false, with nothing written, for any other text. */
  #asciiText(value: string): boolean {
    const length = value.length
    this.#reserve(2 + length)
    const buffer = this.#buffer
    const start = this.#length + 2
    for (let index = 0; index < length; index++) {
      const unit = value.charCodeAt(index)
      if (unit > 0x7f) return false
      buffer[start + index] = unit
    }
    buffer[start - 2] = 0
    buffer[start - 1] = length
    this.#length = start + length
    return true
  }

  /** A u32 length and UTF-8: settings, lines of a log. */
  longText(value: string): void {
    const start = this.beginLength()
    // UTF-8 needs at most three bytes for each UTF-16 unit. Asking for the exact length is a second call into the engine.
    this.#reserve(value.length <= roomyText ? value.length * 3 : Buffer.byteLength(value))
    this.#length += this.#buffer.write(value, this.#length, 'utf8')
    this.endLength(start)
  }

  /** A range of another buffer, unchanged and without a length. */
  raw(source: Uint8Array, start: number, end: number): void {
    this.#reserve(end - start)
    this.#target.copy(source, start, end, this.#length)
    this.#length += end - start
  }

  /**
   * Gives all frames to `write` in one buffer. If `write` returns true, the bytes are gone (the kernel took them at once) and the buffer is reused.
   * Otherwise `write` keeps the buffer, and the writer allocates a new one.
   */
  flush(write: (bytes: Buffer) => boolean): void {
    if (this.#length === 0) return
    const bytes = this.#buffer.subarray(0, this.#length)
    this.#length = 0
    const isReusable = write(bytes) && this.#buffer.length <= keptCapacity
    if (!isReusable) this.#use(Buffer.allocUnsafeSlow(firstCapacity))
  }

  /** Drops everything collected. */
  clear(): void {
    this.#length = 0
  }

  #reserve(bytes: number): void {
    const needed = this.#length + bytes
    if (needed <= this.#buffer.length) return
    const larger = Buffer.allocUnsafeSlow(Math.max(needed, this.#buffer.length * 2))
    this.#buffer.copy(larger, 0, 0, this.#length)
    this.#use(larger)
  }

  #use(buffer: Buffer): void {
    this.#buffer = buffer
    this.#target = new BytesTarget(buffer)
  }
}

/** Reads the fields of one frame in place; `end` is where the frame ends. */
export class Cursor {
  #buffer: Buffer = Buffer.alloc(0)
  #at = 0
  #end = 0

  /** Moves to another frame, so that a reader needs only one cursor. */
  reset(buffer: Buffer, start: number, end: number): this {
    this.#buffer = buffer
    this.#at = start
    this.#end = end
    return this
  }

  get buffer(): Buffer {
    return this.#buffer
  }

  get at(): number {
    return this.#at
  }

  get end(): number {
    return this.#end
  }

  /** Bytes that are not read yet. */
  get left(): number {
    return this.#end - this.#at
  }

  u8(): number {
    return this.#buffer[this.#take(1)] as number
  }

  u16(): number {
    return this.#buffer.readUInt16BE(this.#take(2))
  }

  u32(): number {
    return this.#read32(this.#take(4))
  }

  /** Reads four bytes without a bounds check, which the buffer's own method would repeat. */
  #read32(at: number): number {
    const buffer = this.#buffer
    return (((buffer[at] as number) << 24) | ((buffer[at + 1] as number) << 16) | ((buffer[at + 2] as number) << 8) | (buffer[at + 3] as number)) >>> 0
  }

  u64(): number {
    const at = this.#take(8)
    const high = this.#read32(at)
    if (high > 0x1f_ffff) throw new WireError('a number is over 2^53 - 1')
    return high * 0x1_0000_0000 + this.#read32(at + 4)
  }

  bool(): boolean {
    const value = this.u8()
    if (value > 1) throw new WireError(`a flag is ${value}, not 0 or 1`)
    return value === 1
  }

  bytes(max: number, what: string): ByteString {
    const at = this.skipBytes(max, what)
    return this.#buffer.toString('latin1', at, this.#at) as ByteString
  }

  /** Skips a u32 length and so many bytes, and returns where they begin; `at` is their end. */
  skipBytes(max: number, what: string): number {
    const length = this.u32()
    if (length > max) throw new WireError(`${what} of ${length} bytes is over the limit of ${max}`)
    return this.#take(length)
  }

  text(max: number, what: string): string {
    const length = this.u16()
    if (length > max) throw new WireError(`${what} of ${length} bytes is over the limit of ${max}`)
    const at = this.#take(length)
    return this.#buffer.toString('utf8', at, at + length)
  }

  longText(): string {
    const length = this.u32()
    const at = this.#take(length)
    return this.#buffer.toString('utf8', at, at + length)
  }

  /** Skips bytes and returns where they begin. */
  skip(bytes: number): number {
    return this.#take(bytes)
  }

  /** Throws unless the whole frame was read. */
  expectEnd(): void {
    if (this.#at !== this.#end) throw new WireError(`${this.#end - this.#at} bytes are left over at the end of a frame`)
  }

  #take(bytes: number): number {
    const at = this.#at
    if (bytes > this.#end - at) throw new WireError('a frame ends in the middle of a field')
    this.#at = at + bytes
    return at
  }
}

/** Splits the chunks of a socket into frames. A frame that is complete in one chunk is read in place, without a copy. */
export class FrameSplitter {
  readonly #cursor = new Cursor()
  readonly #onFrame: (frame: Cursor) => void
  /** The longest accepted frame; may be changed in `onFrame`, for the frames that follow. */
  bytesMax: number
  /** Chunks of an incomplete frame. */
  #pieces: Buffer[] = []
  #piecesBytes = 0

  /** `onFrame` must read what it needs at once: the cursor is reused for the next frame. */
  constructor(onFrame: (frame: Cursor) => void, bytesMax = frameBytesMax) {
    this.#onFrame = onFrame
    this.bytesMax = bytesMax
  }

  /** True while a frame is incomplete. */
  get isWaiting(): boolean {
    return this.#piecesBytes > 0
  }

  /** Bytes received of an incomplete frame. */
  get waitingBytes(): number {
    return this.#piecesBytes
  }

  /** Throws a WireError for a length over the limit, before the frame is collected, and any error of `onFrame`. */
  push(data: Buffer): void {
    let buffer = data
    if (this.#piecesBytes > 0) {
      this.#pieces.push(data)
      this.#piecesBytes += data.length
      if (this.#piecesBytes < this.#wanted()) return
      buffer = Buffer.concat(this.#pieces, this.#piecesBytes)
      this.#pieces = []
      this.#piecesBytes = 0
    }
    let at = 0
    while (buffer.length - at >= 4) {
      const length = this.#checked(buffer.readUInt32BE(at))
      const end = at + 4 + length
      if (end > buffer.length) break
      this.#onFrame(this.#cursor.reset(buffer, at + 4, end))
      at = end
    }
    if (at === buffer.length) return
    this.#pieces = [buffer.subarray(at)]
    this.#piecesBytes = buffer.length - at
  }

  /** How many bytes the incomplete frame needs, as far as its length is known. */
  #wanted(): number {
    if (this.#piecesBytes < 4) return 4
    const head = this.#pieces[0] as Buffer
    const length = head.length >= 4 ? head.readUInt32BE(0) : Buffer.concat(this.#pieces).readUInt32BE(0)
    return 4 + this.#checked(length)
  }

  #checked(length: number): number {
    if (length > this.bytesMax) throw new WireError(`a frame of ${length} bytes is over the limit of ${this.bytesMax}`)
    return length
  }
}
