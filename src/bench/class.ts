// `bench class`: compares twenty labs of one `serve --class` with twenty `serve` processes, each with an idle default cluster. It measures memory
// and processor time without nodes and switchboards, which are the same in both. Then one lab floods by its workload and its screen, and operations
// in another lab are timed.
import { performance } from 'node:perf_hooks'
import { join } from 'node:path'
import { setTimeout as pause } from 'node:timers/promises'
import { defaultClusterSettings, defaultWorkload, type Lab } from '../contract'
import { openScreen, openSocket } from '../lab'
import { parseEventLines } from '../trace'
import type { Bench, BenchContext } from './bench'
import type { Started } from './children'
import { loadByRole, memoryOf, processesBelow, type RunningProcess } from './process-table'
import { spreadOf } from './spread'

const labs = 20
/** The number of idle clusters that leaves room on two slow cores. */
const fewLabs = 5
const memoryGoal = `${labs} labs of a class / ${labs} serve, memory`
const idleGoal = `${labs} labs of a class / ${labs} serve, idle processor time`
const floodGoal = `an operation while another of ${fewLabs} labs floods / without, p50`
const floodTailGoal = `an operation while another of ${fewLabs} labs floods / without, p99`
const crowdedGoal = `an operation while another of ${labs} labs floods / without, p50`

export const classBench: Bench = {
  name: 'class', title: `${labs} labs of one class beside ${labs} labs of their own, and what one that floods does to another`,
  rounds: 1, seconds: 20,
  goals: [
    { name: memoryGoal, better: 'lower', needed: 0.5, aim: 0.2 }, { name: idleGoal, better: 'lower', needed: 1, aim: 0.8 },
    { name: floodGoal, better: 'lower', needed: 2, aim: 1.2 }, { name: floodTailGoal, better: 'lower', needed: null, aim: null },
    { name: crowdedGoal, better: 'lower', needed: null, aim: null },
  ],
  run: async (context) => { for (let round = 1; round <= context.rounds; round++) await measureRound(context, round) },
}

interface Idle {
  readonly labsMiB: number
  readonly labsPercent: number
  readonly foreignCores: number
}

async function measureRound(context: BenchContext, round: number): Promise<void> {
  const separate = await measureSeparate(context, round)
  const room = await measureClass(context, round, labs)
  await measureClass(context, round, fewLabs)
  const foreignCores = Math.max(separate.foreignCores, room.foreignCores)
  context.value(memoryGoal, room.labsMiB / separate.labsMiB, 0)
  context.value(idleGoal, room.labsPercent / separate.labsPercent, foreignCores)
}

async function measureSeparate(context: BenchContext, round: number): Promise<Idle> {
  const all: Started[] = []
  const screens: Lab[] = []
  for (let number = 1; number <= labs; number++) {
    const { child, lines } = await startServe(context, `own-${round}-${number}`, [])
    all.push(child)
    screens.push(await openedWithCluster(lines[0] ?? ''))
  }
  const idle = await measureIdle(context, round, `${labs} serve`)
  for (const screen of screens) screen.close()
  for (const child of all) await context.children.end(child)
  return idle
}

async function measureClass(context: BenchContext, round: number, size: number): Promise<Idle> {
  const { child, lines } = await startServe(context, `class-${round}-${size}`, ['--class', String(size)])
  const screens: Lab[] = []
  for (const line of lines.slice(1)) screens.push(await openedWithCluster(addressOf(line)))
  const idle = await measureIdle(context, round, `class of ${size}`)
  await measureFlood(context, round, screens, addressOf(lines[1] ?? ''))
  for (const screen of screens) screen.close()
  await context.children.end(child)
  return idle
}

async function measureIdle(context: BenchContext, round: number, row: string): Promise<Idle> {
  await pause(5000)
  const foreign = context.watchForeignCores()
  const beganAt = performance.now()
  const before = processesBelow(process.pid)
  await pause(context.seconds * 1000)
  const after = processesBelow(process.pid)
  const { lab, switchboard, node } = loadByRole(before, after, performance.now() - beganAt)
  const foreignCores = foreign()
  const labsMiB = megabytes(after.filter(({ role }) => role === 'lab'))
  context.round({ round, row, labsMiB, othersMiB: megabytes(after.filter(({ role }) => role === 'node' || role === 'switchboard')), labsPercent: lab, switchboards: switchboard, nodes: node, foreignCores })
  return { labsMiB, labsPercent: lab, foreignCores }
}

