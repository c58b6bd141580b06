import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { aheadCharacters, Intake, shownEveryMs, shownShareMax, sliceMs } from './intake'

/** An intake with a simulated clock: each line takes `lineMs`. */
function intakeOf(lineMs = 0, isFarBehind = false) {
  const taken: string[] = []
  const slices: number[] = []
  let nowMs = 0
  let shown = 0
  let resume: (() => void) | null = null
  let sliceBegan = 0
  let drawMs = 0
  let timer: { readonly at: number; readonly act: () => void } | null = null
  const drawn: (() => void)[] = []
  const intake = new Intake({
    take: (text, at, end) => {
      taken.push(text.slice(at, end))
      nowMs += lineMs
    },
    taken: () => { shown++ },
    isFarBehind: () => isFarBehind,
    nowMs: () => nowMs,
    pause: () => {
      slices.push(nowMs - sliceBegan)
      return new Promise((resolve) => { resume = () => { sliceBegan = nowMs; resolve() } })
    },
    later: (ms, act) => {
      timer = { at: nowMs + ms, act }
      return () => { timer = null }
    },
    drawn: () => new Promise((resolve) => drawn.push(resolve)),
  })
  async function goOn(): Promise<boolean> {
    const now = resume
    resume = null
    now?.()
    await Promise.resolve()
    await Promise.resolve()
    return now !== null
  }
  /** Advances the clock; shown content is drawn at once, which takes `drawMs`. */
  async function pass(ms: number): Promise<void> {
    const end = nowMs + ms
    for (;;) {
      for (const resolve of drawn.splice(0)) {
        nowMs += drawMs
        resolve()
      }
      await Promise.resolve()
      await Promise.resolve()
      if (drawn.length > 0) continue
      if (timer === null || timer.at > end) break
      const { at, act } = timer
      timer = null
      nowMs = Math.max(nowMs, at)
      act()
    }
    nowMs = Math.max(nowMs, end)
  }
  return {
    intake, taken, slices, shown: () => shown, now: () => nowMs, goOn, pass, drawTakes: (ms: number) => { drawMs = ms },
    finish: async () => { while (await goOn()); },
  }
}

const lines = (count: number, length = 10): string[] => Array.from({ length: count }, (_, index) => `${index}`.padEnd(length, '.'))

describe('the intake', () => {
  it('takes what fits in a slice at once, and shows it', () => {
    const { intake, taken, shown } = intakeOf()
    void intake.add(lines(100).join('\n'))
    expect([taken.length, shown(), intake.isIdle]).toEqual([100, 1, true])
  })

  it('takes every line once and in order, however slow they are and however they come', async () => {
    await fc.assert(fc.asyncProperty(fc.array(fc.nat(60), { minLength: 1, maxLength: 6 }), fc.double({ min: 0, max: 4, noNaN: true }), async (batches, lineMs) => {
      const { intake, taken, finish } = intakeOf(lineMs)
      const all: string[] = []
      for (const count of batches) {
        const batch = lines(count).map((line) => `${all.length} ${line}`)
        all.push(...batch)
        void intake.add(batch.join('\n'))
      }
      await finish()
      expect(taken).toEqual(all)
      expect(intake.isIdle).toBe(true)
    }), { numRuns: 50 })
  })

  it('gives way after each slice', async () => {
    const { intake, slices, finish } = intakeOf(0.5)
    void intake.add(lines(200).join('\n'))
    await finish()
    expect(slices.length).toBeGreaterThan(10)
    // The clock is checked every eight lines.
    expect(Math.max(...slices)).toBeLessThanOrEqual(sliceMs + 4)
  })

  it('shows single batches as often as a person can read, and the last of them soon', async () => {
    const { intake, shown, pass } = intakeOf()
    for (let batch = 0; batch < 100; batch++) {
      void intake.add('event')
      await pass(10)
    }
    expect(shown()).toBeGreaterThan(1000 / shownEveryMs.least - 2)
    expect(shown()).toBeLessThanOrEqual(1000 / shownEveryMs.least + 1)
    const before = shown()
    void intake.add('last')
    await pass(shownEveryMs.least)
    expect(shown()).toBe(before + 1)
    await pass(1000)
    expect(shown()).toBe(before + 1)
  })

  it('draws for no more than a share of the time where drawing is slow', async () => {
    const { intake, shown, pass, drawTakes, now } = intakeOf()
    drawTakes(80)
    for (let batch = 0; batch < 100; batch++) {
      void intake.add('event')
      await pass(20)
    }
    expect(shown() * 80 / now()).toBeLessThanOrEqual(shownShareMax.idle + 0.05)
    expect(shown()).toBeGreaterThan(5)
  })

  it('draws least in a flood, and as ever when it is over', async () => {
    const { intake, shown, goOn, pass, drawTakes, now, finish } = intakeOf(0.05)
    drawTakes(40)
    for (let batch = 0; batch < 6; batch++) void intake.add(lines(40_000, 20).join('\n'))
    // Two large batches may come from a cluster; the third makes a flood.
    while (await goOn()) await pass(1)
    expect(shown() * 40 / now()).toBeLessThanOrEqual(shownShareMax.flooded + 0.05)
    expect(shown()).toBeGreaterThan(now() / shownEveryMs.most / 2)
    const [before, began] = [shown(), now()]
    for (let batch = 0; batch < 100; batch++) {
      void intake.add('event')
      await pass(20)
    }
    expect((shown() - before) * 40 / (now() - began)).toBeGreaterThan(shownShareMax.busy)
    await finish()
  })

  it('shows less while it is far behind', async () => {
    const shares = await Promise.all([false, true].map(async (isFarBehind) => {
      const { intake, shown, now, pass, drawTakes } = intakeOf(0, isFarBehind)
      drawTakes(20)
      for (let batch = 0; batch < 200; batch++) {
        void intake.add('event')
        await pass(20)
      }
      return shown() * 20 / now()
    }))
    expect(shares[1]).toBeLessThan((shares[0] ?? 0) / 2)
    expect(shares[1]).toBeLessThanOrEqual(shownShareMax.flooded * 1.2)
  })

  it('shows nothing of a session that was forgotten', async () => {
    const { intake, shown, pass } = intakeOf()
    void intake.add('one')
    void intake.add('two')
    intake.clear()
    await pass(1000)
    expect(shown()).toBe(1)
  })

  it('lets who brings events wait while much is not taken, and no longer', async () => {
    const { intake, goOn, finish } = intakeOf(1)
    const line = 'x'.repeat(aheadCharacters / 16)
    let isRoom = false
    void intake.add(Array.from({ length: 64 }, () => line).join('\n')).then(() => { isRoom = true })
    await goOn()
    expect(isRoom).toBe(false)
    for (let turn = 0; turn < 5; turn++) await goOn()
    expect([isRoom, intake.isIdle]).toEqual([true, false])
    await finish()
  })

  it('forgets what waits when another session begins, and releases who waited', async () => {
    const { intake, taken, goOn } = intakeOf(1)
    const waited = intake.add(lines(100, aheadCharacters / 50).join('\n'))
    const before = taken.length
    intake.clear()
    await waited
    await goOn()
    expect(taken.length).toBe(before)
    void intake.add('next')
    expect(taken.at(-1)).toBe('next')
  })
})
