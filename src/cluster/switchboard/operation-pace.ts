// Limits the operations per second of a cluster that shares its machine: one bucket for operations by hand, of scenarios and of the workload. An
// operation by hand waits in a queue; a workload checks and tries again later. It must never drop an operation, nor let the workload overtake a
// waiting one.

import { Bucket } from '../../system/bucket'

/** The bucket holds one second's operations: after a pause so many may come at once. */
export class OperationPace {
  readonly #bucket: Bucket
  readonly #waiting: (() => void)[] = []
  #timer: NodeJS.Timeout | undefined

  /** `perSecond`: 1 or more. */
  constructor(perSecond: number, nowMs?: () => number) {
    this.#bucket = new Bucket(perSecond, 1000, nowMs)
  }

  /** True if an operation of the workload may begin now. */
  get mayBegin(): boolean {
    return this.#waiting.length === 0 && this.#bucket.left >= 1
  }

  /** The workload has begun an operation. */
  began(): void {
    this.#bucket.take(1)
  }

  /** Resolves when an operation by hand may begin, in the order of the calls. */
  turn(): Promise<void> {
    return new Promise((resolve) => {
      this.#waiting.push(resolve)
      if (this.#waiting.length === 1) this.#letBegin()
    })
  }

  /** Releases all waiting operations; they are then refused for another reason. */
  end(): void {
    clearTimeout(this.#timer)
    for (const resolve of this.#waiting.splice(0)) resolve()
  }

  #letBegin(): void {
    while (this.#waiting.length > 0 && this.#bucket.left >= 1) {
      this.#bucket.take(1)
      this.#waiting.shift()?.()
    }
    if (this.#waiting.length > 0) this.#timer = setTimeout(() => this.#letBegin(), this.#bucket.waitMs(1))
  }
}
