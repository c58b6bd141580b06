// Every number that the protocol depends on, with its default and its limits. Durations are milliseconds of cluster time.
// Nothing here reads a clock: a machine only hands these numbers to its driver when it arms a timer.
import type { MutantName } from './mutants'

export type Replication = 'synchronous' | 'asynchronous'

export interface Settings {
  /** Each server pings the view server this often. */
  readonly pingIntervalMs: number
  /** The view server checks for silent servers this often. */
  readonly pingCheckIntervalMs: number
  /** A server is dead after this many checks without a ping between them. */
  readonly deadPings: number
  /** How many backups the view server recruits, 0 to 4. */
  readonly backupsWanted: number
  readonly replication: Replication
  /** A message that was not answered is sent again after this long. */
  readonly retryMs: number
  /** An operation of a client times out after this long; 0 means never. */
  readonly operationTimeoutMs: number
  /** A new cluster has no earlier view to wait for; a restarted view server first listens for `deadPings` checks. */
  readonly newCluster: boolean
  /** Requests that wait at a primary for its view to start; one for each client. */
  readonly waitingRequestsMax: number
  /** The limit of operations that a primary has forwarded and not yet executed; also of forwards that a backup keeps ahead of sequence. */
  readonly inFlightMax: number
  /** A chunk of a state transfer is closed when its keys and values reach this many bytes. */
  readonly transferChunkBytes: number
  /** Chunks of a state transfer that may be in flight to one backup. */
  readonly transferWindow: number
  /** Clients in the at-most-once table: the most recently executing ones. */
  readonly tableClientsMax: number
  /** Rules broken on purpose; empty for the protocol as it should be. */
  readonly mutants: readonly MutantName[]
}

/** Whether a rule is broken on purpose. */
export function isBroken({ mutants }: Pick<Settings, 'mutants'>, mutant: MutantName): boolean {
  return mutants.length > 0 && mutants.includes(mutant)
}

export const defaultSettings: Settings = {
  pingIntervalMs: 100,
  pingCheckIntervalMs: 100,
  deadPings: 5,
  backupsWanted: 1,
  replication: 'synchronous',
  retryMs: 100,
  operationTimeoutMs: 10_000,
  newCluster: true,
  waitingRequestsMax: 1024,
  inFlightMax: 4096,
  transferChunkBytes: 64 * 1024,
  transferWindow: 4,
  tableClientsMax: 10_000,
  mutants: [],
}

/** Keys are at most this many bytes. */
export const keyBytesMax = 64 * 1024
/** Values are at most this many bytes, also after an append. */
export const valueBytesMax = 8 * 1024 * 1024
/** A client id is 1 to this many printable ASCII characters. */
export const clientIdBytesMax = 32

/** Inclusive limits of the numeric settings, for forms, flags and the wire. */
export const settingLimits = {
  pingIntervalMs: { min: 1, max: 60_000 },
  pingCheckIntervalMs: { min: 1, max: 60_000 },
  deadPings: { min: 1, max: 1000 },
  backupsWanted: { min: 0, max: 4 },
  retryMs: { min: 1, max: 60_000 },
  operationTimeoutMs: { min: 0, max: 3_600_000 },
  waitingRequestsMax: { min: 1, max: 100_000 },
  inFlightMax: { min: 1, max: 1_000_000 },
  transferChunkBytes: { min: 1, max: 4 * 1024 * 1024 },
  transferWindow: { min: 1, max: 64 },
  tableClientsMax: { min: 1, max: 1_000_000 },
} as const satisfies Partial<Record<keyof Settings, { min: number; max: number }>>

export type NumericSetting = keyof typeof settingLimits

/** One sentence for the first setting that is out of its limits, or undefined when all are within. */
export function settingsProblem(settings: Settings): string | undefined {
  for (const [name, limit] of Object.entries(settingLimits) as [NumericSetting, { min: number; max: number }][]) {
    const value = settings[name]
    if (!Number.isInteger(value) || value < limit.min || value > limit.max) {
      return `${name} must be a whole number from ${limit.min} to ${limit.max}, not ${String(value)}.`
    }
  }
  return undefined
}
