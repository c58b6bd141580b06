// The folded state of a session in virtual time agrees with the states of the machines themselves.
import { describe, expect, test } from 'vitest'
import { defaultSettings, utf8ToBytes } from '../protocol'
import { World } from '../sim'
import { causeText, outcomeSentence, outcomeText, stuckSentence, waitingSentence } from './explain'
import type { TraceEvent } from './event'
import { beginState, copyState, currentView, foldEvent, isDeadToViewServer, type ClusterState } from './fold'
import { OperationLog } from './operations'

function session(play: (world: World) => void): { world: World; events: TraceEvent[]; state: ClusterState; operations: OperationLog } {
  const events: TraceEvent[] = []
  const world = new World({
    title: '', seed: '1', replicas: 3, clients: 1, settings: { ...defaultSettings, operationTimeoutMs: 1000 },
    onEvent: (event) => events.push(event),
  })
  play(world)
  const state = beginState(world.header)
  const operations = new OperationLog()
  for (const event of events) {
    foldEvent(state, event)
    operations.take(event)
  }
  return { world, events, state, operations }
}

const put = (world: World, value: string): number => world.invoke('c1', { type: 'put', key: utf8ToBytes('a'), value: utf8ToBytes(value) })

describe('the folded state', () => {
  test('has the views, roles and lives that the machines have', () => {
    const { world, state } = session((cluster) => {
      cluster.run(500)
      put(cluster, '1')
      cluster.kill('s1')
      cluster.run(2000)
      cluster.restart('s1')
      cluster.pause('s3')
      cluster.run(300)
    })
    const vs = world.inspect('vs')
    expect(vs.kind === 'view-server' && vs.current).toEqual(currentView(state)?.view)
    for (const name of ['s1', 's2']) {
      const replica = world.inspect(name)
      const node = state.nodes.get(name)
      expect(replica.kind === 'replica' && [replica.role, replica.serving, replica.view.viewnum, replica.incarnation]).toEqual([node?.believes, node?.serving, node?.viewnum, node?.incarnation])
    }
    expect(state.nodes.get('s3')?.life).toBe('paused')
    expect(state.nodes.get('s1')).toMatchObject({ life: 'up', incarnation: 2, says: 'idle' })
  })

  test('keeps belief and fact apart: a dead primary is what the view server says until it has missed its pings', () => {
    const { state } = session((cluster) => {
      cluster.run(500)
      cluster.kill('s1')
      cluster.run(200)
    })
    expect(state.nodes.get('s1')).toMatchObject({ life: 'dead', says: 'primary', believes: null, wasKilled: true })
    expect(isDeadToViewServer(state, state.nodes.get('s1') as never)).toBe(false)
  })

  test('is not changed by what happens to a copy of it', () => {
    const { events, state } = session((cluster) => cluster.run(300))
    const copy = copyState(state)
    const before = JSON.stringify([[...state.nodes], state.views])
    foldEvent(copy, { seq: events.length + 1, at: 1, wall: 1, type: 'node-exited', node: 's1', incarnation: 1, code: 1, signal: null, stderr: '' })
    expect(JSON.stringify([[...state.nodes], state.views])).toBe(before)
  })

  test('knows every operation with its outcome, in order', () => {
    const { operations } = session((cluster) => {
      cluster.run(500)
      put(cluster, '1')
      cluster.run(50)
      cluster.invoke('c1', { type: 'get', key: utf8ToBytes('a') }, { target: 's2' })
      cluster.run(50)
      put(cluster, '2')
    })
    expect(operations.list.map((operation) => operation.outcome?.type)).toEqual(['ok', 'failed', undefined])
    expect(operations.openCount).toBe(1)
    expect(operations.list.map((operation) => outcomeSentence(operation))).toEqual([
      'put a 1: ok, by s1 in view 2.',
      'get a failed: s2 refused, only the primary may serve (rule 5). It had no effect.',
      'put a 2 waits for an answer.',
    ])
  })
})

describe('sentences', () => {
  test('say why a view was made', () => {
    const { state } = session((cluster) => {
      cluster.run(500)
      cluster.kill('s1')
      cluster.run(1000)
    })
    expect(state.views.map((view) => causeText(view.cause))).toEqual([
      's1 was the first server that pinged.', 's2 joins as backup.', 's1 missed its pings, s2 takes over as primary, s3 joins as backup.',
    ])
  })

  test('say why the cluster is stuck, with the view and the rule', () => {
    const { state } = session((cluster) => {
      cluster.run(500)
      cluster.kill('s1')
      cluster.kill('s2')
      cluster.run(1000)
    })
    expect(state.stuck && stuckSentence(state.stuck, state)).toBe(
      's1 is dead, and no live backup has its data. View 2 can have no successor: an empty server must not serve (rule 2).')
    expect(stuckSentence({ type: 'ack-of-dead-primary', primary: 's2', restarted: false }, state)).toContain('View 2 waits for the ack of s2, and s2 is dead. By rule 6')
    expect(stuckSentence({ type: 'ack-waits-for-dead-backup', primary: 's1', backup: 's2' }, state)).toContain('s2 can still be restarted')
    expect(stuckSentence({ type: 'history-lost' }, state)).toContain('without failover')
  })

  test('tell waiting from being stuck', () => {
    const { events, world } = session((cluster) => cluster.run(500))
    const acked = events.find((event) => event.type === 'view-acked' && event.view.viewnum === 2) as TraceEvent
    const state = beginState(world.header)
    for (const event of events) {
      if (event.seq >= acked.seq) break
      foldEvent(state, event)
    }
    expect(waitingSentence(state)).toBe('View 2 is not acked yet: s1 has not pinged with it.')
    foldEvent(state, acked)
    expect(waitingSentence(state)).toBeUndefined()
  })

  test('are honest about what is unknown', () => {
    expect(outcomeText({ type: 'unknown', reason: 'timeout' })).toBe('unknown: nobody answered in time')
    expect(outcomeText({ type: 'failed', reason: 'never-sent', by: '' })).toBe('failed: no view was known in time, so it was never sent')
  })
})
