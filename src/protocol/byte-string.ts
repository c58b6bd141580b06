// Keys and values are byte strings. In memory a byte string is a JavaScript string whose code units are all 0..255,
// one unit for each byte: it compares with ===, serves as a Map key, and costs one byte a unit in V8.
// This file must never guess an encoding: text becomes bytes only through utf8ToBytes.
// Why not Uint8Array: docs/decisions/byte-strings.md.

/** A sequence of bytes, one code unit (0..255) each. Make one with `utf8ToBytes` or at a codec's edge, never by a cast. */
export type ByteString = string & { readonly byteString: unique symbol }

export const emptyBytes = '' as ByteString

/** Joins two byte strings; constant time, as the engine keeps a rope. */
export function concatBytes(head: ByteString, tail: ByteString): ByteString {
  return (head + tail) as ByteString
}

/** Encodes text as UTF-8. Unpaired surrogates become U+FFFD, as TextEncoder does. */
export function utf8ToBytes(text: string): ByteString {
  if (isAscii(text)) return text as ByteString
  // No character takes more than three bytes for each of its units.
  const bytes = new Uint8Array(text.length * 3)
  let end = 0
  for (let at = 0; at < text.length; at++) {
    const codePoint = text.codePointAt(at) as number
    if (codePoint > 0xffff) at++
    end = layCodePoint(codePoint, bytes, end)
  }
  return bytesBetween(bytes, 0, end)
}

/** Decodes UTF-8, or returns undefined where the bytes are not valid UTF-8 (overlong forms and surrogates included). */
export function bytesToUtf8(bytes: ByteString): string | undefined {
  if (isAscii(bytes)) return bytes
  const units = new Uint16Array(bytes.length)
  let end = 0
  for (let at = 0; at < bytes.length;) {
    const lead = bytes.charCodeAt(at)
    const length = sequenceLength(lead)
    if (length === 0 || at + length > bytes.length) return undefined
    const codePoint = decodeCodePoint(bytes, at, length)
    if (codePoint === undefined) return undefined
    if (codePoint > 0xffff) units[end++] = 0xd7c0 + (codePoint >> 10)
    units[end++] = codePoint > 0xffff ? 0xdc00 | (codePoint & 0x3ff) : codePoint
    at += length
  }
  return textBetween(units, 0, end)
}

/** A regular expression, because the engine's matcher scans megabytes in the time that a loop here takes for kilobytes. */
function isAscii(text: string): boolean {
  return /^[\x00-\x7f]*$/.test(text)
}

/** Writes a character's bytes at `at`; returns the offset after them. */
function layCodePoint(codePoint: number, bytes: Uint8Array, at: number): number {
  const code = codePoint >= 0xd800 && codePoint <= 0xdfff ? 0xfffd : codePoint
  if (code < 0x80) {
    bytes[at++] = code
    return at
  }
  if (code < 0x800) bytes[at++] = 0xc0 | (code >> 6)
  else {
    if (code < 0x10000) bytes[at++] = 0xe0 | (code >> 12)
    else {
      bytes[at++] = 0xf0 | (code >> 18)
      bytes[at++] = 0x80 | ((code >> 12) & 0x3f)
    }
    bytes[at++] = 0x80 | ((code >> 6) & 0x3f)
  }
  bytes[at++] = 0x80 | (code & 0x3f)
  return at
}

function sequenceLength(lead: number): number {
  if (lead < 0x80) return 1
  if (lead >= 0xc2 && lead <= 0xdf) return 2
  if (lead >= 0xe0 && lead <= 0xef) return 3
  if (lead >= 0xf0 && lead <= 0xf4) return 4
  return 0
}

/** The smallest code point that a sequence of this length may carry; a smaller one is an overlong form. */
const smallestOfLength = [0, 0, 0x80, 0x800, 0x10000]

function decodeCodePoint(bytes: string, at: number, length: number): number | undefined {
  let code = length === 1 ? bytes.charCodeAt(at) : bytes.charCodeAt(at) & (0x7f >> length)
  for (let offset = 1; offset < length; offset++) {
    const next = bytes.charCodeAt(at + offset)
    if ((next & 0xc0) !== 0x80) return undefined
    code = (code << 6) | (next & 0x3f)
  }
  const valid = code >= (smallestOfLength[length] as number) && code <= 0x10ffff && !(code >= 0xd800 && code <= 0xdfff)
  return valid ? code : undefined
}

/** Arguments of one `String.fromCharCode` call: more would overflow the engine's stack. */
const unitsInOneCall = 8192

/** The bytes from `start` to before `end`. */
export function bytesBetween(bytes: Uint8Array, start: number, end: number): ByteString {
  return textBetween(bytes, start, end) as ByteString
}

/** Converts in blocks: a string concatenated from millions of single characters costs the garbage collector seconds. */
function textBetween(units: Uint8Array | Uint16Array, start: number, end: number): string {
  if (end - start <= unitsInOneCall) return inOneCall(units.subarray(start, end))
  let text = ''
  for (let at = start; at < end; at += unitsInOneCall) text += inOneCall(units.subarray(at, Math.min(at + unitsInOneCall, end)))
  return text
}

/** `apply` accepts a typed array, although its declaration does not say so. Spreading would go through an iterator. */
function inOneCall(units: Uint8Array | Uint16Array): string {
  return String.fromCharCode.apply(null, units as unknown as number[])
}

/** Writes the bytes into `target` at offset `at`. */
export function layBytes(source: ByteString, target: Uint8Array, at: number): void {
  for (let index = 0; index < source.length; index++) target[at + index] = source.charCodeAt(index)
}
