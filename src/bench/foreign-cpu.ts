// Detects whether other programs used the machine during a measurement: the processor time of the whole machine (/proc/stat) outside this process
// tree, in cores. Without /proc it is 0 and every round counts as quiet. The kernel samples the machine's time but measures a process's, so some
// hundredths of a core are noise; the result may be below 0.
import { performance } from 'node:perf_hooks'
import { processIds, processStatOf, readProc, ticksPerSecond } from './proc'

/** Returns a function that ends the watch and returns the cores of foreign work since. */
export function watchForeignCores(): () => number {
  const before = sample()
  return () => foreignCores(before, sample())
}

export interface CpuSample {
  readonly atMs: number
  /** Ticks in which a core of the machine was busy. */
  readonly busyTicks: number
  /** Ticks of this process tree, its reaped children too. */
  readonly ownTicks: number
}

export function foreignCores(before: CpuSample, after: CpuSample): number {
  const seconds = (after.atMs - before.atMs) / 1000
  if (seconds <= 0) return 0
  const foreignTicks = (after.busyTicks - before.busyTicks) - (after.ownTicks - before.ownTicks)
  return Math.round(foreignTicks / ticksPerSecond / seconds * 100) / 100
}

/** Parses /proc/stat: user, nice, system, irq, softirq and steal of all cores. Idle and waiting for disks are not busy. */
export function busyTicksOf(stat: string): number {
  const [user = 0, nice = 0, system = 0, , , irq = 0, softirq = 0, steal = 0] = stat.slice(0, stat.indexOf('\n')).trim().split(/\s+/).slice(1).map(Number)
  return user + nice + system + irq + softirq + steal
}

export interface ProcessTicks {
  readonly pid: number
  readonly parent: number
  /** Own ticks and those of reaped children, so that nothing is lost when a descendant ends. */
  readonly ticks: number
}

/** Parses /proc/PID/stat. */
export function processTicksOf(pid: number, stat: string): ProcessTicks {
  const { parent, ownTicks, reapedTicks } = processStatOf(stat)
  return { pid, parent, ticks: ownTicks + reapedTicks }
}

/** Ticks of a process and all its descendants. */
export function treeTicks(processes: readonly ProcessTicks[], root: number): number {
  const below = new Map<number, ProcessTicks[]>()
  for (const one of processes) below.set(one.parent, [...below.get(one.parent) ?? [], one])
  const sum = (one: ProcessTicks): number => (below.get(one.pid) ?? []).reduce((ticks, child) => ticks + sum(child), one.ticks)
  const top = processes.find(({ pid }) => pid === root)
  return top ? sum(top) : 0
}

function sample(): CpuSample {
  const processes = processIds().flatMap((pid) => {
    const stat = readProc(`/proc/${pid}/stat`)
    return stat === '' ? [] : [processTicksOf(pid, stat)]
  })
  return { atMs: performance.now(), busyTicks: busyTicksOf(readProc('/proc/stat')), ownTicks: treeTicks(processes, process.pid) }
}
