// A key and a value inside a received buffer, decoded only on access: the operation of a frame is forwarded and stored undecoded.
// The buffer must never change while the entry is held.
import { bytesBetween, type ByteString } from './byte-string'
import type { StoreEntry } from './messages'

export class PackedEntry implements StoreEntry {
  readonly bytes: Uint8Array
  readonly keyAt: number
  readonly keyEnd: number
  readonly valueAt: number
  readonly valueEnd: number

  constructor(bytes: Uint8Array, keyAt: number, keyEnd: number, valueAt: number, valueEnd: number) {
    this.bytes = bytes
    this.keyAt = keyAt
    this.keyEnd = keyEnd
    this.valueAt = valueAt
    this.valueEnd = valueEnd
  }

  get key(): ByteString {
    return bytesBetween(this.bytes, this.keyAt, this.keyEnd)
  }

  get value(): ByteString {
    return bytesBetween(this.bytes, this.valueAt, this.valueEnd)
  }
}

/** A put or an append in that form. Code that reads its fields sees an ordinary `Operation`. */
export class PackedWrite extends PackedEntry {
  readonly type: 'put' | 'append'

  constructor(type: 'put' | 'append', bytes: Uint8Array, keyAt: number, keyEnd: number, valueAt: number, valueEnd: number) {
    super(bytes, keyAt, keyEnd, valueAt, valueEnd)
    this.type = type
  }
}
