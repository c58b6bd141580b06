// Virtual time for tests: timers and clocks of the process are faked, and advance only while a test waits.
import { afterEach, beforeEach, vi } from 'vitest'

/** More timers than any test here has: a promise that has not settled by then never will. */
const timersMax = 1_000_000

/** Fakes the time of every test of the file. */
export function useVirtualTime(): void {
  beforeEach(() => { vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout', 'setInterval', 'clearInterval', 'setImmediate', 'clearImmediate', 'performance', 'hrtime', 'Date'] }) })
  afterEach(() => { vi.useRealTimers() })
}

/** Advances time until the promise has settled. */
export async function pass<Result>(promise: Promise<Result>): Promise<Result> {
  let isSettled = false
  const settle = (): void => { isSettled = true }
  promise.then(settle, settle)
  for (let timers = 0; !isSettled; timers++) {
    if (timers > timersMax) throw new Error('the promise did not settle')
    await vi.advanceTimersToNextTimerAsync()
  }
  return promise
}
