// The state of a lane at every moment: alive, paused or dead, the role that the view server gives it, and the role that it believes it has.
// Steps in order of seq. It must never merge the two roles into one. Pure.
import type { Role } from '../../../../src/protocol'
import type { Life } from '../../../../src/trace'
import { lowerBound } from './columns'

export interface LaneState {
  readonly life: Life
  /** The role that the view server's current view gives it; null before any. */
  readonly says: Role | null
  /** The role that it believes it has; null before its first report, and after its exit. */
  readonly believes: Role | null
}

export const unseen: LaneState = { life: 'none', says: null, believes: null }

export class LaneHistory {
  readonly #seqs: number[] = []
  readonly #states: LaneState[] = []

  get length(): number {
    return this.#seqs.length
  }

  get last(): LaneState {
    return this.#states.at(-1) ?? unseen
  }

  /** Changes the given parts of the state. A state equal to the last one adds no step. */
  change(seq: number, part: Partial<LaneState>): void {
    const before = this.last
    const state = { ...before, ...part }
    if (state.life === before.life && state.says === before.says && state.believes === before.believes) return
    if (this.#seqs.at(-1) === seq) {
      this.#states[this.#states.length - 1] = state
      return
    }
    this.#seqs.push(seq)
    this.#states.push(state)
  }

  seq(step: number): number {
    return this.#seqs[step] ?? 0
  }

  state(step: number): LaneState {
    return this.#states[step] ?? unseen
  }

  /** The step in force after the event `seq`; -1 before the first. */
  stepAt(seq: number): number {
    return lowerBound(this.#seqs, this.#seqs.length, seq + 1) - 1
  }

  at(seq: number): LaneState {
    return this.state(this.stepAt(seq))
  }
}
