// `serve --class N`: many labs for a class in one process, and the teacher's page. Its flags set the limits of each lab.
import { join } from 'node:path'
import type { Command } from 'commander'
import { classPage } from '../contract'
import { classFrameBytesMax, classLimits, classSizeMax, createLab, defaultDataFolder, httpConnectionsMax, openClass, startWebHost, type LabLimits, type LabOptions, type WebHost } from '../lab'
import { CannotRun, wholeNumber } from './cannot-run'
import type { HostFacts, Served } from './served'

export interface ClassFlags {
  readonly class?: number
  readonly labProcesses?: number
  readonly labStarts?: number
  readonly labDiskMib?: number
  readonly labRate?: number
  readonly labIntervalMs?: number
}

export function addClassFlags(command: Command): void {
  const { processesMax, startsPerMinute, diskMiBMax, operationsPerSecond, intervalMsMin } = classLimits
  command
    .option('--class <number>', 'serves so many labs, each with its own address, and a page for the teacher', wholeNumber('--class', 1, classSizeMax))
    .option('--lab-processes <number>', `with --class: processes of each lab's cluster (${processesMax})`, wholeNumber('--lab-processes', 3, 20))
    .option('--lab-starts <number>', `with --class: processes that each lab may start in a minute (${startsPerMinute})`, wholeNumber('--lab-starts', 1, 100_000))
    .option('--lab-disk-mib <number>', `with --class: MiB of recordings that each lab may keep (${diskMiBMax})`, wholeNumber('--lab-disk-mib', 1, 1_000_000))
    .option('--lab-rate <number>', `with --class: operations a second of each lab (${operationsPerSecond})`, wholeNumber('--lab-rate', 1, 100_000))
    .option('--lab-interval-ms <number>', `with --class: no interval of pings, checks and retries is shorter (${intervalMsMin})`, wholeNumber('--lab-interval-ms', 1, 60_000))
}

/** Throws a CannotRun for flags that do not fit together. */
export function limitsOf({ class: size, labProcesses, labStarts, labDiskMib, labRate, labIntervalMs }: ClassFlags): LabLimits {
  const given = { '--lab-processes': labProcesses, '--lab-starts': labStarts, '--lab-disk-mib': labDiskMib, '--lab-rate': labRate, '--lab-interval-ms': labIntervalMs }
  const [alone] = Object.entries(given).filter(([, value]) => value !== undefined)
  if (size === undefined && alone) throw new CannotRun(`${alone[0]} goes with --class: a lab of your own has no such limit.`)
  const { processesMax, startsPerMinute, diskMiBMax, operationsPerSecond, intervalMsMin } = classLimits
  const limits = {
    processesMax: labProcesses ?? processesMax, startsPerMinute: labStarts ?? startsPerMinute, diskMiBMax: labDiskMib ?? diskMiBMax,
    operationsPerSecond: labRate ?? operationsPerSecond, intervalMsMin: labIntervalMs ?? intervalMsMin,
  }
  if (limits.startsPerMinute < limits.processesMax) {
    throw new CannotRun(`With --lab-starts ${limits.startsPerMinute} no cluster of ${limits.processesMax} processes could ever start: it must be at least --lab-processes.`)
  }
  return limits
}

/** Connections for each lab: a browser opens about six for files, and one for the calls. */
const connectionsOfLab = 32

export async function serveClass(size: number, limits: LabLimits, lab: Omit<LabOptions, 'dataFolder'>, facts: HostFacts): Promise<Served> {
  const folder = join(defaultDataFolder(), 'class')
  const room = await openClass({ size, folder, limits, lab, openLab: createLab })
  const list = { token: room.teacher.token, read: (urlOf: WebHost['urlOf']) => room.list(urlOf) }
  const connectionsMax = httpConnectionsMax + connectionsOfLab * size
  const host = await startWebHost({ ...facts, doors: room.doors, list, connectionsMax, frameBytesMax: classFrameBytesMax }).catch(async (error: unknown) => {
    await room.close()
    throw new CannotRun((error as Error).message)
  })
  const url = host.urlOf(room.teacher, classPage)
  const lines = [`teacher ${url}`, ...room.labDoors.map((door, index) => `lab ${index + 1} ${host.urlOf(door)}`)]
  return { host, url, lines, ending: 'Ending every session.', close: () => room.close() }
}
