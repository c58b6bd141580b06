// Checks the free disk space for copies that the lab writes: uploads, opened recordings, packed exports, the events that a branch begins with.
// Writers must ask before each write; it rejects when the disk would have less free than the person chose for recordings.
import { dirname } from 'node:path'
import { freeBytesOf } from '../cluster'
import { grouped } from '../trace'
import type { Room } from './limits'

/** The free space is checked again after so many written bytes. */
const lookBytes = 16 * 1024 * 1024
/** The same for a lab with its own small limit. */
const lookRoomBytes = 1024 * 1024

/** Not enough space; the message is one sentence. */
export class NoRoom extends Error {
  override readonly name = 'NoRoom'
}

export interface DiskLimit {
  /** Copies stop when the disk would have less than this free; 0: when it is full. */
  readonly freeMiBMin: number
  /** How much this lab may still write, if it is one of several. */
  readonly room?: Room
  /** Free bytes of this folder's disk; replaced in tests. */
  readonly freeBytes?: (folder: string) => Promise<number>
}

export class DiskRoom {
  readonly #folder: string
  readonly #limit: DiskLimit
  #untilLook = 0

  /** `path`: the file to write. */
  constructor(path: string, limit: DiskLimit) {
    this.#folder = dirname(path)
    this.#limit = limit
  }

  /** To be called before writing so many bytes; rejects with a `NoRoom`. */
  async need(bytes: number): Promise<void> {
    this.#untilLook -= bytes
    const { freeMiBMin, room, freeBytes = freeBytesOf } = this.#limit
    if (this.#untilLook > 0) return
    this.#untilLook = room ? lookRoomBytes : lookBytes
    if (room && await room.leftBytes() < bytes) throw new NoRoom(room.sentence)
    if (freeMiBMin === 0) return
    const free = await freeBytes(this.#folder) - Math.max(bytes, lookBytes)
    if (free < freeMiBMin * 1024 * 1024) throw new NoRoom(`The disk of ${this.#folder} would have less than ${grouped(freeMiBMin)} MiB free.`)
  }
}
