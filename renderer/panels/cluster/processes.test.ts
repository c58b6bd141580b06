import { describe, expect, it } from 'vitest'
import { defaultSettings } from '../../../src/protocol'
import { beginState, foldEvent, type ClusterState, type TraceEvent, type TraceHeader } from '../../../src/trace'
import { clusterWords, processFacts, processRows, stuckWords, viewWords } from './processes'

const header: TraceHeader = {
  understudy: 'recording', version: 3, parent: null, source: 'live', title: '', createdAt: '2026-01-01T00:00:00.000Z', settings: { ...defaultSettings, mutants: [] }, seed: 's', protocolHash: '',
  nodes: [{ name: 'vs', kind: 'view-server' }, { name: 's1', kind: 'replica' }, { name: 's2', kind: 'replica' }, { name: 'c1', kind: 'client' }],
}
const member = (name: string, incarnation = 1) => ({ name, incarnation, address: '' })
const view2 = { viewnum: 2, primary: member('s1'), backups: [member('s2')] }

/** Folds bodies of events, a millisecond apart. */
function stateAfter(...bodies: object[]): ClusterState {
  const state = beginState(header)
  bodies.forEach((body, index) => foldEvent(state, { seq: index + 1, at: index * 1000, wall: 0, incarnation: 1, step: 1, ...body } as unknown as TraceEvent))
  return state
}

const up = (node: string) => ({ type: 'node-started', node, kind: 'replica', pid: 4107, seed: '' })
const change = { type: 'view-changed', node: 'vs', view: view2, cause: { type: 'first-server', server: 's1' } }
const acked = { type: 'view-acked', node: 'vs', view: view2 }
const believes = (node: string, role: string, viewnum = 2) => ({ type: 'role-changed', node, role, viewnum, serving: true })
const missed = (server: string, count: number) => ({ type: 'ping-missed', node: 'vs', server, missed: count })
const row = (state: ClusterState, name: string, now = 0) => processRows(state, now).find((found) => found.name === name)

describe('the cluster panel', () => {
  it('shows what the view server says beside what a server believes, and marks the difference in words', () => {
    const state = stateAfter(up('s1'), up('s2'), change, believes('s1', 'idle', 1), believes('s2', 'backup'))
    expect(row(state, 's1')).toMatchObject({ says: { word: 'primary' }, believes: { word: 'idle' }, viewnum: '1' })
    expect(row(state, 's1')?.differs).toBe('The view server says primary, s1 believes idle.')
    expect(row(state, 's2')?.differs).toBe('')
  })

  it('shows a server that the view server holds for dead while its process is paused', () => {
    const state = stateAfter(up('s1'), change, believes('s1', 'primary'), { type: 'node-paused', node: 's1' }, missed('s1', 5))
    expect(row(state, 's1')).toMatchObject({ life: 'paused', says: { word: 'dead' }, believes: { word: 'paused' } })
  })

  it('fills the meter with missed checks, and empties it with the next ping', () => {
    expect(row(stateAfter(up('s1'), missed('s1', 3)), 's1')?.meter).toEqual({ cells: 5, filled: 3, words: '3 of 5 ping checks missed' })
    expect(row(stateAfter(up('s1'), missed('s1', 3), { type: 'ping-resumed', node: 'vs', server: 's1' }), 's1')?.meter?.filled).toBe(0)
  })

  it('tells a kill from a process that ended by itself, and shows the last lines of that one', () => {
    const exit = { type: 'node-exited', node: 's1', code: 1, signal: null, stderr: 'no space left\n' }
    expect(row(stateAfter(up('s1'), exit), 's1')).toMatchObject({ life: 'dead', detail: 'ended by itself 0.001 s', lastWords: 'no space left', pid: 0 })
    expect(row(stateAfter(up('s1'), { type: 'node-killed', node: 's1' }, exit), 's1')).toMatchObject({ detail: 'killed 0.002 s', lastWords: '' })
  })

  it('says why a process could not be started', () => {
    expect(row(stateAfter({ type: 'node-failed', node: 's2', reason: 'spawn EAGAIN' }), 's2')).toMatchObject({ life: 'failed', detail: 'could not be started', lastWords: 'spawn EAGAIN' })
  })

  it('tells a screen reader a whole row', () => {
    const state = stateAfter(up('s1'), change, believes('s1', 'primary'), missed('s1', 2))
    expect(row(state, 's1')?.spoken).toBe('s1: primary, believes primary, view 2, 2 of 5 ping checks missed')
  })

  it('says since when a view is acked, and what it waits for until then', () => {
    expect(viewWords(stateAfter(change, acked), 9000)).toEqual({ viewnum: 2, primary: 's1', backups: ['s2'], acked: true, state: 'acked after 1 ms · since 0.000 s' })
    expect(viewWords(stateAfter(up('s1'), change), 9000)).toMatchObject({ acked: false, state: 'View 2 is not acked yet: s1 has not pinged with it.' })
    expect(viewWords(stateAfter(), 0)).toMatchObject({ viewnum: 0, acked: false })
  })

  it('says that a cluster is stuck, why, and whether it stays so', () => {
    const dead = { type: 'stuck', node: 'vs', stuck: { type: 'ack-of-dead-primary', primary: 's1', restarted: false } }
    expect(stuckWords(stateAfter(change, dead))).toMatchObject({ title: 'Stuck, and it will stay stuck', text: expect.stringContaining('View 2 waits for the ack of s1') as string })
    const backup = { type: 'stuck', node: 'vs', stuck: { type: 'ack-waits-for-dead-backup', primary: 's1', backup: 's2' } }
    expect(stuckWords(stateAfter(change, backup))?.title).toBe('Stuck until s2 is back')
    expect(stuckWords(stateAfter(change, dead, { type: 'stuck', node: 'vs', stuck: null }))).toBeNull()
  })

  it('counts what was asked for', () => {
    expect(clusterWords(header)).toBe('2 replicas, 1 backup wanted')
  })

  it('tells the palette replicas first, with their roles', () => {
    expect(processFacts(stateAfter(up('s1'), change)).map(({ name, role }) => `${name} ${role}`)).toEqual(['s1 the primary', 's2 a backup', 'c1 ', 'vs the view server'])
  })
})
