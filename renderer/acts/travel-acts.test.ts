// @vitest-environment happy-dom
import { createPinia, setActivePinia } from 'pinia'
import { beforeEach, describe, expect, it } from 'vitest'
import type { TraceEvent } from '../../src/trace'
import { noStatus, useSessionStore } from '../stores/session'
import { useTraceStore } from '../stores/trace'
import { useTravel } from './travel-acts'

const frozen = (seq: number): TraceEvent => ({ seq, at: seq, wall: 0, type: seq % 2 === 1 ? 'frozen' : 'thawed' }) as unknown as TraceEvent

describe('travel', () => {
  beforeEach(() => setActivePinia(createPinia()))

  it('selects the moment that it goes to, and stays within what has happened', () => {
    const trace = useTraceStore()
    trace.take([1, 2, 3].map(frozen))
    const travel = useTravel()
    travel.select(1)
    expect([trace.cursor, trace.selection]).toEqual([1, { type: 'event', seq: 1 }])
    travel.select(9)
    expect(trace.cursor).toBe(3)
  })

  it('says that nothing is here yet, where a session is still being read, and moves nothing', () => {
    const session = useSessionStore()
    const trace = useTraceStore()
    const travel = useTravel()
    const ways: (() => void)[] = [() => travel.select(1), () => travel.step('event', -1), () => travel.step('view', 1)]
    for (const recording of [{ path: '', bytes: 9, problem: '', readShare: 0.1 }, null]) {
      session.status = { ...noStatus, session: 1, kind: 'recorded', recording, latest: recording === null ? 7 : 0 }
      for (const go of ways) {
        const { key } = session.said
        go()
        expect(session.said).toMatchObject({ key: key + 1, kind: 'refused', text: expect.stringMatching(/^No .+ is here yet: the session is still being read\.$/) as unknown })
        expect(trace.cursor).toBe('live')
      }
    }
  })

  it('says that there is nothing, where a session has no event', () => {
    const session = useSessionStore()
    useTravel().select(1)
    expect([session.said.text, session.said.kind]).toEqual(['There is no event.', 'refused'])
  })
})
