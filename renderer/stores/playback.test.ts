import { createPinia, setActivePinia } from 'pinia'
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest'
import { defaultSettings } from '../../src/protocol'
import type { TraceEvent, TraceHeader } from '../../src/trace'
import { usePlaybackStore } from './playback'
import { noStatus, useSessionStore } from './session'
import { useTraceStore } from './trace'

const header: TraceHeader = {
  understudy: 'recording', version: 3, parent: null, source: 'live', title: '', createdAt: '', settings: defaultSettings, seed: '', protocolHash: '',
  nodes: [{ name: 's1', kind: 'replica' }],
}
/** Event `seq`, at the time `seq` times 10 ms. */
const event = (seq: number, wall = seq * 10_000): TraceEvent => ({ type: 'node-paused', seq, at: seq * 10_000, wall, node: 's1', incarnation: 1 })
const events = Array.from({ length: 100 }, (_, index) => event(index + 1))

let nowMs = 0
let frames: ((nowMs: number) => void)[] = []
/** Draws frames, 20 ms apart. */
function draw(count: number): void {
  for (let frame = 0; frame < count; frame++) {
    nowMs += 20
    for (const callback of frames.splice(0)) callback(nowMs)
  }
}

function opened(batch: readonly TraceEvent[] = events) {
  const [trace, playback, session] = [useTraceStore(), usePlaybackStore(), useSessionStore()]
  trace.reset(1, header)
  trace.take(batch)
  return { trace, playback, session }
}

describe('play', () => {
  beforeEach(() => {
    setActivePinia(createPinia())
    nowMs = 5000
    frames = []
    vi.stubGlobal('requestAnimationFrame', (callback: (nowMs: number) => void) => frames.push(callback))
    vi.stubGlobal('cancelAnimationFrame', () => { frames = [] })
    vi.spyOn(performance, 'now').mockImplementation(() => nowMs)
  })
  afterEach(() => {
    vi.unstubAllGlobals()
    vi.restoreAllMocks()
  })

  it('moves the cursor by the time of the session, once for each frame', () => {
    const { trace, playback } = opened()
    trace.goTo(10)
    playback.play()
    draw(5)
    expect([trace.position, frames.length]).toEqual([20, 1])
    playback.speed = 2
    draw(5)
    expect(trace.position).toBe(40)
    playback.stop()
    draw(5)
    expect([trace.position, playback.isPlaying]).toEqual([40, false])
  })

  it('begins again at the end of a recording, and stops at the tail', () => {
    const { trace, playback } = opened()
    playback.play()
    expect(trace.position).toBe(1)
    playback.speed = 100
    draw(3)
    expect([playback.isPlaying, trace.follow, frames.length]).toEqual([false, true, 0])
  })

  it('stops when somebody else moves the cursor', () => {
    const { trace, playback } = opened()
    trace.goTo(10)
    playback.play()
    draw(2)
    trace.select({ type: 'event', seq: 50 })
    expect(playback.isPlaying).toBe(false)
    draw(3)
    expect(trace.position).toBe(50)
  })

  it('skips frozen time and says how much', () => {
    const { trace, playback, session } = opened([...events.slice(0, 50), ...events.slice(50).map(({ seq }) => event(seq, seq * 10_000 + 7_000_000))])
    trace.goTo(49)
    playback.play()
    draw(2)
    expect([trace.position, session.said.text]).toEqual([53, '7.0 s of frozen time are skipped.'])
  })

  it('has nothing to play at the tail of a live session', () => {
    const { playback, session } = opened()
    session.status = { ...noStatus, kind: 'live' }
    playback.play()
    expect([playback.isPlaying, session.said.kind]).toEqual([false, 'refused'])
  })
})
