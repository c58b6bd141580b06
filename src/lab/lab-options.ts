// What a host gives the lab and what it gets: Electron's main process and the web host are written against this file alone.
// It must hold no behaviour: that is lab.ts.
import type { Port } from '../contract'
import type { MutantName } from '../protocol'

/** The built programs that a cluster runs: absolute paths. */
export interface ClusterPrograms {
  readonly node: string
  readonly switchboard: string
  /** A thread that explores; without it this lab does not. */
  readonly exploreWorker?: string
}

export interface LabOptions {
  /** Who shows this lab, as told to every screen in `hello`. */
  readonly host: 'electron' | 'browser' | 'in-process'
  /** Where the lab keeps what it remembers: recordings and the last settings. Created 0700; see `defaultDataFolder`. */
  readonly dataFolder: string
  /** Where recordings are written; `recordings` in the data folder unless told. */
  readonly recordingsFolder?: string
  readonly programs: ClusterPrograms
  /** The scenarios that come with the lab. */
  readonly scenariosFolder: string
  /** Rules that a new cluster breaks on purpose unless its dialog says otherwise; every screen is told. None without it. */
  readonly mutants?: readonly MutantName[]
  /** For new clusters unless their dialog says otherwise: recording stops when the disk has less than this free. Without it: as last time. */
  readonly diskFreeMiBMin?: number
  /** The product's version, as told to every screen. */
  readonly version: string
  /** Sentences for whoever runs the host: problems that belong to no screen. */
  readonly log?: (sentence: string) => void
}

/** One lab: one session at a time, shared by every screen that is connected. */
export interface RunningLab {
  /** Serves one screen; its end changes nothing for the others or for the session. */
  connect(port: Port): void
  /**
   * Takes a file that a screen announced with `uploadBegin`, beside its calls; resolves when all of it was taken. `key`: the upload's.
   * Rejects with one sentence; nothing of a file that breaks off is kept.
   */
  receive(key: string, pieces: AsyncIterable<Uint8Array>): Promise<void>
  /** Opens a recording from a path of this machine, as `uploadOpen` does for uploaded files. Rejects with one sentence. */
  openRecording(path: string): Promise<{ session: number }>
  /** Ends the session, its processes and every connection; resolves when nothing is left. */
  close(): Promise<void>
}
