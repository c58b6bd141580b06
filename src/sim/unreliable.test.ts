// The course's unreliable mode in a whole cluster: its rates, counted in the trace over 10 000 requests for each named seed.
import { expect, it } from 'vitest'
import { anywhere, atOnce, courseUnreliable } from '../network'
import { defaultSettings } from '../protocol'
import type { TraceEvent } from '../trace'
import { unreliableRates } from './testing/unreliable-rates'
import { World } from './world'

it.each(['1', '2', '3', '4', '5'])('seed %s: over 10 000 requests that arrived the rates are the course\'s, within the 99 %% interval', (seed) => {
  const events: TraceEvent[] = []
  const world = new World({
    title: '', seed, replicas: 2, clients: 4, settings: { ...defaultSettings, retryMs: 10 }, onEvent: (event) => events.push(event),
  })
  world.run(500)
  world.perform({ type: 'add-fault', fault: { name: 'unreliable', where: anywhere, bothWays: false, effect: courseUnreliable, times: 0 }, plan: atOnce })
  world.perform({ type: 'start-workload', plan: { rate: 0, inFlight: 8, mix: { put: 1, append: 0, get: 1, delete: 0, cas: 0 }, keys: 4, valueBytes: 8, clients: [] } })
  for (let rounds = 0; rounds < 200 && unreliableRates(events).arrived < 10_000; rounds++) world.run(500)
  const { arrived, lost, inVain } = unreliableRates(events)
  console.log(JSON.stringify({ seed, arrived, lost, inVain }))
  expect(arrived).toBeGreaterThanOrEqual(10_000)
  expect(isWithin99(lost, arrived, 0.1)).toBe(true)
  // Counts answers that were drawn as lost, among executed requests; an answer that was never sent does not count.
  expect(inVain).toBeGreaterThan(0)
})

/** Within the binomial's 99 % interval, by the normal approximation: 2.576 standard deviations. */
function isWithin99(count: number, of: number, probability: number): boolean {
  return Math.abs(count - of * probability) <= 2.576 * Math.sqrt(of * probability * (1 - probability))
}
