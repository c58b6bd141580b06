// Stalls on real processes: if the machine gave a process no time, the user sees the stall and that it explains a silent server. No stall is
// reported for a server that was stopped, killed or cut off on purpose.
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { pathToFileURL } from 'node:url'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { anywhere, atOnce } from '../../network'
import { viewCauseText, type EventOf, type TraceEvent } from '../../trace'
import { Harness, programs, quick, type HarnessOptions } from '../testing/cluster-harness'

let folder: string
let harness: Harness
beforeEach(() => { folder = mkdtempSync(join(tmpdir(), 'understudy-stalls-')) })
afterEach(async () => {
  await harness.stop()
  rmSync(folder, { recursive: true, force: true })
})

const settings = quick
/** Much longer than the half second after which a silent server is dead. */
const busyMs = 1200

/** This program, which runs a busy loop for a while on SIGUSR2. */
function withBusyLoop(name: 'node' | 'switchboard'): string {
  const program = join(folder, `${name}.mjs`)
  writeFileSync(program, `process.on('SIGUSR2', () => { for (const until = performance.now() + ${busyMs}; performance.now() < until;); })
await import(${JSON.stringify(pathToFileURL(join(programs, `${name}.js`)).href)})
`)
  return program
}

/** Waits until a timer of every node has fired after this event. */
async function timersOfAll(from: number): Promise<void> {
  for (const name of ['vs', 's1', 's2', 's3']) await harness.until(`a timer of ${name}`, (event) => event.type === 'timer-fired' && event.node === name, from)
}

async function start(options: HarnessOptions = {}): Promise<Harness> {
  harness = await new Harness({ settings, ...options }).start()
  await harness.untilAcked('a backup', (_primary, backups) => backups.length > 0)
  return harness
}

const pidOf = (name: string): number => harness.events.findLast((event): event is EventOf<'node-started'> => event.type === 'node-started' && event.node === name)?.pid ?? 0
const isStallOf = (node: string) => (event: TraceEvent): boolean => event.type === 'stalled' && event.node === node && event.ms > busyMs / 2
const why = (viewnum: number): string => {
  const { state } = harness
  const facts = state.views.find(({ view }) => view.viewnum === viewnum)
  return facts ? viewCauseText(facts, state.header) : ''
}
/** Waits for the view without the server; returns why it came. */
async function without(server: string): Promise<() => string> {
  const event = await harness.until(`a view without ${server}`, ({ type, ...more }) => type === 'view-changed' && !('view' in more && JSON.stringify(more.view).includes(`"${server}"`)))
  const { viewnum } = (event as EventOf<'view-changed'>).view
  return () => why(viewnum)
}

test('a server whose process got no time: the stall is in the recording and explains the view, which was no failure', async () => {
  await start({ nodeProgram: withBusyLoop('node') })
  process.kill(pidOf('s1'), 'SIGUSR2')
  const cause = await without('s1')
  const stall = await harness.until('its stall', isStallOf('s1')) as EventOf<'stalled'>
  expect(stall.ms).toBeLessThan(busyMs * 10)
  expect(cause()).toMatch(/^s1 missed its pings, s2 takes over as primary, s3 joins as backup\. s1 missed its pings because this machine stalled for \d+ ms, not because of a failure\.$/)
  expect(harness.recordedEvents()).toContainEqual(stall)
})

test('a switchboard that got no time is told, whoever seemed silent meanwhile', async () => {
  await start({ switchboardProgram: withBusyLoop('switchboard') })
  process.kill(harness.switchboardPid, 'SIGUSR2')
  const stall = await harness.until('its stall', isStallOf('')) as EventOf<'stalled'>
  expect(stall.ms).toBeLessThan(busyMs * 10)
})

