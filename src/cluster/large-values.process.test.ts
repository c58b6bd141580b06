// Large values under load do not starve pings: no server counts as dead because large values were queued before its ping.
import { afterEach, expect, test } from 'vitest'
import type { EventOf, TraceEvent } from '../trace'
import { Harness } from './testing/cluster-harness'

let harness: Harness | undefined
afterEach(async () => {
  await harness?.stop()
  harness = undefined
})

const kib64 = { rate: 200, inFlight: 4, mix: { put: 50, append: 10, get: 40, delete: 0, cas: 0 }, keys: 8, valueBytes: 65_536, clients: [] }

/** Milliseconds from the sending of each ping until it is taken, sorted. */
function pingTimes(events: readonly TraceEvent[]): number[] {
  const sent = new Map(events.filter((event): event is EventOf<'message-sent'> => event.type === 'message-sent' && event.message.type === 'ping').map(({ id, at }) => [id, at]))
  return events.flatMap((event) => event.type === 'message-taken' && sent.has(event.id) ? [(event.at - (sent.get(event.id) ?? 0)) / 1000] : []).sort((one, other) => one - other)
}

test('200 operations of 64 KiB a second change no view, and pings come through among them', async () => {
  harness = await new Harness({ clients: 2 }).start()
  await harness.untilAcked('a backup', (_primary, backups) => backups.length > 0)
  const views = (): number => harness?.events.filter(({ type }) => type === 'view-changed').length ?? 0
  const [before, from] = [views(), harness.events.length]
  const returned = (): number => harness?.events.slice(from).filter(({ type }) => type === 'operation-returned').length ?? 0
  await harness.cluster.perform({ type: 'start-workload', plan: kib64 })
  // So many operations take some seconds, however busy the machine is.
  await expect.poll(returned).toBeGreaterThan(300)
  await harness.cluster.perform({ type: 'stop-workload' })
  expect(views()).toBe(before)
  const times = pingTimes(harness.events.slice(from))
  expect(times.length).toBeGreaterThan(10)
  expect(times[Math.floor(times.length / 2)]).toBeLessThan(100)
})

test('as many as the clients can ask for come in as fast as the servers take them: none is lost for want of room, and no view changes', async () => {
  harness = await new Harness({ clients: 6 }).start()
  await harness.untilAcked('a backup', (_primary, backups) => backups.length > 0)
  const views = (): number => harness?.events.filter(({ type }) => type === 'view-changed').length ?? 0
  const [before, from] = [views(), harness.events.length]
  const since = (passes: (event: TraceEvent) => boolean): number => harness?.events.slice(from).filter(passes).length ?? 0
  await harness.cluster.load()
  await harness.cluster.perform({ type: 'start-workload', plan: { ...kib64, rate: 0, inFlight: 64 } })
  await expect.poll(() => since(({ type }) => type === 'operation-returned')).toBeGreaterThan(300)
  await harness.cluster.perform({ type: 'stop-workload' })
  expect(since((event) => event.type === 'message-dropped' && event.reason.type === 'queue-full')).toBe(0)
  expect((await harness.cluster.load()).mailBytesMax).toBeLessThan(32 * 1024 * 1024)
  expect(views()).toBe(before)
})
