// The form of the fault dialog as values: the choices, the fault that they make, and one sentence for a problem. Pure.
import { courseUnreliable, effectForms, effectTypes, faultLimits, faultProblem, faultText, isShareEffect, type EffectType, type Fault, type FaultEffect, type FaultPlan } from '../../src/network'
import type { MessageType } from '../../src/protocol'
import { planText } from '../../src/trace'

const hints: Readonly<Record<EffectType, string>> = {
  cut: 'nothing gets through',
  isolate: 'nodes that reach nobody',
  partition: 'two groups that do not reach each other',
  drop: 'some messages are lost',
  delay: 'messages come later',
  duplicate: 'some come twice',
  reorder: 'some are overtaken by the next',
  hold: 'kept until you deliver them',
  unreliable: 'the course\'s mode: requests lost, or executed and the answer lost',
}

export const effectChoices = effectTypes.map((type) => ({ type, title: type.replace(/^./, (first) => first.toUpperCase()), hint: hints[type] }))

export interface FaultForm {
  effect: EffectType
  /** '': any. */
  from: string
  to: string
  bothWays: boolean
  /** Empty: any. */
  kinds: MessageType[]
  percent: number
  delay: 'constant' | 'uniform' | 'exponential'
  ms: number
  maxMs: number
  nodes: string[]
  /** The side of each node in a partition; a node without a side reaches all nodes. */
  sides: Record<string, 'left' | 'right'>
  times: number
  inSeconds: number
  forSeconds: number
}

export function newFaultForm(effect: EffectType): FaultForm {
  return {
    effect, from: '', to: '', bothWays: effect === 'cut', kinds: [], percent: effect === 'delay' || effect === 'reorder' ? 100 : 10,
    delay: 'constant', ms: 40, maxMs: 80, nodes: [], sides: {}, times: 0, inSeconds: 0, forSeconds: 0,
  }
}

export function hasLink(effect: EffectType): boolean {
  return effect !== 'isolate' && effect !== 'partition'
}

export function hasPercent(effect: EffectType): boolean {
  return 'probability' in effectForms[effect]
}

function effectOf(form: FaultForm): FaultEffect {
  const { effect, percent } = form
  const probability = percent / 100
  if (isShareEffect(effect)) return { type: effect, probability }
  switch (effect) {
    case 'cut':
    case 'hold': return { type: effect }
    case 'isolate': return { type: 'isolate', nodes: form.nodes }
    case 'partition': {
      const side = (wanted: 'left' | 'right'): string[] => Object.entries(form.sides).filter(([, own]) => own === wanted).map(([name]) => name)
      return { type: 'partition', groups: [side('left'), side('right')] }
    }
    case 'reorder': return { type: 'reorder', probability, withinMs: 200 }
    case 'delay': return { type: 'delay', probability, delay: delayOf(form) }
    case 'unreliable': return courseUnreliable
  }
}

function delayOf({ delay, ms, maxMs }: FaultForm): Extract<FaultEffect, { type: 'delay' }>['delay'] {
  switch (delay) {
    case 'constant': return { type: 'constant', ms }
    case 'uniform': return { type: 'uniform', minMs: ms, maxMs }
    case 'exponential': return { type: 'exponential', meanMs: ms }
  }
}

/** The chosen fault, named by its effect; if the name is taken, a number is added. */
export function faultOf(form: FaultForm, taken: ReadonlySet<string>): Fault {
  const named = (name: string): Fault => {
    const link = hasLink(form.effect)
    const where = { from: link && form.from !== '' ? [form.from] : [], to: link && form.to !== '' ? [form.to] : [], kinds: form.kinds }
    return { name, where, bothWays: link && form.bothWays, effect: effectOf(form), times: form.times }
  }
  const text = faultText(named('x')).slice(0, faultLimits.nameCharacters - 4)
  let name = text
  for (let number = 2; taken.has(name); number++) name = `${text} ${number}`
  return named(name)
}

export function planOf({ inSeconds, forSeconds }: FaultForm): FaultPlan {
  return { inMs: inSeconds * 1000, forMs: forSeconds * 1000 }
}

/** The problem of the form in one sentence, or empty. */
export function formProblem(form: FaultForm, nodes: readonly string[]): string {
  if (hasPercent(form.effect) && !(form.percent > 0 && form.percent <= 100)) return 'A share is more than 0 and at most 100 %.'
  if (!(form.inSeconds >= 0 && form.inSeconds <= 3600 && form.forSeconds >= 0 && form.forSeconds <= 3600)) return 'A fault is planned 0 to 3600 s ahead, and for as long.'
  if (!Number.isInteger(form.times)) return 'The number of messages is a whole number; 0 means no limit.'
  return faultProblem(faultOf(form, new Set()), nodes) ?? ''
}

/** The effect of the fault as a sentence. */
export function formText(form: FaultForm): string {
  const text = faultText(faultOf(form, new Set()))
  return `${text.replace(/^./, (first) => first.toUpperCase())}${planText(planOf(form))}.`
}
