import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { blockLimits, EventBlocks } from './event-blocks'

const line = (seq: number, text = ''): string => JSON.stringify({ seq, at: seq, wall: 0, type: 'lab-note', text, node: '' })

function blocksOf(count: number, first = 1): EventBlocks {
  const blocks = new EventBlocks()
  blocks.begin(first)
  for (let seq = first; seq < first + count; seq++) blocks.append(line(seq))
  return blocks
}

describe('events held as text', () => {
  it('give every line and event back under its seq, across blocks', () => {
    const blocks = blocksOf(blockLimits.events * 2 + 7, 500)
    expect([blocks.first, blocks.last, blocks.count]).toEqual([500, 500 + blockLimits.events * 2 + 6, blockLimits.events * 2 + 7])
    for (let seq = blocks.first; seq <= blocks.last; seq++) expect([blocks.lineAt(seq), blocks.eventAt(seq)?.seq, blocks.parse(seq)?.seq]).toEqual([line(seq), seq, seq])
    expect([blocks.lineAt(499), blocks.eventAt(blocks.last + 1)]).toEqual([undefined, undefined])
  })

  it('are those that were appended, whatever was let go in between', () => {
    const act = fc.oneof(fc.record({ add: fc.nat(1500) }), fc.record({ dropShare: fc.double({ min: 0, max: 1, noNaN: true }) }))
    fc.assert(fc.property(fc.array(act, { maxLength: 8 }), (acts) => {
      const blocks = blocksOf(0)
      let first = 1
      for (const act of acts) {
        if ('add' in act) for (let count = 0; count < act.add; count++) blocks.append(line(blocks.last + 1))
        else {
          first += Math.floor(act.dropShare * (blocks.last - first + 1))
          blocks.dropBefore(first)
        }
        expect([blocks.first, blocks.lineAt(first - 1)]).toEqual([first, undefined])
        for (const seq of [first, Math.floor((first + blocks.last) / 2), blocks.last]) if (blocks.has(seq)) expect(blocks.lineAt(seq)).toBe(line(seq))
      }
    }), { numRuns: 30 })
  })

  it('are not copied out of the text that they came in, and are the same whatever text that was', () => {
    fc.assert(fc.property(fc.array(fc.integer({ min: 1, max: 2500 }), { minLength: 1, maxLength: 5 }), (texts) => {
      const blocks = blocksOf(0)
      for (const count of texts) {
        const from = blocks.last + 1
        const text = Array.from({ length: count }, (_, index) => line(from + index)).join('\n')
        for (let at = 0; at < text.length;) {
          const end = text.indexOf('\n', at) === -1 ? text.length : text.indexOf('\n', at)
          blocks.append(text, at, end)
          at = end + 1
        }
      }
      for (let seq = 1; seq <= blocks.last; seq += 7) expect(blocks.lineAt(seq)).toBe(line(seq))
      expect(blocks.lineAt(blocks.last)).toBe(line(blocks.last))
    }), { numRuns: 20 })
  })

  it('never hand out an event that was let go, or of the page before, although it was parsed', () => {
    const blocks = blocksOf(3000)
    expect(blocks.eventAt(5)?.seq).toBe(5)
    blocks.dropBefore(2000)
    expect(blocks.eventAt(5)).toBeUndefined()
    blocks.begin(5)
    blocks.append(line(5, 'another'))
    expect(blocks.eventAt(5)).toMatchObject({ text: 'another' })
  })

  it('let go of the memory of whole blocks', () => {
    const blocks = blocksOf(blockLimits.events * 4)
    const before = blocks.bytes
    blocks.dropBefore(blockLimits.events * 3 + 1)
    expect(blocks.bytes).toBeLessThan(before / 3)
  })

  it('close a block of long lines early, and count a wide character for two bytes of all', () => {
    const blocks = blocksOf(0)
    const long = 'x'.repeat(blockLimits.characters)
    for (let seq = 1; seq <= 3; seq++) blocks.append(line(seq, long))
    expect(blocks.eventAt(2)).toMatchObject({ text: long })
    const narrow = blocks.bytes
    blocks.append(line(4, `€${long}`))
    expect(blocks.bytes - narrow).toBeGreaterThan(blockLimits.characters * 2)
    expect(blocks.eventAt(4)).toMatchObject({ text: `€${long}` })
  })
})
