// A node's life so far, lived again in its own process when a branch begins: the machine takes the inputs that were recorded, and nothing
// of what it does is carried out. What is left is its state, its timers with the time that they had left, and its counters.
import { createMachine, SlabStore, type EffectSink, type Input, type Machine } from '../protocol'
import type { FrozenTimer } from '../trace'

export interface PastTimer {
  readonly armed: number
  /** Cluster time in microseconds. */
  readonly dueAt: number
}

export class NodePast implements EffectSink {
  machine: Machine | null = null
  /** Inputs taken. */
  steps = 0
  readonly timers = new Map<string, PastTimer>()
  /** How often each timer was armed in this life. */
  readonly armed = new Map<string, number>()
  #at = 0

  /** Takes an input at this cluster time, in microseconds. */
  take(at: number, input: Input): void {
    this.#at = at
    this.steps++
    if (input.type === 'timer') this.timers.delete(input.name)
    if (input.type === 'start') this.machine = createMachine(input, this, () => new SlabStore())
    else if (this.machine) this.machine.step(input, this)
    else throw new Error('the life that is lived again does not begin with its start')
  }

  /** What the node itself told of its timers in a freeze: a node is frozen a moment before cluster time stands. */
  tellTimers(at: number, timers: readonly FrozenTimer[]): void {
    for (const { name, armed, remainingMs } of timers) if (this.timers.get(name)?.armed === armed) this.timers.set(name, { armed, dueAt: at + remainingMs * 1000 })
  }

  send(): void {
    // It was sent when it happened; what is still under way the switchboard has.
  }

  report(): void {
    // It was reported when it happened.
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
