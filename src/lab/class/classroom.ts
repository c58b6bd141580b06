// A class: separate labs in one process. Each has its own cluster, folder and tokens, and cannot see another; the teacher's list covers all of them.
// Limits keep a lab from disturbing the others (limits.ts). It must never give a token to anybody but the teacher.
import { availableParallelism } from 'node:os'
import { join } from 'node:path'
import type { ClassEntry, ClassList } from '../../contract'
import { CannotRun, makeFolder, reasonOf } from '../../system'
import type { LabOptions, RunningLab } from '../lab-options'
import { processesOf, type LabLimits } from '../limits'
import { newToken, type Keyed } from '../web/guard'
import { doorOf, type Door } from '../web/web-host'
import { Budget, type Pace } from '../web/web-socket-port'
import { ScenarioReader } from '../scenario-reader'

export interface ClassOptions {
  /** The number of labs. */
  readonly size: number
  /** Each lab has a folder below it, such as `lab-01`, for its recordings and its last settings. */
  readonly folder: string
  readonly limits: LabLimits
  /** Options that all labs share. */
  readonly lab: Omit<LabOptions, 'dataFolder' | 'recordingsFolder' | 'name' | 'limits' | 'exploring'>
  readonly openLab: (options: LabOptions) => Promise<RunningLab>
}

/** The largest number of labs in one process. */
export const classSizeMax = 100

/** The limit for all windows of a lab together. A window makes about ten calls a second; more, and larger ones, while it plays or saves a recording. */
const pace: Pace = { framesPerSecond: 300, bytesPerSecond: 8 * 1024 * 1024, busyShare: 0.1 }

/** The longest frame of a window. Lessons do not need larger values than 4 MiB, and reading one blocks the other labs. */
export const classFrameBytesMax = 4 * 1024 * 1024
/** The limit of acting windows of each lab, and also of watching ones. */
const screensMax = 8

interface Seat {
  readonly number: number
  readonly lab: RunningLab
  /** The student's door, and the door for watching only. */
  readonly own: Door
  readonly watch: Door
}

export interface Classroom {
  /** The doors of all labs, acting and watching. */
  readonly doors: readonly Door[]
  /** The token that opens the teacher's list. */
  readonly teacher: Keyed
  /** Each student's door, in the order of the lab numbers. */
  readonly labDoors: readonly Door[]
  /** `urlOf`: a door's address. */
  list(urlOf: (door: Keyed) => string): Promise<ClassList>
  /** Ends every lab. */
  close(): Promise<void>
}

/** Opens the labs; no node runs before a screen asks for a cluster. Rejects with one sentence; then no lab is open. */
export async function openClass({ size, folder, limits, lab, openLab }: ClassOptions): Promise<Classroom> {
  const seats: Seat[] = []
  const scenarioReader = new ScenarioReader({ program: lab.programs.scenarioWorker ?? '' })
  const closeAll = async (): Promise<void> => {
    scenarioReader.close()
    await Promise.all(seats.map((seat) => seat.lab.close()))
  }
  const exploringMax = Math.max(1, availableParallelism() - 1)
  try {
    for (let number = 1; number <= size; number++) {
      const others = (): number => seats.filter((seat) => seat.number !== number && seat.lab.isExploring).length
      const dataFolder = join(folder, `lab-${String(number).padStart(2, '0')}`)
      makeLabFolder(dataFolder)
      const opened = await openLab({
        ...lab, dataFolder, name: `Lab ${number}`, limits, scenarioReader, screensMax,
        ...(lab.log ? { log: (sentence) => lab.log?.(`Lab ${number}: ${sentence}`) } : {}),
        exploring: {
          workersMax: 1,
          problem: () => others() < exploringMax ? '' : `${others() === 1 ? 'Another lab of this class explores' : `${others()} labs of this class explore`} now; try again when one has ended.`,
        },
      })
      seats.push(seatOf(number, opened))
    }
  } catch (error) {
    await closeAll()
    throw error
  }
  const labDoors = seats.map(({ own }) => own)
  return {
    doors: [...labDoors, ...seats.map(({ watch }) => watch)], labDoors, teacher: { token: newToken() }, close: closeAll,
    list: async (urlOf) => ({ labs: await Promise.all(seats.map((seat) => entryOf(seat, urlOf))), limits }),
  }
}

/** Creates a lab's private folders before anything is recorded there. */
function makeLabFolder(path: string): void {
  try {
    makeFolder(join(path, 'recordings'), 0o700)
  } catch (error) {
    throw new CannotRun(`The folder of a lab cannot be made in ${path} (${reasonOf(error)}).`)
  }
}

function seatOf(number: number, lab: RunningLab): Seat {
  return {
    number, lab,
    own: { ...doorOf(lab), budget: new Budget(pace) },
    watch: { token: newToken(), connect: (port) => lab.connect(port, { readOnly: true }), problem: () => lab.screenProblem(true), budget: new Budget(pace) },
  }
}

async function entryOf({ number, lab, own, watch }: Seat, urlOf: (door: Keyed) => string): Promise<ClassEntry> {
  const { status, health, screens, seenMsAgo, actedMsAgo, diskBytes } = await lab.look()
  const { kind, title, frozen, scenario, recording } = status
  const runs = kind === 'starting' || kind === 'live'
  return {
    number, state: kind, title, frozen, scenario: scenario && { title: scenario.title, state: scenario.state },
    broken: kind === 'recorded' ? null : health === null ? [] : health.broken?.map((each) => ({ ...each })) ?? null, view: health?.view ?? '', stuck: runs ? health?.stuck ?? '' : '',
    screens, seenMsAgo, actedMsAgo, processes: runs ? processesOf(health?.nodes ?? 0) : 0, diskBytes, problem: recording?.problem ?? '',
    address: urlOf(own), watchAddress: urlOf(watch),
  }
}
