import fc from 'fast-check'
import { expect, test } from 'vitest'
import { bytesToUtf8, concatBytes, utf8ToBytes, type ByteString } from './byte-string'

const asBytes = (buffer: Uint8Array): ByteString => String.fromCharCode(...buffer) as ByteString

test('text becomes the bytes that every other encoder makes of it', () => {
  fc.assert(fc.property(fc.string({ unit: 'binary' }), (text) => {
    expect(utf8ToBytes(text)).toBe(asBytes(new TextEncoder().encode(text)))
  }))
})

test('bytes are text exactly where a strict decoder says so, and then the same text', () => {
  const strict = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true })
  fc.assert(fc.property(fc.uint8Array({ maxLength: 12 }), (bytes) => {
    let expected: string | undefined
    try {
      expected = strict.decode(bytes)
    } catch {
      expected = undefined
    }
    expect(bytesToUtf8(asBytes(bytes))).toBe(expected)
  }), { numRuns: 3000 })
})

test('joining is joining bytes', () => {
  expect(bytesToUtf8(concatBytes(utf8ToBytes('ü'), utf8ToBytes('é')))).toBe('üé')
})
