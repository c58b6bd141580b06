// Watches, from a thread of its own, how long a program takes to answer: its owner waits for it and can do nothing meanwhile. It must never end a
// program that answers in time.
import { Worker } from 'node:worker_threads'

/** Places in the shared memory. */
export const guardPlaces = { pid: 0, untilMs: 1, struck: 2, count: 3 } as const
/** How often the guard looks, in milliseconds. */
export const guardLooksMs = 100

/** Milliseconds on the clock of both threads, small enough for 32 bits. */
export const guardNow = (): number => Math.floor(performance.timeOrigin + performance.now()) % 2 ** 31

export class Guard {
  readonly #shared = new Int32Array(new SharedArrayBuffer(4 * guardPlaces.count))
  readonly #worker: Worker

  constructor(program: URL) {
    this.#worker = new Worker(program, { workerData: this.#shared })
    this.#worker.unref()
  }

  /** From now on the program has so many milliseconds. */
  watch(pid: number, ms: number): void {
    Atomics.store(this.#shared, guardPlaces.struck, 0)
    Atomics.store(this.#shared, guardPlaces.untilMs, (guardNow() + ms) % 2 ** 31)
    Atomics.store(this.#shared, guardPlaces.pid, pid)
  }

  rest(): void {
    Atomics.store(this.#shared, guardPlaces.pid, 0)
  }

  /** It has ended the program that was watched last. */
  get hasStruck(): boolean {
    return Atomics.load(this.#shared, guardPlaces.struck) === 1
  }

  end(): void {
    void this.#worker.terminate()
  }
}
