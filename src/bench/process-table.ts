// Lists the descendants of a process with their roles and resource use, from /proc. Empty and 0 on a system without it.
import { msPerTick, processIds, processStatOf, readProc } from './proc'

export type Role = 'page' | 'graphics' | 'window' | 'lab' | 'switchboard' | 'node'

export interface RunningProcess {
  readonly pid: number
  readonly parent: number
  readonly role: Role
  /** Processor time so far, in milliseconds, without that of children that have ended. */
  readonly usedMs: number
}

/**
 * The role of a process of the lab or its window, from its command line or the title that it has set. `window`: any browser process besides its
 * page and its graphics.
 */
export function roleOf(command: string): Role {
  if (command.startsWith('understudy switchboard')) return 'switchboard'
  if (command.startsWith('understudy ')) return 'node'
  if (/[/\\]cli\.js\b/.test(command)) return 'lab'
  if (command.includes('--type=renderer')) return 'page'
  if (command.includes('--type=gpu-process')) return 'graphics'
  return 'window'
}

/** All descendants of a process, without itself. */
export function processesBelow(root: number): RunningProcess[] {
  const all = processIds().flatMap((pid) => {
    const stat = readProc(`/proc/${pid}/stat`)
    if (stat === '') return []
    const { parent, ownTicks } = processStatOf(stat)
    return [{ pid, parent, usedMs: ownTicks * msPerTick }]
  })
  const isBelow = new Set([root])
  // A child may precede its parent in the list.
  for (let size = 0; size !== isBelow.size;) {
    size = isBelow.size
    for (const { pid, parent } of all) if (isBelow.has(parent)) isBelow.add(pid)
  }
  return all.filter(({ pid }) => pid !== root && isBelow.has(pid))
    .map(({ pid, parent, usedMs }) => ({ pid, parent, usedMs, role: roleOf(readProc(`/proc/${pid}/cmdline`).replaceAll('\0', ' ')) }))
}

/** Processor time between two samples by role, in percent of one core. A process that ended between them counts as 0. */
export function loadByRole(before: readonly RunningProcess[], after: readonly RunningProcess[], elapsedMs: number): Record<Role, number> {
  const load: Record<Role, number> = { page: 0, graphics: 0, window: 0, lab: 0, switchboard: 0, node: 0 }
  const used = new Map(before.map(({ pid, usedMs }) => [pid, usedMs]))
  for (const { pid, role, usedMs } of after) load[role] += (usedMs - (used.get(pid) ?? 0)) / elapsedMs * 100
  for (const role of Object.keys(load) as Role[]) load[role] = Math.round(load[role] * 100) / 100
  return load
}

export interface ProcessMemory {
  readonly residentKiB: number
  /** Resident memory, with shared pages counted proportionally. */
  readonly proportionalKiB: number
}

export function memoryOf(pid: number): ProcessMemory {
  const text = readProc(`/proc/${pid}/smaps_rollup`)
  const field = (name: string): number => Number(new RegExp(`^${name}:\\s+(\\d+)`, 'm').exec(text)?.[1] ?? 0)
  return { residentKiB: field('Rss'), proportionalKiB: field('Pss') }
}
