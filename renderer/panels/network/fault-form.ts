// The fault dialog's form as values: what a person chose, the fault that it makes, and one sentence for what is wrong with it. Pure.
import { courseUnreliable, faultLimits, faultProblem, faultText, type Fault, type FaultEffect, type FaultPlan } from '../../../src/network'
import type { MessageType } from '../../../src/protocol'
import { planText } from '../../../src/trace'

export type EffectChoice = FaultEffect['type']

export const effectChoices: readonly { readonly type: EffectChoice; readonly title: string; readonly hint: string }[] = [
  { type: 'cut', title: 'Cut', hint: 'nothing gets through' },
  { type: 'isolate', title: 'Isolate', hint: 'nodes that reach nobody' },
  { type: 'partition', title: 'Partition', hint: 'two groups that do not reach each other' },
  { type: 'drop', title: 'Drop', hint: 'some messages are lost' },
  { type: 'delay', title: 'Delay', hint: 'messages come later' },
  { type: 'duplicate', title: 'Duplicate', hint: 'some come twice' },
  { type: 'reorder', title: 'Reorder', hint: 'some are overtaken by the next' },
  { type: 'hold', title: 'Hold', hint: 'kept until you deliver them' },
  { type: 'unreliable', title: 'Unreliable', hint: 'the course\'s mode: requests lost, or executed and the answer lost' },
]

export interface FaultForm {
  effect: EffectChoice
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
  /** The side of each node in a partition; a node that is not here reaches everyone. */
  sides: Record<string, 'left' | 'right'>
  times: number
  inSeconds: number
  forSeconds: number
}

export function newFaultForm(effect: EffectChoice): FaultForm {
  return {
    effect, from: '', to: '', bothWays: effect === 'cut', kinds: [], percent: effect === 'delay' || effect === 'reorder' ? 100 : 10,
    delay: 'constant', ms: 40, maxMs: 80, nodes: [], sides: {}, times: 0, inSeconds: 0, forSeconds: 0,
  }
}

export function hasLink(effect: EffectChoice): boolean {
  return effect !== 'isolate' && effect !== 'partition'
}

export function hasPercent(effect: EffectChoice): boolean {
  return effect === 'drop' || effect === 'duplicate' || effect === 'delay' || effect === 'reorder'
}

function effectOf(form: FaultForm): FaultEffect {
  const probability = form.percent / 100
  switch (form.effect) {
    case 'cut':
    case 'hold': return { type: form.effect }
    case 'isolate': return { type: 'isolate', nodes: form.nodes }
    case 'partition': {
      const side = (wanted: 'left' | 'right'): string[] => Object.entries(form.sides).filter(([, own]) => own === wanted).map(([name]) => name)
      return { type: 'partition', groups: [side('left'), side('right')] }
    }
    case 'drop':
    case 'duplicate': return { type: form.effect, probability }
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

/** The fault as chosen, named by what it does; a name that is taken gets a number. */
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

/** One sentence, or empty. */
export function formProblem(form: FaultForm, nodes: readonly string[]): string {
  if (hasPercent(form.effect) && !(form.percent > 0 && form.percent <= 100)) return 'A share is more than 0 and at most 100 %.'
  if (!(form.inSeconds >= 0 && form.inSeconds <= 3600 && form.forSeconds >= 0 && form.forSeconds <= 3600)) return 'A fault is planned 0 to 3600 s ahead, and for as long.'
  if (!Number.isInteger(form.times)) return 'The number of messages is a whole number; 0 means no limit.'
  return faultProblem(faultOf(form, new Set()), nodes) ?? ''
}

/** What it will do, as a sentence. */
export function formText(form: FaultForm): string {
  const text = faultText(faultOf(form, new Set()))
  return `${text.replace(/^./, (first) => first.toUpperCase())}${planText(planOf(form))}.`
}
