// The output of `explore`: progress and result, as lines and as JSON.
import { RuleMonitors, ruleTexts, type RuleName } from '../check'
import type { ExplorationEnd, ExplorationProgress } from '../lab'
import { actText, type Act, type Counterexample, type ExplorePlan } from '../sim'
import { grouped } from '../trace'

/** A violation that a monitor finds in the recording of the path. */
export interface FoundViolation {
  readonly rule: RuleName
  readonly text: string
  readonly seq: number
}

export interface Explored {
  readonly plan: ExplorePlan
  readonly end: Exclude<ExplorationEnd, { readonly type: 'failed' }>
  readonly acts: readonly Act[]
  /** Why the cluster is stuck at the end of the path; empty if that was not the goal. */
  readonly stuck: string
  readonly violations: readonly FoundViolation[]
  readonly seconds: number
  readonly progress: ExplorationProgress
}

/** `ms`: time since the start. */
export function progressText({ states, depth, queue, growth, bytes, locals }: ExplorationProgress, ms: number): string {
  const parts = [
    `step ${depth + 1}: ${grouped(states)} states`, `${grouped(queue)} to look at`, `${grouped(Math.round(states / ms * 1000))} a second`,
    `${Math.round(bytes / 2 ** 20)} MiB`, `${grouped(locals)} states of single nodes`,
  ]
  return [...parts, ...growth > 0 ? [`${growth.toFixed(1)} times more with each step`] : []].join(', ')
}

/** The recording's title. */
export function titleOf({ settings }: ExplorePlan, end: ExplorationEnd): string {
  const rule = end.type === 'found' ? end.violation?.rule ?? '' : ''
  const what = rule === '' ? 'explored' : rule in ruleTexts ? `${ruleTexts[rule as RuleName].title} broken` : rule
  return settings.mutants.length === 0 ? what : `${what}: ${settings.mutants.join(', ')}`
}

export function violationsOf({ header, events }: Counterexample): FoundViolation[] {
  const monitors = new RuleMonitors(header)
  return events.flatMap((event) => monitors.take(event)).map(({ rule, text, seq }) => ({ rule, text, seq }))
}

export function exploredLines(explored: Explored): string[] {
  const { acts, violations } = explored
  return [
    endText(explored),
    ...acts.map((act, index) => `  ${String(index + 1).padStart(2)}. ${actText(act)}`),
    ...violations.map(({ rule, text, seq }) => `  ${ruleTexts[rule].title}: ${text} (event #${seq})`),
  ]
}

function endText({ plan: { goal, settings }, end, stuck, seconds, progress: { states, depth, steps, bytes } }: Explored): string {
  const rate = `${grouped(Math.round(states / seconds))} states a second, ${Math.round(bytes / states)} bytes a state`
  const how = `(${grouped(states)} states, ${grouped(steps)} steps tried, ${seconds.toFixed(1)} s: ${rate})`
  const broken = settings.mutants.length > 0 ? ` Broken on purpose: ${settings.mutants.join(', ')}.` : ''
  switch (end.type) {
    case 'complete': return `${goal === 'finish' ? 'No order lets every operation end' : 'Nothing was found'}: every state was seen, to ${depth} steps ${how}.${broken}`
    case 'bound': return `Nothing was found to ${depth} steps; ${end.bound === 'depth' ? 'no deeper was asked for' : 'more states are not kept'} ${how}.${broken}`
    case 'cancelled': return `Stopped: nothing was found to ${depth} steps ${how}.${broken}`
    case 'found': {
      const length = end.path.length
      const what = end.violation ? `Broken after ${length} steps: ${end.violation.rule}. ${end.violation.text}`
        : `After ${length} steps ${goal === 'stuck' ? `the cluster is stuck. ${stuck}` : 'every operation has ended.'}`
      return `${what} ${how}${broken}`
    }
  }
}

export function exploredJson({ plan, end, acts, stuck, violations, seconds, progress }: Explored): Record<string, unknown> {
  const ended = end.type === 'found' ? { end: end.type, breach: end.violation, length: end.path.length, stuck } : { end: end.type === 'bound' ? `bound: ${end.bound}` : end.type }
  return { plan, ...ended, way: acts.map(actText), monitors: violations, seconds, ...progress }
}
