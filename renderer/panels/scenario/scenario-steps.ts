// The steps of a scenario as rows, at the cursor: the lab's status gives the planned steps, the events give the results. Pure.
import type { ScenarioStatus } from '../../../src/contract'
import type { ScenarioStepFacts } from '../../../src/trace'
import type { Meaning } from '../../glyphs/names'

export interface StepRow {
  readonly number: number
  readonly text: string
  readonly state: ScenarioStepFacts['state'] | 'waiting'
  /** The state in a word. */
  readonly word: string
  readonly glyph: Meaning
  readonly detail: string
  /** The event that a click goes to: the newest event about this step; 0 before the step has begun. */
  readonly seq: number
}

const glyphs = { waiting: 'none', running: 'started', passed: 'ok', failed: 'bad', 'not-judged': 'none' } as const satisfies Record<StepRow['state'], Meaning>

/** `status` is null in a recording, where only the steps that began are known. `shown`: the steps at the cursor; `all`: at the tail. */
export function stepRows(status: ScenarioStatus | null, shown: readonly ScenarioStepFacts[], all: readonly ScenarioStepFacts[]): StepRow[] {
  const begun = new Map(all.map((facts) => [facts.step, facts]))
  const atCursor = new Map(shown.map((facts) => [facts.step, facts]))
  const count = Math.max(status?.steps.length ?? 0, ...begun.keys())
  const isOver = status !== null && status.state !== 'running' && status.state !== 'paused'
  return Array.from({ length: count }, (_, index) => {
    const number = index + 1
    const facts = atCursor.get(number)
    const state = facts?.state ?? 'waiting'
    return {
      number, text: status?.steps[index] ?? begun.get(number)?.text ?? '', state, glyph: glyphs[state], detail: facts?.detail ?? '',
      word: state === 'waiting' && isOver && !begun.has(number) ? 'not played' : state, seq: begun.get(number)?.seq ?? 0,
    }
  })
}

/** The current row: the running step, else the last step that has begun; -1 before the first. */
export function currentStep(rows: readonly StepRow[]): number {
  const running = rows.findIndex(({ state }) => state === 'running')
  return running >= 0 ? running : rows.findLastIndex(({ state }) => state !== 'waiting')
}

export interface ScenarioChip {
  readonly kind: '' | 'live' | 'warn' | 'bad' | 'recorded'
  readonly text: string
  readonly glyph: Meaning
}

export function chipOf(status: ScenarioStatus | null, rows: readonly StepRow[]): ScenarioChip {
  const passed = rows.filter(({ state }) => state === 'passed').length
  if (!status) {
    const hasFailed = rows.some(({ state }) => state === 'failed')
    if (!hasFailed && rows.some(({ state }) => state === 'not-judged')) return { kind: 'warn', text: 'Not judged', glyph: 'none' }
    return hasFailed ? { kind: 'bad', text: 'Failed', glyph: 'bad' } : { kind: 'recorded', text: `${passed} of ${rows.length} passed`, glyph: 'ok' }
  }
  switch (status.state) {
    case 'running': return { kind: 'live', text: 'Running', glyph: 'started' }
    case 'paused': return { kind: 'warn', text: `Paused before step ${status.at}`, glyph: 'paused' }
    case 'passed': return { kind: 'live', text: 'Passed', glyph: 'ok' }
    case 'failed': return { kind: 'bad', text: 'Failed', glyph: 'bad' }
    case 'not-judged': return { kind: 'warn', text: 'Not judged', glyph: 'none' }
    case 'stopped': return { kind: '', text: 'Stopped', glyph: 'dead' }
  }
}

export type Steer = 'pause' | 'step' | 'resume' | 'stop'

/** Why an act on the scenario would be refused now; empty if it would not. `problem`: why no live act is possible. */
export function steerProblem(act: Steer, state: ScenarioStatus['state'] | undefined, problem: string): string {
  if (state === undefined) return 'No scenario plays here.'
  if (problem !== '') return problem
  if (state !== 'running' && state !== 'paused') return 'The scenario is over.'
  if (act === 'pause') return state === 'paused' ? 'The scenario is paused already.' : ''
  if (act === 'stop') return ''
  return state === 'paused' ? '' : 'The scenario runs: pause it first.'
}
