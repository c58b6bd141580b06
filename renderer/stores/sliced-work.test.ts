import { describe, expect, test } from 'vitest'
import { sliceMs } from './intake'
import { SlicedWork } from './sliced-work'

/** Each step takes 2 ms of a simulated clock; the test ends pauses by hand. */
function work(steps: number): { sliced: SlicedWork; done: () => number; goOn: () => Promise<void>; shown: boolean[] } {
  let nowMs = 1000
  let done = 0
  const waiting: (() => void)[] = []
  const shown: boolean[] = []
  const sliced = new SlicedWork({
    step: () => {
      nowMs += 2
      return ++done < steps
    },
    shown: (isMore) => shown.push(isMore),
    nowMs: () => nowMs,
    pause: () => new Promise((resolve) => waiting.push(resolve)),
  })
  const goOn = async (): Promise<void> => {
    for (const resolve of waiting.splice(0)) resolve()
    await Promise.resolve()
    await Promise.resolve()
  }
  return { sliced, done: () => done, goOn, shown }
}

describe('work in slices', () => {
  test('does what fits into a slice at once, and pauses before it does more', async () => {
    const { sliced, done, goOn, shown } = work(5)
    sliced.start()
    expect([done(), sliced.isRunning]).toEqual([Math.ceil(sliceMs / 2), true])
    await goOn()
    expect([done(), sliced.isRunning, shown.at(-1)]).toEqual([5, false, false])
  })

  test('is not begun twice, and ends where it is stopped', async () => {
    const { sliced, done, goOn } = work(100)
    sliced.start()
    sliced.start()
    expect(done()).toBe(3)
    sliced.stop()
    await goOn()
    expect([done(), sliced.isRunning]).toEqual([3, false])
  })
})