function megabytes(processes: readonly RunningProcess[]): number {
  return Math.round(processes.reduce((sum, { pid }) => sum + memoryOf(pid).proportionalKiB, 0) / 1024)
}

const timedOperations = 300

async function measureFlood(context: BenchContext, round: number, screens: readonly Lab[], floodAddress: string): Promise<void> {
  const [flooding, calm] = screens
  if (!flooding || !calm) throw new Error('The class has too few labs.')
  const alone = await timeOperations(calm)
  await flooding.call('act', { type: 'start-workload', plan: { ...defaultWorkload, rate: 0, inFlight: 64, valueBytes: 4096 } })
  const stop = await startFlood(floodAddress)
  const beside = await timeOperations(calm)
  stop()
  await flooding.call('act', { type: 'stop-workload' })
  context.round({ round, row: `operation alone, class of ${screens.length}`, ...alone })
  context.round({ round, row: `operation beside a flood, class of ${screens.length}`, ...beside })
  if (screens.length === labs) context.value(crowdedGoal, beside.p50Ms / alone.p50Ms, 0)
  else {
    context.value(floodGoal, beside.p50Ms / alone.p50Ms, 0)
    context.value(floodTailGoal, beside.p99Ms / alone.p99Ms, 0)
  }
}

const addressOf = (line: string): string => line.replace(/^lab \d+ /, '')

/** A screen that requests the list of scenarios as fast as it is read, and ignores the answers. So all cost is the lab's. */
async function startFlood(address: string): Promise<() => void> {
  const socket = await openSocket(address)
  let id = 0
  const timer = setInterval(() => {
    for (let count = 0; count < 100 && socket.bufferedAmount < floodBytes; count++) socket.send(JSON.stringify({ type: 'call', id: ++id, name: 'listScenarios', takes: {} }))
  }, 10)
  return () => {
    clearInterval(timer)
    socket.terminate()
  }
}

const floodBytes = 1024 * 1024

/** Times operations one after another, from the call until the screen gets the return. */
async function timeOperations(screen: Lab): Promise<{ p50Ms: number; p99Ms: number }> {
  const returned = new Map<number, () => void>()
  const early = new Set<number>()
  const stop = screen.on('events', ({ session, batch, text }) => {
    for (const event of parseEventLines(text)) {
      if (event.type !== 'operation-returned') continue
      const told = returned.get(event.operationId)
      if (told) told()
      else early.add(event.operationId)
    }
    void screen.call('ackBatch', { session, batch })
  })
  const { status } = await screen.call('hello', {})
  await screen.call('subscribe', { session: status.session, since: Math.max(1, status.latest) })
  const times: number[] = []
  for (let count = 0; count < timedOperations; count++) {
    const beganAt = performance.now()
    const { operationId } = await screen.call('act', { type: 'invoke', client: 'c1', operation: { type: 'put', key: 'k', value: String(count) }, target: '' })
    if (!early.has(operationId)) await new Promise<void>((resolve) => returned.set(operationId, resolve))
    times.push(performance.now() - beganAt)
    await pause(20)
  }
  stop()
  times.sort((one, other) => one - other)
  return { p50Ms: spreadOf(times)?.median ?? 0, p99Ms: times[Math.floor(times.length * 0.99)] ?? 0 }
}

async function startServe(context: BenchContext, name: string, words: readonly string[]): Promise<{ child: Started; lines: string[] }> {
  const env = { UNDERSTUDY_DATA: join(context.folder, name) }
  const { line, ...child } = await context.children.startUntilLine(process.execPath, [join(context.programs, 'cli.js'), 'serve', '--no-open', ...words], { env })
  return { child, lines: line.split('\n') }
}

async function openedWithCluster(address: string): Promise<Lab> {
  const screen = await openScreen(address)
  await screen.call('newCluster', defaultClusterSettings)
  return screen
}
