// A slow disk or a slow lab: clients are slowed, every queue is bounded, and every operation still ends well.
import { mkdtempSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as pause } from 'node:timers/promises'
import { pathToFileURL } from 'node:url'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { Harness, programs } from '../testing/cluster-harness'
import { waitingBytesMax } from './recorder'

const MiB = 1024 * 1024

let folder: string
let harness: Harness | undefined
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'understudy-disk-'))
})
afterEach(async () => {
  await harness?.stop()
  harness = undefined
  rmSync(folder, { recursive: true, force: true })
})

/** The switchboard's program, with this change to its `fs` first. */
function switchboardWith(change: string): string {
  const program = join(folder, 'switchboard.mjs')
  writeFileSync(program, `import fs from 'node:fs'
import { syncBuiltinESMExports } from 'node:module'
${change}
syncBuiltinESMExports()
await import(${JSON.stringify(pathToFileURL(join(programs, 'switchboard.js')).href)})
`)
  return program
}

const closedLoop = { rate: 0, inFlight: 32, mix: { put: 1, append: 0, get: 0, delete: 0, cas: 0 }, keys: 20, valueBytes: 1000, clients: [] }

/** Waits for the operations in flight, and counts how the operations ended. */
async function outcomes({ cluster, events }: Harness): Promise<Record<string, number>> {
  await cluster.perform({ type: 'stop-workload' })
  const count = (type: string): number => events.filter((event) => event.type === type).length
  for (let waits = 0, before = -1; waits < 100 && (count('operation-returned') < count('operation-invoked') || events.length > before + 100); waits++) {
    before = events.length
    await pause(200)
  }
  const ended: Record<string, number> = { invoked: count('operation-invoked') }
  for (const event of events) if (event.type === 'operation-returned') ended[event.outcome.type] = (ended[event.outcome.type] ?? 0) + 1
  return ended
}

test('a slow disk slows the clients: what waits for it has an end, no server is thought dead, and all operations end ok', async () => {
  harness = await new Harness({
    clients: 4,
    switchboardProgram: switchboardWith('const { write } = fs\nfs.write = (...parameters) => void setTimeout(() => write(...parameters), 60)'),
  }).start()
  await harness.cluster.load()
  await harness.cluster.perform({ type: 'start-workload', plan: closedLoop })
  let most = 0
  const look = async (): Promise<number> => (most = Math.max(most, (await harness?.cluster.load())?.recorderBytesMax ?? 0))
  await expect.poll(look).toBeGreaterThan(waitingBytesMax)
  // An unbounded queue would grow by that much again.
  await pause(2000)
  expect(await look()).toBeLessThan(waitingBytesMax + 4 * MiB)
  const ended = await outcomes(harness)
  expect(ended).toEqual({ invoked: ended.invoked, ok: ended.invoked })
  expect(harness.events.filter((event) => event.type === 'view-changed')).toHaveLength(2)
  expect(harness.recordedEvents().length).toBeGreaterThanOrEqual(harness.events.length)
})

test('a lab that does not read slows the clients too, and then gets every event', async () => {
  harness = await new Harness({ clients: 4 }).start()
  await harness.cluster.load()
  await harness.cluster.perform({ type: 'start-workload', plan: closedLoop })
  await pause(1000)
  // Blocks this process, which is the lab.
  Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, 8000)
  const load = await harness.cluster.load()
  expect(load.labBytesMax).toBeGreaterThan(4 * MiB)
  // Operations in flight when the clients have to wait still complete.
  expect(load.labBytesMax).toBeLessThan(32 * MiB)
  const ended = await outcomes(harness)
  expect(ended.ok).toBe(ended.invoked)
  expect(harness.events.every(({ seq }, index) => seq === index + 1)).toBe(true)
})

test('recording stops when the disk has too little left, once and with a sentence, and the cluster goes on', async () => {
  harness = await new Harness({
    diskFreeMiBMin: 512,
    switchboardProgram: switchboardWith('let looks = 0\nfs.statfs = (path, done) => void setImmediate(done, null, { bavail: looks++ === 0 ? 600 : 500, bsize: 1024 * 1024 })'),
  }).start()
  await harness.cluster.perform({ type: 'start-workload', plan: { ...closedLoop, valueBytes: 20_000 } })
  for (let waits = 0; waits < 200 && harness.recordingProblem === ''; waits++) await pause(100)
  expect(harness.recordingProblem).toBe('Recording stopped: the disk has less than 512 MiB free. The lab goes on.')
  await harness.cluster.perform({ type: 'stop-workload' })
  const { size } = statSync(harness.recordingPath)
  expect(await harness.put('after', '1')).toMatchObject({ type: 'ok' })
  expect(statSync(harness.recordingPath).size).toBe(size)
  expect(harness.recordedEvents().every(({ seq }, index) => seq === index + 1)).toBe(true)
  expect(harness.recordedEvents().length).toBeLessThan(harness.events.length)
})

test('mail for a paused server has an end in bytes, which is said, and when it goes on every operation ends well', async () => {
  harness = await new Harness({ replicas: 1, clients: 6, settings: { backupsWanted: 0, retryMs: 20 } }).start()
  await harness.untilAcked('a lone primary', (primary) => primary === 's1')
  await harness.cluster.perform({ type: 'pause', node: 's1' })
  await harness.cluster.perform({ type: 'start-workload', plan: { ...closedLoop, inFlight: 64, valueBytes: 65_536 } })
  const note = await harness.until('the note', (event) => event.type === 'lab-note' && event.node === 's1')
  expect(note).toMatchObject({ text: expect.stringMatching(/^Too much mail waits for s1 \(\d+ messages, \d+ KiB\): what comes for it is lost until it takes some\.$/) as string })
  // The note was logged once, and messages that are sent again are lost too.
  const from = harness.events.length
  await harness.until('a message that is lost', (event) => event.type === 'message-dropped' && event.reason.type === 'queue-full', from)
  const { mailBytesMax } = await harness.cluster.load()
  expect(mailBytesMax).toBeGreaterThan(16 * MiB)
  expect(mailBytesMax).toBeLessThanOrEqual(32 * MiB)
  expect(harness.events.filter((event) => event.type === 'lab-note' && event.node === 's1')).toHaveLength(1)
  await harness.cluster.perform({ type: 'stop-workload' })
  await harness.cluster.perform({ type: 'resume', node: 's1' })
  expect(await harness.put('after', '1')).toMatchObject({ type: 'ok' })
})
