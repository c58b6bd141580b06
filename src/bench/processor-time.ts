// What processes of this machine have cost so far, from /proc: where others use the machine too, seconds on the clock say little and
// processor time says most. Zeros on a system without /proc.
import { readdirSync, readFileSync } from 'node:fs'

/** The kernel counts in hundredths of a second, on every Linux there is. */
const msPerTick = 10

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
  for (const name of listed('/proc')) {
    if (!/^\d+$/.test(name) || !read(`/proc/${name}/cmdline`).includes('--type=renderer')) continue
    const resident = residentMebibytes(Number(name))
    if (resident > largest && isBelowThis(Number(name))) [found, largest] = [Number(name), resident]
  }
  return found
}

export function residentMebibytes(pid: number): number {
  return Math.round(Number(/VmRSS:\s+(\d+)/.exec(read(`/proc/${pid}/status`))?.[1] ?? 0) / 1024)
}

export function processorTime(renderer: number): ProcessorTime {
  // After the name in brackets, which may hold anything: state is the third field, utime the 14th.
  const fields = read(`/proc/${renderer}/task/${renderer}/stat`).replace(/^.*\) /s, '').split(' ')
  const { user, system } = process.cpuUsage()
  return { pageMs: (Number(fields[11] ?? 0) + Number(fields[12] ?? 0)) * msPerTick, labMs: Math.round((user + system) / 1000) }
}

function isBelowThis(pid: number): boolean {
  for (let at = pid; at > 1;) {
    if (at === process.pid) return true
    at = Number(/^PPid:\s+(\d+)/m.exec(read(`/proc/${at}/status`))?.[1] ?? 0)
  }
  return false
}

function read(path: string): string {
  try {
    return readFileSync(path, 'utf8')
  } catch {
    return '' // It has ended, or there is no /proc here.
  }
}

function listed(path: string): string[] {
  try {
    return readdirSync(path)
  } catch {
    return []
  }
}
