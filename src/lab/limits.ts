// Limits of one lab on a machine that several labs share. A person's own lab has none.
// It must never end what runs: a limit refuses the next act, with one sentence that names the limit. Operations are never refused: the switchboard
// delays them (operation-pace.ts).
import { readdir, stat } from 'node:fs/promises'
import { join } from 'node:path'
import { Refusal } from '../contract'
import type { Settings } from '../protocol'
import { Bucket } from '../system/bucket'
import { grouped } from '../trace'

export interface LabLimits {
  /** Processes of its one cluster: the nodes and the switchboard. */
  readonly processesMax: number
  /** Process starts in a minute. */
  readonly startsPerMinute: number
  /** The total size of its recordings. Its uploads and packed exports have a second limit of the same size, and are removed automatically. */
  readonly diskMiBMax: number
  /** Operations of its workload, its scenarios and by hand, together. */
  readonly operationsPerSecond: number
  /** The shortest interval of a cluster: for pings, ping checks and retries. */
  readonly intervalMsMin: number
}

/** For the first lessons of a course on a machine with two cores. The largest scenario that comes with the lab has twelve processes. */
export const classLimits: LabLimits = { processesMax: 12, startsPerMinute: 120, diskMiBMax: 512, operationsPerSecond: 50, intervalMsMin: 20 }

/** The processes of a cluster: its nodes and the switchboard. */
export const processesOf = (nodes: number): number => nodes + 1

const intervals = ['pingIntervalMs', 'pingCheckIntervalMs', 'retryMs'] as const

/** How many bytes may still be added (never negative), and the sentence for a refusal. */
export interface Room {
  readonly leftBytes: () => Promise<number>
  readonly sentence: string
}

/** Returns what was taken for an act that did not succeed. */
export type GiveBack = () => void

export class Allowance {
  readonly limits: LabLimits
  readonly #recordings: string
  /** The limit for recordings (one is written at a time), and the one for uploads and packed exports. */
  readonly recordings: Room
  readonly copies: Room
  readonly #starts: Bucket

  /** `folders`: the folders of its recordings and of its temporary files; only files directly in them count. `now`: a monotonic clock in milliseconds. */
  constructor(limits: LabLimits, folders: { readonly recordings: string; readonly copies: string }, now?: () => number) {
    this.limits = limits
    this.#recordings = folders.recordings
    this.recordings = this.#roomIn(folders.recordings, 'records')
    this.copies = this.#roomIn(folders.copies, 'opens and packs')
    this.#starts = new Bucket(limits.startsPerMinute, 60_000, now)
  }

  /** Throws a `Refusal` for a cluster that exceeds the limits. */
  checkCluster(settings: Partial<Pick<Settings, (typeof intervals)[number]>>, nodes: number): void {
    const { processesMax, intervalMsMin } = this.limits
    const processes = processesOf(nodes)
    if (processes > processesMax) throw new Refusal(`A cluster of ${nodes} nodes runs ${processes} processes; a lab of this class may run ${processesMax}.`)
    const short = intervals.find((name) => (settings[name] ?? intervalMsMin) < intervalMsMin)
    if (short !== undefined) throw new Refusal(`No interval of a lab of this class is shorter than ${intervalMsMin} ms; ${short} is ${settings[short]}.`)
  }

  /** Takes starts for so many processes. Throws a `Refusal` if there are too few left; then nothing was taken. */
  takeStarts(processes: number): GiveBack {
    const { startsPerMinute } = this.limits
    if (this.#starts.left < processes) {
      const seconds = Math.ceil(this.#starts.waitMs(processes) / 1000)
      throw new Refusal(`A lab of this class may start ${startsPerMinute} processes a minute; this may be done in ${seconds} s.`)
    }
    this.#starts.take(processes)
    return () => this.#starts.giveBack(processes)
  }

  /** Runs an act that starts so many processes; if it rejects, the starts are returned. */
  async starting<Result>(processes: number, act: () => Promise<Result>): Promise<Result> {
    const giveBack = this.takeStarts(processes)
    try {
      return await act()
    } catch (error) {
      giveBack()
      throw error
    }
  }

  /** The total size of its recordings in bytes. */
  recordedBytes(): Promise<number> {
    return bytesIn(this.#recordings)
  }

  #roomIn(folder: string, what: string): Room {
    const { diskMiBMax } = this.limits
    return {
      leftBytes: async () => Math.max(0, diskMiBMax * 1024 * 1024 - await bytesIn(folder)),
      sentence: `What a lab of this class ${what} may hold ${grouped(diskMiBMax)} MiB in all.`,
    }
  }
}

/** Bytes of the files in a folder. A missing folder counts as empty, and so does a file that disappears meanwhile. */
async function bytesIn(folder: string): Promise<number> {
  const names = await readdir(folder).catch(() => [])
  const sizes = await Promise.all(names.map((name) => stat(join(folder, name)).then((found) => found.isFile() ? found.size : 0, () => 0)))
  return sizes.reduce((sum, bytes) => sum + bytes, 0)
}
