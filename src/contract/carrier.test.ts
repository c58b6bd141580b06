// Frames as text: their payload comes out as it went in, and no other text is taken for a frame.
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { createCarrier, textOfFrame } from './carrier'
import type { Frame } from './port'

function receive(text: string): { frames: Frame[]; isClosed: boolean } {
  const received = { frames: [] as Frame[], isClosed: false }
  const carrier = createCarrier({ send: () => undefined, close: () => { received.isClosed = true } })
  carrier.port.onFrame((frame) => received.frames.push(frame))
  carrier.receiveText(text)
  return received
}

const long = '{"seq":1,"text":"ä \\" €"}\n'.repeat(400)

describe('a frame as text', () => {
  it.each<[string, Frame]>([
    ['an event with a long text', { type: 'event', name: 'events', data: { session: 1, batch: 2, from: 1, count: 400, text: long } }],
    ['an answer with a long text', { type: 'answer', id: 7, gives: { from: 1, count: 400, text: long } }],
    ['an event with a short text', { type: 'event', name: 'events', data: { text: '{"seq":1}\n{"seq":2}' } }],
    ['a call with a long text', { type: 'call', id: 1, name: 'checkScenario', takes: { text: long } }],
    ['a refusal', { type: 'refusal', id: 3, sentence: 'No.\nNever.' }],
    ['an answer that carries nothing', { type: 'answer', id: 3, gives: null }],
  ])('brings %s', (_, frame) => {
    expect(receive(textOfFrame(frame))).toEqual({ frames: [frame], isClosed: false })
  })

  it('brings any text of a batch', () => {
    fc.assert(fc.property(fc.string({ unit: 'binary' }), fc.nat(3), (text, times) => {
      const frame: Frame = { type: 'event', name: 'events', data: { text: text + long.repeat(times) } }
      expect(receive(textOfFrame(frame)).frames).toEqual([frame])
    }))
  })

  it('does not escape a long text: that is what it is for', () => {
    const text = textOfFrame({ type: 'event', name: 'events', data: { session: 1, text: long } })
    expect(text.length).toBeLessThan(long.length + 100)
  })

  it.each([
    ['no JSON', '{'], ['no JSON before a text', `{\n${long}`], ['no frame', '7'], ['a text beside a call', `{"type":"call","id":1,"name":"hello","takes":{}}\nx`],
    ['a text beside nothing that could carry it', `{"type":"answer","id":1,"gives":7}\nx`],
  ])('closes the channel at %s', (_, text) => {
    expect(receive(text)).toEqual({ frames: [], isClosed: true })
  })
})
