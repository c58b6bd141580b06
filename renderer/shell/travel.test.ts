import { describe, expect, it } from 'vitest'
import type { TraceEvent } from '../../src/trace'
import { isFailure, isViewChange, nearest, seqAtTime } from './travel'

const events = [
  { type: 'view-changed', at: 10 }, { type: 'message-sent', at: 10 }, { type: 'node-killed', at: 20 }, { type: 'node-exited', signal: 'SIGKILL', at: 20 },
  { type: 'view-changed', at: 30 }, { type: 'node-exited', signal: null, code: 1, at: 40 },
].map((body, index) => ({ seq: index + 1, wall: 0, ...body })) as unknown as TraceEvent[]

describe('time travel', () => {
  it('finds the next and the previous failure, an expected exit not counted', () => {
    expect(nearest(events, 1, 1, isFailure)).toBe(3)
    expect(nearest(events, 3, 1, isFailure)).toBe(6)
    expect(nearest(events, 6, -1, isFailure)).toBe(3)
    expect(nearest(events, 3, -1, isFailure)).toBeUndefined()
  })

  it('finds views from before the first event and after the last', () => {
    expect(nearest(events, 0, 1, isViewChange)).toBe(1)
    expect(nearest(events, 7, -1, isViewChange)).toBe(5)
  })

  it('lands on the last event of a moment', () => {
    expect(seqAtTime(events, 20)).toBe(4)
    expect(seqAtTime(events, 25)).toBe(4)
    expect(seqAtTime(events, 5)).toBe(0)
    expect(seqAtTime(events, 99)).toBe(6)
  })
})
