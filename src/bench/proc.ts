// Reads process data from Linux's /proc, for every bench that needs it. Empty and 0 on a system without it.
import { readdirSync, readFileSync } from 'node:fs'

/** The kernel reports times in hundredths of a second on every Linux. */
export const ticksPerSecond = 100
export const msPerTick = 1000 / ticksPerSecond

/** The text of a file there; empty if its process has ended. */
export function readProc(path: string): string {
  try {
    return readFileSync(path, 'utf8')
  } catch {
    return '' // It has ended, or there is no /proc here.
  }
}

/** Every process of the machine. */
export function processIds(): number[] {
  try {
    return readdirSync('/proc').filter((name) => /^\d+$/.test(name)).map(Number)
  } catch {
    return []
  }
}

export interface ProcessStat {
  readonly parent: number
  /** Processor time of the process or thread itself. */
  readonly ownTicks: number
  /** Processor time of its children that have ended and were waited for. */
  readonly reapedTicks: number
}

/** Parses a `stat` file. After the name in brackets, which may hold anything, come state, parent and so on. */
export function processStatOf(stat: string): ProcessStat {
  const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ').map(Number)
  const [utime = 0, stime = 0, reapedUtime = 0, reapedStime = 0] = fields.slice(11, 15)
  return { parent: fields[1] ?? 0, ownTicks: utime + stime, reapedTicks: reapedUtime + reapedStime }
}
