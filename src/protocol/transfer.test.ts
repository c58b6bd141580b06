// State transfer over a network that loses, repeats and reorders: what arrives is the sender's state or nothing.
import fc from 'fast-check'
import { expect, test } from 'vitest'
import { utf8ToBytes } from './byte-string'
import { emptyCopy, executeNext, type Copy } from './copy'
import { MapStore } from './map-store'
import { defaultSettings } from './settings'
import { IncomingTransfer, OutgoingTransfer, type Chunk } from './transfer'

const plain = ({ store, table, executed }: Copy): unknown => ({ store: store.sortedEntries(), table: [...table.rows()], executed })

function copyOf(keys: readonly string[], clients: number): Copy {
  const copy = emptyCopy(100, () => new MapStore())
  for (const [index, key] of keys.entries()) {
    executeNext(copy, `c${index % clients}`, Math.floor(index / clients) + 1, { type: 'append', key: utf8ToBytes(key), value: utf8ToBytes(`v${index}`) }, 2)
  }
  return copy
}

test('any loss, repetition and order of chunks and acks installs exactly the state of the sender, once', () => {
  fc.assert(fc.property(
    fc.array(fc.string({ maxLength: 4 }), { maxLength: 40 }), fc.integer({ min: 1, max: 60 }), fc.integer({ min: 1, max: 5 }),
    fc.infiniteStream(fc.nat(9)),
    (keys, transferChunkBytes, transferWindow, luck) => {
      const draw = (): number => luck.next().value as number
      const sender = copyOf(keys, 3)
      const before = plain(sender)
      const outgoing = new OutgoingTransfer(1, sender, { ...defaultSettings, transferChunkBytes, transferWindow })
      const incoming = new IncomingTransfer(3, 1, () => new MapStore())
      let installed: Copy | undefined
      let network: Chunk[] = outgoing.nextChunks()
      for (let round = 0; !outgoing.done && round < 10_000; round++) {
        // After some rounds the network heals, or no transfer could ever end.
        const isHealed = round > 200
        const at = network.length === 0 ? -1 : draw() % network.length
        const chunk = network[at]
        if (!chunk) {
          network = outgoing.chunksToRetry()
          continue
        }
        const fate = isHealed ? 9 : draw()
        if (fate !== 0) network.splice(at, 1)
        if (fate === 1) continue
        const whole = installed ? undefined : incoming.take(chunk, 100)
        if (whole) installed = whole
        const isAckLost = !isHealed && draw() < 3
        if (isAckLost) continue
        outgoing.takeAck(chunk.chunk, installed !== undefined)
        network.push(...outgoing.nextChunks())
      }
      expect(outgoing.done).toBe(true)
      expect(installed && plain(installed)).toEqual(before)
      expect(plain(sender)).toEqual(before)
    }), { numRuns: 300 })
})

test('no more chunks are out than the window has room for, and none is larger than its limit but by one entry', () => {
  const keys = Array.from({ length: 50 }, (_, index) => `key${index}`)
  const outgoing = new OutgoingTransfer(1, copyOf(keys, 2), { ...defaultSettings, transferChunkBytes: 20, transferWindow: 4 })
  const first = outgoing.nextChunks()
  expect(first).toHaveLength(4)
  expect(outgoing.nextChunks()).toEqual([])
  outgoing.takeAck(0, false)
  expect(outgoing.nextChunks()).toHaveLength(1)
  for (const { entries } of first) expect(entries.slice(0, -1).reduce((sum, { key, value }) => sum + key.length + value.length, 0)).toBeLessThan(20)
})

test('what is only slow is not sent again while acks come; what was overtaken is, and all is when nothing comes', () => {
  const keys = Array.from({ length: 50 }, (_, index) => `key${index}`)
  const outgoing = new OutgoingTransfer(1, copyOf(keys, 2), { ...defaultSettings, transferChunkBytes: 20, transferWindow: 4 })
  const retried = (): number[] => outgoing.chunksToRetry().map(({ chunk }) => chunk)
  outgoing.nextChunks()
  expect(retried()).toEqual([])
  outgoing.takeAck(0, false)
  expect(retried()).toEqual([])
  outgoing.takeAck(2, false)
  expect(retried()).toEqual([1])
  expect(retried()).toEqual([1, 3])
})
