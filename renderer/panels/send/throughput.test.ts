import { describe, expect, it } from 'vitest'
import type { TraceEvent } from '../../../src/trace'
import { createThroughput } from './throughput'

const event = (wallMs: number, type: string): TraceEvent => ({ seq: 1, at: 0, wall: wallMs * 1000, type }) as unknown as TraceEvent

describe('the throughput', () => {
  it('counts what returned in the last second', () => {
    const throughput = createThroughput()
    for (let ms = 0; ms < 3000; ms += 10) throughput.take(event(ms, 'operation-returned'))
    expect(throughput.perSecond()).toBe(100)
  })

  it('falls to nothing when only heartbeats come', () => {
    const throughput = createThroughput()
    for (let ms = 0; ms < 1000; ms += 10) throughput.take(event(ms, 'operation-returned'))
    throughput.take(event(1500, 'timer-fired'))
    expect(throughput.perSecond()).toBe(40)
    throughput.take(event(9000, 'timer-fired'))
    expect(throughput.perSecond()).toBe(0)
  })
})
