import { describe, expect, it } from 'vitest'
import { anywhere, courseUnreliable, faultText, type Fault, type FaultEffect } from '../../../src/network'
import { defaultSettings } from '../../../src/protocol'
import { beginState, foldEvent, type ClusterState, type EventBody, type TraceHeader } from '../../../src/trace'
import { effectChoices, faultOf, formProblem, formText, newFaultForm } from '../../stores/fault-form'
import { cutName, doneText, matrixOf, nextCell, type Cell } from './matrix'

const header: TraceHeader = {
  understudy: 'recording', version: 3, parent: null, source: 'live', title: '', createdAt: '', settings: defaultSettings, seed: '', protocolHash: '',
  nodes: [{ name: 'vs', kind: 'view-server' }, { name: 's1', kind: 'replica' }, { name: 's2', kind: 'replica' }, { name: 'c1', kind: 'client' }, { name: 'c2', kind: 'client' }],
}
const nodes = header.nodes.map(({ name }) => name)

function stateOf(...bodies: EventBody[]): ClusterState {
  const state = beginState(header)
  bodies.forEach((body, index) => foldEvent(state, { seq: index + 1, at: 1000, wall: 1000, ...body }))
  return state
}

function added(name: string, effect: FaultEffect, more: Partial<Fault> = {}): EventBody {
  const rule: Fault = { name, where: anywhere, bothWays: false, effect, times: 0, ...more }
  return { type: 'fault-added', fault: name, text: faultText(rule), rule, plan: { inMs: 0, forMs: 0 }, isOn: true }
}

const link = (from: string, to: string) => ({ from: [from], to: [to], kinds: [] })

function cell(state: ClusterState, from: string, to: string): Cell {
  return matrixOf(state).find((row) => row.from === from)?.cells.find((found) => found.to === to) as Cell
}

describe('a cell', () => {
  it.each<[string, EventBody[], Partial<Cell>]>([
    ['is open', [], { kind: 'open', label: 's1 to s2: open' }],
    ['is cut by the matrix', [added(cutName('s1', 's2'), { type: 'cut' }, { where: link('s1', 's2') })], { kind: 'cut', mark: '✕', label: 's1 to s2: cut' }],
    ['is cut by another fault, which is named', [added('alone', { type: 'isolate', nodes: ['s1'] })], { kind: 'cut', label: 's1 to s2: cut by alone', cutBy: 'alone' }],
    ['a cut of one kind does not cut it', [added('x', { type: 'cut' }, { where: { from: [], to: [], kinds: ['forward'] } })], { kind: 'late', label: 's1 to s2: x' }],
    ['loses', [added('a', { type: 'drop', probability: 0.1 }), added('b', { type: 'drop', probability: 0.5 })], { kind: 'lossy', mark: '55', label: 's1 to s2: loses 55 %' }],
    ['is late', [added('a', { type: 'delay', probability: 1, delay: { type: 'uniform', minMs: 20, maxMs: 60 } })], { kind: 'late', mark: '+40', label: 's1 to s2: 40 ms late' }],
    ['the unreliable mode loses requests', [added('u', courseUnreliable)], { kind: 'lossy', mark: '10' }],
    ['holds', [
      { type: 'message-sent', id: 's1.1.1.0', from: 's1', to: 's2', message: { type: 'restarted', viewnum: 1, fromIncarnation: 1, toIncarnation: 1 } },
      { type: 'message-held', id: 's1.1.1.0', reason: 'h' },
    ], { kind: 'held', mark: '○1', label: 's1 to s2: 1 held' }],
    ['a fault that is off does nothing', [added('a', { type: 'cut' }), { type: 'fault-switched', fault: 'a', isOn: false, reason: 'by hand' }], { kind: 'open' }],
  ])('%s', (_what, bodies, expected) => {
    expect(cell(stateOf(...bodies), 's1', 's2')).toMatchObject(expected)
  })

  it('is none between clients and to itself', () => {
    expect([cell(stateOf(), 'c1', 'c2').kind, cell(stateOf(), 's1', 's1').kind, cell(stateOf(), 'c1', 's1').kind]).toEqual(['none', 'none', 'open'])
  })
})

it('arrow keys pass over what is no link, and end at the border', () => {
  const rows = matrixOf(stateOf())
  expect(nextCell(rows, { from: 'vs', to: 's1' }, 'ArrowDown')).toMatchObject({ from: 's2', to: 's1' })
  expect(nextCell(rows, { from: 's1', to: 'vs' }, 'ArrowRight')).toMatchObject({ from: 's1', to: 's2' })
  expect(nextCell(rows, { from: 's1', to: 'c2' }, 'ArrowRight')).toBeUndefined()
  expect(nextCell(rows, { from: 's1', to: 'c2' }, 'Enter')).toBeUndefined()
})

it('says what a fault has done', () => {
  const state = stateOf(added('a', { type: 'drop', probability: 1 }), { type: 'message-dropped', id: 'x', reason: { type: 'fault', fault: 'a' } })
  expect(doneText(state.faults.get('a') as never)).toBe('1 lost')
})

describe('the form', () => {
  it('makes a fault of every kind that the network takes, with its words', () => {
    for (const { type } of effectChoices) {
      const form = { ...newFaultForm(type), nodes: ['s1'], sides: { s1: 'left', s2: 'right' } as const }
      expect(formProblem({ ...form, sides: { ...form.sides } }, nodes), type).toBe('')
      expect(formText({ ...form, sides: { ...form.sides } })).toMatch(/^[A-Z].*\.$/)
    }
  })

  it('gives a name that is free', () => {
    const form = { ...newFaultForm('cut'), from: 's1', to: 's2', bothWays: false }
    expect([faultOf(form, new Set()).name, faultOf(form, new Set(['cut s1 → s2'])).name]).toEqual(['cut s1 → s2', 'cut s1 → s2 2'])
  })

  it.each([
    [{ ...newFaultForm('drop'), percent: 0 }, 'A share is more than 0 and at most 100 %.'],
    [{ ...newFaultForm('drop'), percent: NaN }, 'A share is more than 0 and at most 100 %.'],
    [newFaultForm('isolate'), 'Isolating needs a node at least.'],
    [newFaultForm('partition'), 'A partition needs two groups at least.'],
    [{ ...newFaultForm('delay'), delay: 'uniform' as const, ms: 50, maxMs: 10 }, 'A delay from 50 to 10 ms has no length.'],
    [{ ...newFaultForm('cut'), times: 1.5 }, 'The number of messages is a whole number; 0 means no limit.'],
    [{ ...newFaultForm('cut'), inSeconds: -1 }, 'A fault is planned 0 to 3600 s ahead, and for as long.'],
  ])('%#: says what is wrong', (form, sentence) => {
    expect(formProblem(form, nodes)).toBe(sentence)
  })
})
