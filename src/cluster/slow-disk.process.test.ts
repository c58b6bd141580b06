// A disk or a lab that cannot follow: clients are slowed, no queue grows without end, and every operation still ends well.
import { mkdtempSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as pause } from 'node:timers/promises'
import { pathToFileURL } from 'node:url'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { Harness, programs } from './cluster-harness'
import { waitingBytesMax } from './journal'

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

/** The switchboard's program, with this done to its `fs` first. */
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

/** Lets what is out come back, and says how the operations ended. */
async function outcomes({ cluster, events }: Harness): Promise<Record<string, number>> {
  await cluster.stopWorkload()
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
  await harness.cluster.startWorkload(closedLoop)
  await pause(6000)
  const load = await harness.cluster.load()
  expect(load.journalBytesMax).toBeGreaterThan(waitingBytesMax)
  expect(load.journalBytesMax).toBeLessThan(waitingBytesMax + 4 * MiB)
  const ended = await outcomes(harness)
  expect(ended).toEqual({ invoked: ended.invoked, ok: ended.invoked })
  expect(harness.events.filter((event) => event.type === 'view-changed')).toHaveLength(2)
  expect(harness.recordedEvents().length).toBeGreaterThanOrEqual(harness.events.length)
})

test('a lab that does not read slows the clients too, and then gets every event', async () => {
  harness = await new Harness({ clients: 4 }).start()
  await harness.cluster.load()
  await harness.cluster.startWorkload(closedLoop)
  await pause(1000)
  // This process is the lab: it stands still.
  Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, 8000)
  const load = await harness.cluster.load()
  expect(load.labBytesMax).toBeGreaterThan(4 * MiB)
  expect(load.labBytesMax).toBeLessThan(24 * MiB)
  const ended = await outcomes(harness)
  expect(ended.ok).toBe(ended.invoked)
  expect(harness.events.every(({ seq }, index) => seq === index + 1)).toBe(true)
})

test('recording stops when the disk has too little left, once and with a sentence, and the cluster goes on', async () => {
  harness = await new Harness({
    diskFreeMiBMin: 512,
    switchboardProgram: switchboardWith('let looks = 0\nfs.statfs = (path, done) => void setImmediate(done, null, { bavail: looks++ === 0 ? 600 : 500, bsize: 1024 * 1024 })'),
  }).start()
  await harness.cluster.startWorkload({ ...closedLoop, valueBytes: 20_000 })
  for (let waits = 0; waits < 200 && harness.recordingProblem === ''; waits++) await pause(100)
  expect(harness.recordingProblem).toBe('Recording stopped: the disk has less than 512 MiB free. The lab goes on.')
  await harness.cluster.stopWorkload()
  const { size } = statSync(harness.recordingPath)
  expect(await harness.put('after', '1')).toMatchObject({ type: 'ok' })
  expect(statSync(harness.recordingPath).size).toBe(size)
  expect(harness.recordedEvents().every(({ seq }, index) => seq === index + 1)).toBe(true)
  expect(harness.recordedEvents().length).toBeLessThan(harness.events.length)
})
