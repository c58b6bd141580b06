import { describe, expect, it } from 'vitest'
import type { SessionStatus } from '../../src/contract'
import { noStatus } from '../stores/session'
import { clockText, countText, secondsText } from '../words/figures'
import { chipOf } from './bar'
import { noticesOf } from './notices'

const status = (changes: Partial<SessionStatus>): SessionStatus => ({ ...noStatus, session: 1, ...changes })
const recording = (problem: string) => ({ path: '/r.jsonl', bytes: 1, problem })

describe('what the bar and its notices say', () => {
  it('says nothing while all is well', () => {
    expect(noticesOf('open', '', status({ kind: 'live', recording: recording('') }))).toEqual([])
  })

  it('offers to save elsewhere when recording stopped, and interrupts for it', () => {
    const problem = 'Recording stopped: the disk is full. The lab goes on.'
    expect(noticesOf('open', '', status({ kind: 'live', recording: recording(problem) }))).toEqual([{ name: 'recording', text: problem, urgent: true, acts: ['save'] }])
  })

  it('says of an opened file that its last line was cut off, without an alarm', () => {
    const [notice] = noticesOf('open', '', status({ kind: 'recorded', recording: recording('The last line was cut off; 48 120 events are whole.') }))
    expect(notice).toMatchObject({ urgent: false, acts: [] })
  })

  it('says why a session ended', () => {
    expect(noticesOf('open', '', status({ kind: 'ended', reason: 'The switchboard ended.' }))).toEqual([
      { name: 'ended', text: 'The switchboard ended.', urgent: true, acts: ['save', 'new-cluster'] }])
  })

  it('puts a lost connection before all', () => {
    expect(chipOf('reconnecting', status({ kind: 'live' })).text).toBe('Reconnecting')
    expect(noticesOf('reconnecting', '', status({ kind: 'live' }))[0]?.name).toBe('connection')
  })

  it('names the session', () => {
    expect((['none', 'starting', 'live', 'recorded', 'ended'] as const).map((kind) => chipOf('open', status({ kind })).text)).toEqual(['No cluster', 'Starting', 'Live', 'Recorded', 'Ended'])
    expect(chipOf('open', status({ kind: 'live', frozen: true })).text).toBe('Frozen')
    expect(chipOf('open', status({ kind: 'live' }), 1500).text).toBe('Live')
    expect(chipOf('open', status({ kind: 'live' }), 42_300)).toMatchObject({ kind: 'warn', text: '42 s behind' })
    expect(chipOf('open', status({ kind: 'live', frozen: true }), 42_300).text).toBe('42 s behind')
    // A recording is never "behind": its events arrive as fast as they are read.
    expect(chipOf('open', status({ kind: 'recorded' }), 42_300).text).toBe('Recorded')
  })

  it('writes times and counts as the log does', () => {
    expect([clockText(42_216_000), clockText(3_661_500_000), secondsText(42_216_400), countText(1_234_567)]).toEqual(['00:42.2', '1:01:01.5', '42.216 s', '1\u2009234\u2009567'])
  })
})
