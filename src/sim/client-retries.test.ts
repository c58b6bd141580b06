// When a client resends its request, as docs/wire-protocol.md describes it.
import { expect, test } from 'vitest'
import { anywhere } from '../network'
import { defaultSettings, type MessageType } from '../protocol'
import type { TraceEvent } from '../trace'
import { World } from './world'

/** When the client's requests left, in milliseconds from the first. */
function requests(limitMs: number, during: (world: World) => void): number[] {
  const at: number[] = []
  const world = new World({
    title: '', seed: '1', replicas: 2, clients: 1, settings: { ...defaultSettings, operationTimeoutMs: 0 }, linkDelayMs: 0.1,
    onEvent: (event: TraceEvent) => { if (event.type === 'message-sent' && event.message.type === 'request') at.push(event.at / 1000) },
  })
  world.run(1000)
  world.invoke('c1', { type: 'get', key: 'k' as never })
  world.run(100)
  at.length = 0
  during(world)
  world.run(limitMs)
  return at.map((ms) => Math.round(ms - (at[0] ?? 0)))
}

const lose = (world: World, kind: MessageType): void => void world.perform({
  type: 'add-fault', fault: { name: kind, where: { ...anywhere, kinds: [kind] }, bothWays: false, effect: { type: 'drop', probability: 1 }, times: 0 }, plan: { inMs: 0, forMs: 0 },
})

test('where nobody answers it sends again after 1, 2, 4, 8 and 8 times retryMs', () => {
  const times = requests(2500, (world) => {
    lose(world, 'reply')
    world.invoke('c1', { type: 'get', key: 'k' as never })
  })
  const table = [0, 100, 300, 700, 1500, 2300]
  expect(times).toHaveLength(table.length)
  // Before each resend it asks for the view, and that takes its own time.
  table.forEach((ms, index) => expect(Math.abs((times[index] ?? 0) - ms)).toBeLessThan(10))
})

test('where its connection ends it sends again at once, and then after retryMs each time', () => {
  const times = requests(0, (world) => {
    lose(world, 'reply')
    world.invoke('c1', { type: 'get', key: 'k' as never })
    for (const ms of [20, 20, 120, 120]) {
      world.run(ms)
      world.disconnect('c1', 's1')
    }
    world.run(110)
  })
  expect(times.map((ms) => Math.round(ms / 10) * 10)).toEqual([0, 20, 140, 260, 380])
})
