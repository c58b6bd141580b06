import { describe, expect, it } from 'vitest'
import type { TraceEvent } from '../../src/trace'
import { hear, nothingTold, say } from './announcements'

const member = (name: string) => ({ name, incarnation: 1, address: '' })
const stamp = { seq: 1, at: 0, wall: 0 }
const of = (body: object): TraceEvent => ({ ...stamp, node: 'vs', incarnation: 1, step: 1, ...body }) as unknown as TraceEvent
const explain = () => 'View 3 waits for s2.'

describe('announcements', () => {
  it('counts operations instead of reading each', () => {
    const told = nothingTold()
    for (let at = 0; at < 14; at++) hear(told, of({ type: 'operation-returned', outcome: { type: 'ok' } }), explain)
    hear(told, of({ type: 'operation-returned', outcome: { type: 'failed' } }), explain)
    expect(say(told)).toBe('14 operations ok. 1 operation failed.')
  })

  it('says who is primary and backup in a new view', () => {
    const told = nothingTold()
    hear(told, of({ type: 'view-changed', view: { viewnum: 3, primary: member('s2'), backups: [member('s3')] } }), explain)
    expect(say(told)).toBe('View 3: s2 primary, s3 backup.')
  })

  it('says a stuck cluster at once', () => {
    expect(hear(nothingTold(), of({ type: 'stuck', stuck: { type: 'history-lost' } }), explain)).toBe('Stuck. View 3 waits for s2.')
    expect(hear(nothingTold(), of({ type: 'stuck', stuck: null }), explain)).toBe('')
  })

  it('never speaks heartbeats and messages', () => {
    const told = nothingTold()
    hear(told, of({ type: 'message-sent', id: 's1.1.1.0', from: 's1', to: 'vs', message: { type: 'ping' } }), explain)
    hear(told, of({ type: 'ping-missed', server: 's1', missed: 1 }), explain)
    expect(say(told)).toBe('')
  })

  it('says the last three of many view changes and counts the others', () => {
    const told = nothingTold()
    for (let viewnum = 1; viewnum <= 5; viewnum++) hear(told, of({ type: 'view-acked', view: { viewnum, primary: null, backups: [] } }), explain)
    expect(say(told)).toBe('2 more view changes. View 3 acked. View 4 acked. View 5 acked.')
  })
})
