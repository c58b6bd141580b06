import { describe, expect, it } from 'vitest'
import type { ScenarioStatus } from '../../../src/contract'
import type { ScenarioStepFacts } from '../../../src/trace'
import { chipOf, currentStep, steerProblem, stepRows } from './scenario-steps'

const status = (changes: Partial<ScenarioStatus> = {}): ScenarioStatus => ({ title: 'A lost reply', state: 'running', steps: ['put a 1', 'kill s1', 'wait for view 3'], at: 2, reason: '', ...changes })
const step = (number: number, state: ScenarioStepFacts['state'], seq: number, detail = ''): ScenarioStepFacts => ({ step: number, text: `step ${number}`, state, detail, seq })

describe('the steps of a scenario', () => {
  it('are those of the file, each as it stands at the cursor', () => {
    const all = [step(1, 'passed', 20, 'ok'), step(2, 'running', 30)]
    expect(stepRows(status(), all, all).map(({ text, word, seq, detail }) => [text, word, seq, detail])).toEqual([
      ['put a 1', 'passed', 20, 'ok'], ['kill s1', 'running', 30, ''], ['wait for view 3', 'waiting', 0, ''],
    ])
    expect(stepRows(status(), [step(1, 'running', 10)], all).map(({ word, seq }) => [word, seq])).toEqual([['running', 20], ['waiting', 30], ['waiting', 0]])
  })

  it('that a failure left out were not played', () => {
    const all = [step(1, 'failed', 20, 'nobody answered')]
    expect(stepRows(status({ state: 'failed' }), all, all).map(({ word }) => word)).toEqual(['failed', 'not played', 'not played'])
  })

  it('are those that began, in a recording', () => {
    expect(stepRows(null, [], [step(2, 'passed', 30), step(1, 'passed', 20)]).map(({ text, word }) => [text, word])).toEqual([['step 1', 'waiting'], ['step 2', 'waiting']])
    expect(stepRows(null, [], [])).toEqual([])
  })

  it('are followed: the one that runs, or the last that ended', () => {
    const of = (...facts: ScenarioStepFacts[]): number => currentStep(stepRows(status(), facts, facts))
    expect([of(), of(step(1, 'passed', 1)), of(step(1, 'passed', 1), step(2, 'running', 2))]).toEqual([-1, 0, 1])
  })
})

describe('the words over them', () => {
  it('say where the scenario is', () => {
    expect(['running', 'paused', 'passed', 'failed', 'not-judged', 'stopped'].map((state) => chipOf(status({ state: state as ScenarioStatus['state'] }), []).text))
      .toEqual(['Running', 'Paused before step 2', 'Passed', 'Failed', 'Not judged', 'Stopped'])
    const rows = stepRows(null, [step(1, 'passed', 20)], [step(1, 'passed', 20), step(2, 'passed', 30)])
    expect(chipOf(null, rows).text).toBe('1 of 2 passed')
  })

  it('say why a hand on it is refused', () => {
    expect([steerProblem('pause', 'running', ''), steerProblem('step', 'paused', ''), steerProblem('stop', 'paused', '')]).toEqual(['', '', ''])
    expect(steerProblem('step', 'running', '')).toBe('The scenario runs: pause it first.')
    expect(steerProblem('stop', 'passed', '')).toBe('The scenario is over.')
    expect(steerProblem('stop', undefined, '')).toBe('No scenario plays here.')
  })
})