test.each<[string, () => Promise<unknown>, () => Promise<unknown>]>([
  ['paused', () => harness.cluster.perform({ type: 'pause', node: 's1' }), () => harness.cluster.perform({ type: 'resume', node: 's1' })],
  ['stopped from outside', () => { process.kill(pidOf('s1'), 'SIGSTOP'); return Promise.resolve() }, () => { process.kill(pidOf('s1'), 'SIGCONT'); return Promise.resolve() }],
])('a server that is %s is no stall of the machine, also when it goes on', async (_how, stop, goOn) => {
  await start()
  await stop()
  const cause = await without('s1')
  // Longer than any stall of a busy machine.
  await new Promise((settle) => setTimeout(settle, busyMs))
  await goOn()
  const from = harness.events.length
  await harness.until('its timer', (event) => event.type === 'timer-fired' && event.node === 's1', from)
  await harness.until('its next ping', (event) => event.type === 'message-taken' && event.node === 'vs' && event.id.startsWith('s1.'), from)
  expect(harness.events.filter(isStallOf('s1'))).toEqual([])
  expect(cause()).toMatch(/^s1 missed its pings, .*backup\.$/)
})

test('a switchboard that was stopped from outside is no stall of the machine', async () => {
  await start()
  process.kill(harness.switchboardPid, 'SIGSTOP')
  await new Promise((settle) => setTimeout(settle, busyMs))
  process.kill(harness.switchboardPid, 'SIGCONT')
  const from = harness.events.length
  await timersOfAll(from)
  await harness.put('a', '1')
  expect(harness.events.filter(isStallOf(''))).toEqual([])
})

/** A switchboard that stops in the middle of its next read after SIGUSR2. When it continues, much input is pending before it handles the signal. */
function stoppedAsItReads(): string {
  const program = join(folder, 'switchboard.mjs')
  writeFileSync(program, `import { Socket } from 'node:net'
const { emit } = Socket.prototype
let stops = false
process.on('SIGUSR2', () => { stops = true })
Socket.prototype.emit = function (name, ...told) {
  const isNow = stops && name === 'data'
  if (isNow) process.kill(process.pid, 'SIGSTOP')
  const emitted = emit.call(this, name, ...told)
  if (isNow) for (const until = performance.now() + 100; performance.now() < until;);
  if (isNow) stops = false
  return emitted
}
await import(${JSON.stringify(pathToFileURL(join(programs, 'switchboard.js')).href)})
`)
  return program
}

test('nor is one that was stopped as it read, and reads of the signal that lets it go on after much else', async () => {
  await start({ switchboardProgram: stoppedAsItReads() })
  const pid = harness.switchboardPid
  process.kill(pid, 'SIGUSR2')
  await expect.poll(() => /^State:\s+T/m.test(readFileSync(`/proc/${pid}/status`, 'utf8'))).toBe(true)
  await new Promise((settle) => setTimeout(settle, busyMs))
  process.kill(pid, 'SIGCONT')
  const from = harness.events.length
  await timersOfAll(from)
  await harness.put('a', '1')
  expect(harness.events.filter(isStallOf(''))).toEqual([])
})

test.each<[string, () => Promise<unknown>]>([
  ['killed', () => harness.cluster.perform({ type: 'kill', node: 's1' })],
  ['cut off', () => harness.cluster.perform({ type: 'add-fault', fault: { name: 'cut', where: { ...anywhere, from: ['s1'], to: ['vs'] }, bothWays: false, effect: { type: 'cut' }, times: 0 }, plan: atOnce })],
])('a server that is %s was silent for that reason', async (_how, act) => {
  await start()
  await act()
  const cause = await without('s1')
  await harness.untilAcked('s2 primary', (primary) => primary === 's2')
  expect(cause()).toMatch(/^s1 missed its pings, .*backup\.$/)
})

test('a freeze is no stall, however long it takes', async () => {
  const { cluster, events } = await start()
  await cluster.perform({ type: 'freeze' })
  await new Promise((settle) => setTimeout(settle, busyMs))
  await cluster.perform({ type: 'thaw' })
  const from = events.length
  await timersOfAll(from)
  expect(events.filter((event) => ['', 'vs', 's1', 's2', 's3'].some((node) => isStallOf(node)(event)))).toEqual([])
})
