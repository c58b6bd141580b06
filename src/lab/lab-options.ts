// The interface between a host and the lab: Electron's main process and the web host use only this file.
// It must hold no behaviour: that is lab.ts.
import type { Port, SessionStatus } from '../contract'
import type { MutantName } from '../protocol'
import type { LabLimits } from './limits'
import type { ScenarioReader } from './scenario-reader'
import type { SessionHealth } from './session-health'

/** The built programs that a cluster runs: absolute paths. */
export interface ClusterPrograms {
  readonly node: string
  readonly switchboard: string
  /** The host of a program of others. */
  readonly host: string
  /** URL of the thread that guards programs in virtual time; without it none can be run there. */
  readonly guard?: string
  /** The worker thread for explorations; without it this lab cannot explore. */
  readonly exploreWorker?: string
  /** The worker thread that reads scenarios; without it they are read in this thread. */
  readonly scenarioWorker?: string
}

export interface LabOptions {
  /** The kind of host, sent to every screen in `hello`. */
  readonly host: 'electron' | 'browser' | 'in-process'
  /** The folder for recordings and the last settings. Created 0700; see `defaultDataFolder`. */
  readonly dataFolder: string
  /** Where recordings are written; by default `recordings` in the data folder. */
  readonly recordingsFolder?: string
  readonly programs: ClusterPrograms
  /** The scenarios that come with the lab. */
  readonly scenariosFolder: string
  /** Rules that a new cluster breaks on purpose, unless its dialog says otherwise; sent to every screen. By default none. */
  readonly mutants?: readonly MutantName[]
  /** For new clusters, unless their dialog says otherwise: recording stops when less than this is free on the disk. By default the last setting. */
  readonly diskFreeMiBMin?: number
  /** The product's version, sent to every screen. */
  readonly version: string
  /** The name of this lab among several, sent to every screen; without it there is one lab. */
  readonly name?: string
  /** True if nobody but the person at this machine reaches the lab: its windows may name programs to run. */
  readonly mayRunPrograms?: boolean
  /** Limits on a machine that several labs share; without it there are none. */
  readonly limits?: LabLimits
  /** The limit of connected screens, and also of watching ones; `connectionsMax` without it. */
  readonly screensMax?: number
  /** A scenario reader that several labs share; without it the lab creates its own. */
  readonly scenarioReader?: ScenarioReader
  /** `workersMax`: threads for explorations, by default one for each core. `problem`: why no exploration may start now, or empty. */
  readonly exploring?: { readonly workersMax: number; readonly problem: () => string }
  /** Receives sentences for the operator of the host: problems that belong to no screen. */
  readonly log?: (sentence: string) => void
}

export interface ScreenOptions {
  /** True for a screen that may watch but not act. */
  readonly readOnly: boolean
}

/** A summary of a lab. */
export interface LabLook {
  readonly status: SessionStatus
  /** Null if only the session's events are known. */
  readonly health: SessionHealth | null
  /** The number of connected screens that may act. */
  readonly screens: number
  /** Milliseconds since such a screen was last connected, and since one last acted; null: never. */
  readonly seenMsAgo: number | null
  readonly actedMsAgo: number | null
  /** Bytes of recordings, uploads and packed exports. */
  readonly diskBytes: number
}

/** One lab: one session at a time, shared by every screen that is connected. */
export interface RunningLab {
  /** Serves one screen; its disconnection affects neither other screens nor the session. */
  connect(port: Port, screen?: ScreenOptions): void
  /** Why another screen would be refused now; empty if it would not. */
  screenProblem(readOnly: boolean): string
  /** A summary for an overview of many labs. */
  look(): Promise<LabLook>
  /** True if an upload with this key is expected. */
  awaits(key: string): boolean
  /**
   * Receives a file that a screen announced with `uploadBegin`, outside of its calls; resolves when all of it has arrived. `key`: the upload's key.
   * Rejects with one sentence; a partial file is removed.
   */
  receive(key: string, pieces: AsyncIterable<Uint8Array>): Promise<void>
  /** True while an exploration runs. */
  readonly isExploring: boolean
  /** True while a cluster runs: opening a recording would end it. */
  readonly isLive: boolean
  /** Opens a recording from a path on this machine, as `uploadOpen` does for uploads. Rejects with one sentence. */
  openRecording(path: string): Promise<{ session: number }>
  /** Ends the session, its processes and every connection; resolves when nothing is left. */
  close(): Promise<void>
}
