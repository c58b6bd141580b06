// What processes of this machine have cost so far, from /proc: where others use the machine too, seconds on the clock say little and
// processor time says most. Zeros on a system without /proc.
import { msPerTick, processStatOf, readProc } from './proc'
import { processesBelow } from './process-table'

export interface ProcessorTime {
  /** The main thread of the page's process: what a person feels. */
  readonly pageMs: number
  /** This process: the lab, and next to nothing of the bench. */
  readonly labMs: number
}

/** The largest renderer below this process: its pid; 0 without one. */
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
