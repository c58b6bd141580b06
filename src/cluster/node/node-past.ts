// Replays an incarnation in its own process when a branch begins: the machine takes the recorded inputs, and its effects must never be performed.
// The result is its state, its timers with their remaining times, and its counters.
import { makeMachine } from '../../maelstrom'
import { SlabStore, type EffectSink, type Input, type Machine } from '../../protocol'
import type { FrozenTimer } from '../../trace'
import { stallMsMin } from '../switchboard/stalls'

export interface PastTimer {
  readonly armed: number
  /** Cluster time in microseconds. */
  readonly dueAt: number
}

export class NodePast implements EffectSink {
  machine: Machine | null = null
  /** From its settings. */
  stallMs = Number.POSITIVE_INFINITY
  /** Inputs taken. */
  steps = 0
  readonly timers = new Map<string, PastTimer>()
  /** How often each timer was armed in this incarnation. */
  readonly armed = new Map<string, number>()
  #at = 0

  /** Takes an input at this cluster time, in microseconds. */
  take(at: number, input: Input): void {
    this.#at = at
    this.steps++
    if (input.type === 'timer') this.timers.delete(input.name)
    if (input.type === 'start') {
      this.machine = makeMachine(input, this, (settings) => new SlabStore(settings))
      this.stallMs = stallMsMin(input.settings)
    } else if (this.machine) this.machine.step(input, this)
    else throw new Error('the life that is lived again does not begin with its start')
  }

  /** Corrects the due times from the node's own report in a freeze. The node froze slightly before cluster time did, so its remaining times are exact. */
  tellTimers(at: number, timers: readonly FrozenTimer[]): void {
    for (const { name, armed, remainingMs } of timers) if (this.timers.get(name)?.armed === armed) this.timers.set(name, { armed, dueAt: at + remainingMs * 1000 })
  }

  send(): void {
    // It was sent in the recording; the switchboard has the messages still in flight.
  }

  report(): void {
    // It was reported in the recording.
  }

  setTimer(name: string, ms: number): void {
    const armed = (this.armed.get(name) ?? 0) + 1
    this.armed.set(name, armed)
    this.timers.set(name, { armed, dueAt: this.#at + ms * 1000 })
  }

  cancelTimer(name: string): void {
    this.timers.delete(name)
  }
}
