import { createPinia, setActivePinia } from 'pinia'
import { beforeEach, describe, expect, it } from 'vitest'
import { connectLab, createPortPair, serveLab, type LabHandlers } from '../../src/contract'
import { defaultSettings } from '../../src/protocol'
import type { TraceEvent, TraceHeader } from '../../src/trace'
import { noStatus, useSessionStore } from '../stores/session'
import { useTraceStore } from '../stores/trace'
import { useExplore } from './explore'
import { useOverlays } from '../stores/overlays'

const header: TraceHeader = {
  understudy: 'recording', version: 3, parent: null, source: 'live', title: '', createdAt: '', settings: defaultSettings, seed: '', protocolHash: '',
  nodes: [{ name: 's1', kind: 'replica' }],
}
const stamp = (seq: number) => ({ seq, at: seq * 1000, wall: 0 })
const started: TraceEvent = { type: 'node-paused', ...stamp(1), node: 's1', incarnation: 1 }
const frozen: TraceEvent = { type: 'frozen', ...stamp(2), freeze: 1, timers: [], reason: 'by hand', metBy: 0 }
let asked: number[] = []

function session(kind: 'live' | 'recorded', events: readonly TraceEvent[], changes: Partial<TraceHeader> = {}) {
  useTraceStore().reset(3, { ...header, ...changes })
  useTraceStore().take([...events])
  useSessionStore().status = { ...noStatus, session: 3, kind }
  return useExplore()
}

describe('exploring from the window', () => {
  beforeEach(() => {
    setActivePinia(createPinia())
    asked = []
    const [screen, lab] = createPortPair()
    serveLab(lab, { rerun: ({ session: number }) => { asked.push(number); return { session: 4 } } } as Partial<LabHandlers> as LabHandlers)
    useSessionStore().lab = connectLab(screen)
    useSessionStore().connection = 'open'
  })

  it('opens the form for the event at the cursor', () => {
    const explore = session('live', [started, frozen])
    useTraceStore().goTo(1)
    explore.fromHere()
    expect([useOverlays().shown, useOverlays().exploreSeq]).toEqual(['explore', 1])
    explore.fromNew()
    expect(useOverlays().exploreSeq).toBe(0)
  })

  it('says why nothing can be explored from here, and opens nothing', () => {
    session('recorded', []).fromHere()
    expect([useOverlays().shown, useSessionStore().said.text]).toEqual([null, 'Nothing has happened yet; go to an event to explore from it.'])
    expect(session('recorded', [started], { source: 'imported' }).hereProblem).toMatch(/nothing to explore from/)
    expect(session('recorded', [started], { settings: { ...defaultSettings, replication: 'asynchronous' } }).hereProblem).toMatch(/^Asynchronous replication/)
  })

  it('runs a recording again that ends in a freeze, and asks first where a cluster would end', async () => {
    await session('recorded', [started, frozen]).rerun()
    expect([asked, useOverlays().shown]).toEqual([[3], null])
    void session('live', [started, frozen]).rerun()
    expect([asked, useOverlays().shown]).toEqual([[3], 'confirm-rerun'])
  })

  it('says that the session does not end frozen', () => {
    expect(session('recorded', [started]).rerunProblem).toMatch(/^The cluster is not frozen at the end/)
  })
})
