// Processor time of the page and the lab, from /proc. On a shared machine it says more than the time on the clock. Zeros on a system without /proc.
import { msPerTick, processStatOf, readProc } from './proc'
import { processesBelow } from './process-table'

export interface ProcessorTime {
  /** The main thread of the page's process, which decides how fast the window reacts. */
  readonly pageMs: number
  /** This process: the lab, and very little of the bench. */
  readonly labMs: number
}

/** The pid of the largest renderer below this process; 0 without one. */
export function findRenderer(): number {
  let found = 0
  let largest = 0
  for (const { pid, role } of processesBelow(process.pid)) {
    const resident = role === 'page' ? residentMebibytes(pid) : 0
    if (resident > largest) [found, largest] = [pid, resident]
  }
  return found
}

export function residentMebibytes(pid: number): number {
  return Math.round(Number(/VmRSS:\s+(\d+)/.exec(readProc(`/proc/${pid}/status`))?.[1] ?? 0) / 1024)
}

export function processorTime(renderer: number): ProcessorTime {
  const { ownTicks } = processStatOf(readProc(`/proc/${renderer}/task/${renderer}/stat`))
  const { user, system } = process.cpuUsage()
  return { pageMs: ownTicks * msPerTick, labMs: Math.round((user + system) / 1000) }
}
