import { describe, expect, it } from 'vitest'
import type { EventType, TraceEvent } from '../../src/trace'
import { isFailure, nearest, nearestMessage } from './travel'

const event = (body: object): TraceEvent => ({ seq: 1, at: 0, wall: 0, ...body }) as unknown as TraceEvent

describe('time travel', () => {
  it('counts as failures what nobody asked for, and what somebody did to a process', () => {
    expect(isFailure(event({ type: 'node-killed' }))).toBe(true)
    expect(isFailure(event({ type: 'node-exited', signal: 'SIGKILL' }))).toBe(false)
    expect(isFailure(event({ type: 'node-exited', signal: null, code: 1 }))).toBe(true)
    expect(isFailure(event({ type: 'stuck', stuck: null }))).toBe(false)
  })

  it('finds the next and the previous one, and none beyond the ends', () => {
    expect(nearest([3, 6], 1, 1)).toBe(3)
    expect(nearest([3, 6], 3, 1)).toBe(6)
    expect(nearest([3, 6], 6, -1)).toBe(3)
    expect(nearest([3, 6], 3, -1)).toBeUndefined()
    expect(nearest([3, 6], 6, 1)).toBeUndefined()
  })

  it('goes from message to message, past heartbeats and hand-overs, and no farther than what is known', () => {
    const types: EventType[] = ['message-sent', 'message-handed', 'message-taken', 'message-sent', 'timer-fired', 'message-dropped']
    const index = { typeAt: (seq: number) => types[seq - 1], isHeartbeat: (seq: number) => seq === 4 }
    expect([0, 1, 2, 3, 4, 6].map((seq) => nearestMessage(index, seq, 1, 1, 6))).toEqual([1, 3, 3, 6, 6, undefined])
    expect([7, 6, 3, 1].map((seq) => nearestMessage(index, seq, -1, 1, 6))).toEqual([6, 3, 1, undefined])
    expect([nearestMessage(index, 1, 1, 6, 6), nearestMessage(index, 9, -1, 4, 6), nearestMessage(index, 5, -1, 4, 6)]).toEqual([6, 6, undefined])
  })
})
