// Byte strings cross files and screens unchanged, whatever bytes they are, and the largest operation fits a line.
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { utf8ToBytes, valueBytesMax, type ByteString } from '../protocol'
import { lineBytesMax } from './codec'
import { bytesOf, recordBytes } from './recorded'

const anyBytes = fc.array(fc.integer({ min: 0, max: 255 }), { maxLength: 40 }).map((bytes) => String.fromCharCode(...bytes) as ByteString)

describe('a recorded byte string', () => {
  it('gives its bytes back, whatever they are', () => {
    fc.assert(fc.property(anyBytes, (bytes) => {
      expect(bytesOf(JSON.parse(JSON.stringify(recordBytes(bytes))) as string)).toBe(bytes)
    }))
  })

  it('is text where people can read it', () => {
    for (const text of ['', 'colour', 'grün', 'two\nlines\tand\r', '😀']) expect(recordBytes(utf8ToBytes(text))).toBe(text)
  })

  it.each([['that is no UTF-8', '\u00ff', 'base64:/w=='], ['with control characters', 'a\u0000b', 'base64:YQBi'], ['that looks like base64', 'base64:x', 'base64:YmFzZTY0Ong=']])(
    '%s is base64', (_what, bytes, recorded) => {
      expect(recordBytes(bytes as ByteString)).toBe(recorded)
    })

  it.each(['\u0000', '"', '\n', '\u00ff'])('of the largest size fits a line twice, as in a compare-and-swap: %j', (byte) => {
    const line = JSON.stringify(recordBytes(byte.repeat(valueBytesMax) as ByteString))
    expect(line.length * 2).toBeLessThan(lineBytesMax)
  })
})
