// An imported history: another tool's operations as ours, and the options for what a history does not say itself. Plain data.
import type { Operation, Result } from '../protocol'
import type { Recorded } from '../trace'
import type { HistoryModel } from './history-values'

export type ImportedOutcome =
  /** `result` null: done, but the history does not say with which result (such as whether a delete found the key). */
  | { readonly type: 'ok'; readonly result: Recorded<Result> | null }
  | { readonly type: 'failed'; readonly reason: string }
  /** Also for an operation without a completion. */
  | { readonly type: 'unknown'; readonly reason: string }

export interface ImportedOperation {
  readonly process: string
  readonly operation: Recorded<Operation>
  readonly outcome: ImportedOutcome
  /** Positions in the history, from 0. `returned` null: no completion or an unknown outcome, so the operation stays open. */
  readonly invoked: number
  readonly returned: number | null
  /** The position of the completion, even if that has an unknown outcome; null: no completion. */
  readonly ended: number | null
  /** Nanoseconds as the history gives them; null: not given. */
  readonly invokedNs: number | null
  readonly endedNs: number | null
  /** The line of its invocation. */
  readonly line: number
  /** It stands for what its key held at the beginning and is not in the history: its positions are below 0, its line is 0. */
  readonly isInitial?: true
}

export interface ImportedHistory {
  /** In the order of their invocations; the initial ones come first. */
  readonly operations: readonly ImportedOperation[]
  /** How many entries of the nemesis and other processes that are not clients were skipped. */
  readonly skipped: number
  /** Sentences on what the history does not say and was assumed. */
  readonly assumed: readonly string[]
  /** False if the history says that it begins in the middle: what its keys held there is not in it, so it cannot be judged. */
  readonly isFromBeginning: boolean
}

/** What a read of a missing key gives. `any`: a read of nil says nothing, as in Knossos' models. */
export const missingReads = ['nil', 'empty', 'any'] as const
export type MissingReads = (typeof missingReads)[number]

export interface HistoryOptions {
  /** Default: inferred from the reads. */
  readonly missing?: MissingReads | undefined
  /** What every key holds at the beginning, as EDN. Default: nothing. */
  readonly initial?: string | undefined
  /** What a `:value` is in an entry without a `:key`. Default: inferred from the values. */
  readonly model?: HistoryModel | undefined
}

/** The most operations of one history. */
export const historyOperationsMax = 1_000_000

/** The key for a history that names none: one register. */
export const singleKey = 'register'
