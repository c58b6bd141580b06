// What clients saw, as a history to be judged, and what a judgement says. Plain data; nothing here decides anything.
import type { ByteString, Operation, Result } from '../../protocol'

/** An operation that took effect or may have. One that failed never did: it is in no history. */
export interface HistoryOperation {
  /** Any number that no other operation of the history has. */
  readonly id: number
  /** Who asked, for sentences. */
  readonly process: string
  readonly operation: Operation
  /** Any growing number: the order of events. */
  readonly invoked: number
  /** Null: it never returned, or with an unknown outcome, and may take effect at any later time or never. */
  readonly returned: number | null
  /** Null beside a `returned`: it took effect before that, and nobody says what it gave. */
  readonly result: Result | null
}

export interface SearchLimits {
  /** Places that are tried for an operation, for each key. */
  readonly stepsMax: number
  /** Configurations that are remembered for each key; they take at most `memoBytesMax` (configurations.ts) whatever this says. */
  readonly memoMax: number
  /** For the whole history, by `now`; pure rooms have no clock of their own. */
  readonly milliseconds?: number
  readonly now?: () => number
}

export const defaultLimits: SearchLimits = { stepsMax: 10_000_000, memoMax: 500_000 }

export type Verdict = 'linearizable' | 'not-linearizable' | 'unknown'

export interface KeyJudgement {
  readonly key: ByteString
  readonly verdict: Verdict
  /** Operations on this key. */
  readonly operations: number
  /** Ids in an order that explains what the clients saw: of all that must have a place (where the search found it), or of the longest part that was found. */
  readonly order: readonly number[]
  /** The operation whose return nothing explains: up to there all was well. Null unless the verdict is `not-linearizable`. */
  readonly unplaced: number | null
  /** One sentence: why it has no place, or which limit ended the search; empty if linearizable. */
  readonly why: string
}

export interface HistoryJudgement {
  readonly verdict: Verdict
  /** Keys in the order of their first operation. */
  readonly keys: readonly KeyJudgement[]
}

/** The judgement of the key that went wrong first; undefined if none did. */
export function firstError({ keys }: HistoryJudgement, operations: ReadonlyMap<number, HistoryOperation>): KeyJudgement | undefined {
  const returnOf = ({ unplaced }: KeyJudgement): number => operations.get(unplaced ?? -1)?.returned ?? Infinity
  return keys.filter(({ verdict }) => verdict === 'not-linearizable').reduce<KeyJudgement | undefined>(
    (first, key) => first === undefined || returnOf(key) < returnOf(first) ? key : first, undefined)
}
