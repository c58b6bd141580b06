// Identifies a process by its pid and its start time. A pid alone may belong to a foreign process by the time it is used. It must never signal a
// process with another start time.
import { readFileSync } from 'node:fs'

export interface ProcessIdentity {
  readonly pid: number
  /** Field 22 of /proc/PID/stat. Empty where there is no /proc; then the pid alone is trusted. */
  readonly startTime: string
}

/** How the switchboard identifies and signals processes: those of the operating system, or of a cluster in memory. */
export interface Processes {
  identify(pid: number): ProcessIdentity
  /** Returns whether it was sent. `group`: to all processes of the group that it leads. */
  signal(identity: ProcessIdentity, signal: NodeJS.Signals, group?: 'group'): boolean
}

export function identifyProcess(pid: number): ProcessIdentity {
  return { pid, startTime: startTimeOf(pid) }
}

/** Formats an identity for an environment variable or a file: `PID:START`. */
export function identityText({ pid, startTime }: ProcessIdentity): string {
  return `${pid}:${startTime}`
}

/** Parses what `identityText` wrote; undefined for anything else, and for a process that had already gone. */
export function identityOf(text: string): ProcessIdentity | undefined {
  const [, pid, startTime] = /^(\d{1,10}):(\d{0,20})$/.exec(text) ?? []
  return pid === undefined || startTime === undefined || pid === '0' ? undefined : { pid: Number(pid), startTime }
}

/** True if this very process still exists. */
export function isThere({ pid, startTime }: ProcessIdentity): boolean {
  return startTime === startTimeOf(pid)
}

/** Sends the signal if the process is still the one that was identified; returns whether it was sent. `group`: to its whole process group. */
export function signalProcess({ pid, startTime }: ProcessIdentity, signal: NodeJS.Signals, group?: 'group'): boolean {
  if (startTime !== startTimeOf(pid)) return false
  try {
    process.kill(group === 'group' ? -pid : pid, signal)
    return true
  } catch {
    // It ended after the check: the signal is no longer needed or possible.
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

export const systemProcesses: Processes = { identify: identifyProcess, signal: signalProcess }
