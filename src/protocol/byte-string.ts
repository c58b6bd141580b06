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
  let bytes = ''
  for (const character of text) bytes += encodeCodePoint(character.codePointAt(0) as number)
  return bytes as ByteString
}

/** Decodes UTF-8, or returns undefined where the bytes are not valid UTF-8 (overlong forms and surrogates included). */
export function bytesToUtf8(bytes: ByteString): string | undefined {
  if (isAscii(bytes)) return bytes
  let text = ''
  for (let at = 0; at < bytes.length;) {
    const lead = bytes.charCodeAt(at)
    const length = sequenceLength(lead)
    if (length === 0 || at + length > bytes.length) return undefined
    const codePoint = decodeCodePoint(bytes, at, length)
    if (codePoint === undefined) return undefined
    text += String.fromCodePoint(codePoint)
    at += length
  }
  return text
}

/** The engine's own matcher looks at megabytes in the time that a loop here takes for kilobytes. */
function isAscii(text: string): boolean {
  return /^[\x00-\x7f]*$/.test(text)
}

function encodeCodePoint(codePoint: number): string {
  const code = codePoint >= 0xd800 && codePoint <= 0xdfff ? 0xfffd : codePoint
  if (code < 0x80) return String.fromCharCode(code)
  if (code < 0x800) return String.fromCharCode(0xc0 | (code >> 6), 0x80 | (code & 0x3f))
  if (code < 0x10000) return String.fromCharCode(0xe0 | (code >> 12), 0x80 | ((code >> 6) & 0x3f), 0x80 | (code & 0x3f))
  return String.fromCharCode(0xf0 | (code >> 18), 0x80 | ((code >> 12) & 0x3f), 0x80 | ((code >> 6) & 0x3f), 0x80 | (code & 0x3f))
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

/** Arguments of one call of the engine's own conversion: more of them overflow its stack. */
const unitsInOneCall = 8192

/** The bytes from `start` to before `end`. */
export function bytesBetween(bytes: Uint8Array, start: number, end: number): ByteString {
  if (end - start <= unitsInOneCall) return inOneCall(bytes.subarray(start, end)) as ByteString
  let text = ''
  for (let at = start; at < end; at += unitsInOneCall) text += inOneCall(bytes.subarray(at, Math.min(at + unitsInOneCall, end)))
  return text as ByteString
}

/** The engine takes a typed array for the arguments; its declaration does not say so. Spreading it would go through an iterator. */
function inOneCall(bytes: Uint8Array): string {
  return String.fromCharCode.apply(null, bytes as unknown as number[])
}

/** Lays the bytes into `target` from `at` on. */
export function layBytes(source: ByteString, target: Uint8Array, at: number): void {
  for (let index = 0; index < source.length; index++) target[at + index] = source.charCodeAt(index)
}
