// A process that is really ours: a pid alone may belong to a stranger by the time it is used, a pid and its start time cannot.
import { readFileSync } from 'node:fs'

export interface ProcessIdentity {
  readonly pid: number
  /** Field 22 of /proc/PID/stat; empty where there is no /proc, and then the pid is trusted. */
  readonly startTime: string
}

export function identifyProcess(pid: number): ProcessIdentity {
  return { pid, startTime: startTimeOf(pid) }
}

/** Sends the signal if the process is still the one that was identified; returns whether it was sent. */
export function signalProcess({ pid, startTime }: ProcessIdentity, signal: NodeJS.Signals): boolean {
  if (startTime !== startTimeOf(pid)) return false
  try {
    process.kill(pid, signal)
    return true
  } catch {
    // It ended between the look and the signal: what the signal wanted, or no longer possible.
    return false
  }
}

function startTimeOf(pid: number): string {
  if (process.platform !== 'linux') return ''
  try {
    const stat = readFileSync(`/proc/${pid}/stat`, 'utf8')
    // The name in parentheses may hold anything, so fields are counted after the last parenthesis; the next is field 3.
    return stat.slice(stat.lastIndexOf(')') + 2).split(' ')[22 - 3] ?? 'gone'
  } catch {
    return 'gone'
  }
}
