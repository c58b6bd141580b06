import { describe, expect, it } from 'vitest'
import { ExploreRequest, type ExploreStanding } from '../../src/contract'
import { defaultSettings } from '../../src/protocol'
import {
  boundFields, clusterText, exploreFormDefault, fieldHint, fieldProblem, figuresOf, formOf, formProblem, nodeFields, parseProgram, requestOf, requestText, shortText,
  type ExploreForm,
} from './explore-form'

const form = (changes: Partial<ExploreForm> = {}): ExploreForm => ({ ...exploreFormDefault, ...changes })
const spec = (name: string) => [...nodeFields, ...boundFields].find((field) => field.name === name) ?? boundFields[0]!
const standing = (changes: Partial<ExploreStanding> = {}): ExploreStanding =>
  ({ states: 12_345, steps: 54_321, queue: 400, depth: 7, bytes: 3 * 1024 * 1024, ms: 500, paused: false, end: null, ...changes })

describe('the Explore form', () => {
  it('takes its default as it is, and the contract does too', () => {
    expect(formProblem(form(), false)).toBe('')
    expect(ExploreRequest.safeParse(requestOf(form(), 0)).success).toBe(true)
    expect(requestOf(form(), 0)).toMatchObject({ seq: 0, replicas: 2, clients: 1, program: ['append', 'get'] })
  })

  it('refuses in every field just what the contract refuses at its limits', () => {
    for (const field of [...nodeFields, ...boundFields]) {
      for (const value of [field.min - 1, field.min, field.max, field.max + 1]) {
        const tried = form({ replicas: 7, [field.name]: value })
        const roomless = field.name === 'replicas' && value === 1
        expect(formProblem(tried, false) === '' || roomless, `${field.name} ${value}`).toBe(ExploreRequest.safeParse(requestOf(tried, 0)).success)
      }
    }
  })

  it('asks nothing about nodes from a moment of a session', () => {
    expect(formProblem(form({ replicas: NaN }), true)).toBe('')
    expect(formProblem(form({ replicas: NaN }), false)).toBe('Replicas: A whole number.')
    expect(ExploreRequest.safeParse(requestOf(form({ replicas: NaN }), 12)).success).toBe(true)
    expect(requestOf(form({ mutants: ['view-without-ack'] }), 12)).toMatchObject({ seq: 12, mutants: [] })
  })

  it('is filled in again as it was for a request', () => {
    const filled = form({ replicas: 4, program: 'get, get', crashes: 0, goal: 'finish', mutants: ['takes-any-forward'] })
    expect(formOf(requestOf(filled, 0))).toEqual(filled)
    expect(formOf(requestOf(filled, 9))).toEqual({ ...filled, replicas: 2, mutants: [] })
  })

  it('reads a program as people type it', () => {
    expect(parseProgram('Append, get  delete;get')).toEqual(['append', 'get', 'delete', 'get'])
    expect(parseProgram(' , ')).toBe('At least one of append, get and delete')
    expect(parseProgram('append put')).toBe('“put” is not one of append, get and delete')
    expect(parseProgram('get get get get get get get')).toBe('At most 6 operations')
    expect(formProblem(form({ program: 'put' }), true)).toBe('Each client does: “put” is not one of append, get and delete.')
  })

  it('says what a number means, and what is wrong with it', () => {
    expect(fieldProblem(form({ backupsWanted: 2 }), spec('backupsWanted'))).toBe('2 replicas leave room for 1')
    expect(fieldProblem(form({ depth: 1001 }), spec('depth'))).toBe('0 to 1\u2009000')
    expect([fieldHint(form(), spec('depth')), fieldHint(form({ depth: 4 }), spec('depth'))]).toEqual(['0: no limit', 'then it stops'])
    expect(fieldHint(form({ replicas: 4 }), spec('backupsWanted'))).toBe('0 to 3')
    expect(fieldHint(form({ crashes: 0 }), spec('restarts'))).toBe('nothing to restart')
  })

  it('tells the cluster of a session, and what is looked for', () => {
    const nodes = [{ name: 'vs', kind: 'view-server' }, { name: 's1', kind: 'replica' }, { name: 's2', kind: 'replica' }, { name: 'c1', kind: 'client' }] as const
    expect(clusterText({ nodes, settings: { ...defaultSettings, mutants: ['takes-any-forward'] } })).toBe('2 replicas, 1 client, 1 backup wanted, broken on purpose: takes any forward')
    expect(requestText(requestOf(form({ goal: 'stuck' }), 0)))
      .toBe('From a new cluster (2 replicas, 1 client, 1 backup wanted), every client doing append, get: the shortest way to a cluster that is stuck.')
    expect(requestText(requestOf(form(), 1200))).toContain('From event #1\u2009200 of its session')
  })

  it('tells how far it has come', () => {
    expect(figuresOf(standing()).map(([, figure]) => figure)).toEqual(['12\u2009345', '54\u2009321', '7', '400', '24\u2009690', '3 MB', '0.5 s'])
    expect(figuresOf(standing({ ms: 0 }))[4]).toEqual(['States a second', '–'])
    expect(figuresOf(standing({ ms: 125_000 }))[6]).toEqual(['Time', '2 min 5 s'])
    expect(shortText(standing())).toBe('Exploring: 12\u2009345 states, 7 steps')
    expect(shortText(standing({ paused: true }))).toBe('Exploration paused: 12\u2009345 states, 7 steps')
    expect(shortText(standing({ end: { type: 'found', rule: 'rule-1', text: '', way: [] } }))).toBe('Exploration: found')
  })
})
