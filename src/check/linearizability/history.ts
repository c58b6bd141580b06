// What clients saw, as a history to be judged, and the form of a judgement. Plain data; it must never decide anything.
import type { ByteString, Operation, Result } from '../../protocol'

/** An operation that took effect or may have. A failed operation never took effect, so it is in no history. */
export interface HistoryOperation {
  /** Unique within the history. */
  readonly id: number
  /** The client's name, for messages. */
  readonly process: string
  readonly operation: Operation
  /** A number that grows along the history, such as an event's seq. */
  readonly invoked: number
  /** Null: it never returned, or its outcome is unknown; it may take effect at any later time or never. */
  readonly returned: number | null
  /** Null with a `returned`: it took effect before that, but its result is not recorded. */
  readonly result: Result | null
  /** Where the history has it, for messages: "line 3". */
  readonly place?: string
  /** It stands for what its key held before the history began: no client's operation, and before all others. */
  readonly isInitial?: true
}

/** The process name for what keys held at the beginning, in recordings of imported histories. */
export const initialNode = 'initial'

export interface SearchLimits {
  /** How many linearization attempts are made for each key. */
  readonly stepsMax: number
  /** Configurations remembered for one key at a time; they take at most `memoBytesMax` (configurations.ts) in any case. */
  readonly memoMax: number
  /** Bytes for the different contents of one key at a time; default `contentBytesDefault`. */
  readonly contentBytesMax?: number
  /** Stop at the first key that is proven wrong. */
  readonly untilProof?: boolean
  /** Time limit for the whole history, measured by `now`: pure rooms have no clock. */
  readonly milliseconds?: number
  readonly now?: () => number
}

/** As much memory as a window can spare. */
export const contentBytesDefault = 128 * 1024 * 1024

export const defaultLimits: SearchLimits = { stepsMax: 10_000_000, memoMax: 500_000 }

export type Verdict = 'linearizable' | 'not-linearizable' | 'unknown'

export interface KeyJudgement {
  readonly key: ByteString
  readonly verdict: Verdict
  /** How many client operations this key has. */
  readonly operations: number
  /** Ids in an order that explains the results: of all operations that must be linearized (if the search found it), or of the longest part found. */
  readonly order: readonly number[]
  /** The operation whose return no order explains; up to it all is well. Null unless the verdict is `not-linearizable`. */
  readonly unplaced: number | null
  /** One sentence: why that operation cannot be linearized, or which limit ended the search; empty if linearizable. */
  readonly why: string
}

/** `not-exercised`: no client operation returned, so there is nothing to judge; no better than `unknown`. */
export type HistoryVerdict = Verdict | 'not-exercised'

export interface HistoryJudgement {
  readonly verdict: HistoryVerdict
  /** In the order of the keys' first operations. */
  readonly keys: readonly KeyJudgement[]
  /** How many keys were not judged because another key was proven wrong first and `untilProof` was set. */
  readonly unjudged: number
}

/** The judgement of the key that went wrong first; undefined if none did. */
export function firstError({ keys }: HistoryJudgement, operations: ReadonlyMap<number, HistoryOperation>): KeyJudgement | undefined {
  const returnOf = ({ unplaced }: KeyJudgement): number => operations.get(unplaced ?? -1)?.returned ?? Infinity
  return keys.filter(({ verdict }) => verdict === 'not-linearizable').reduce<KeyJudgement | undefined>(
    (first, key) => first === undefined || returnOf(key) < returnOf(first) ? key : first, undefined)
}
