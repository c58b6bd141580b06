// Makes faults and break conditions from the short form in a scenario's file.
import { courseUnreliable, type BreakCondition, type Delay, type Fault, type FaultEffect, type FaultPlan, type Where } from '../network'
import type { MessageType, NodeName } from '../protocol'
import type { BreakForm, FaultStep } from './schema'
import { breakKindOf, faultKindOf, isShareKind } from './step'

type NodesOf = (words: string | readonly string[]) => NodeName[]

/** `fallback` is the name of a fault that has none. Roles become the nodes that have them now. */
export function faultOf(step: FaultStep, fallback: string, nodesOf: NodesOf): { fault: Fault; plan: FaultPlan } {
  return {
    fault: { name: step.name ?? fallback, where: whereOf(step, nodesOf), bothWays: step.bothWays ?? false, effect: effectOf(step, nodesOf), times: step.times ?? 0 },
    plan: { inMs: step.in ?? 0, forMs: step.for ?? 0 },
  }
}

interface LinkWords {
  readonly from?: string | readonly string[] | undefined
  readonly to?: string | readonly string[] | undefined
  readonly kinds?: MessageType | readonly MessageType[] | undefined
}

function whereOf({ from, to, kinds }: LinkWords, nodesOf: NodesOf): Where {
  return { from: from === undefined ? [] : nodesOf(from), to: to === undefined ? [] : nodesOf(to), kinds: kinds === undefined ? [] : [kinds].flat() }
}

function effectOf(form: FaultStep, nodesOf: NodesOf): FaultEffect {
  const { share = 1 } = form
  const kind = faultKindOf(form)
  if (isShareKind(kind)) return { type: kind.type, probability: kind.given }
  switch (kind.type) {
    case 'cut': return { type: 'cut' }
    case 'isolate': return { type: 'isolate', nodes: nodesOf(kind.given) }
    case 'partition': return { type: 'partition', groups: kind.given.map(nodesOf) }
    case 'delay': return { type: 'delay', probability: share, delay: delayOf(kind.given) }
    case 'reorder': return { type: 'reorder', probability: share, withinMs: 200 }
    case 'hold': return { type: 'hold' }
    case 'unreliable': return kind.given === true ? courseUnreliable : { type: 'unreliable', ...kind.given }
  }
}

function delayOf(delay: NonNullable<FaultStep['delay']>): Delay {
  if (typeof delay === 'number') return { type: 'constant', ms: delay }
  return 'mean' in delay ? { type: 'exponential', meanMs: delay.mean } : { type: 'uniform', minMs: delay.min, maxMs: delay.max }
}

export function breakOf(form: BreakForm, fallback: string, nodesOf: NodesOf): BreakCondition {
  return { name: form.name ?? fallback, on: conditionOf(form, nodesOf), exact: form.exact, stays: false }
}

function conditionOf(form: BreakForm, nodesOf: NodesOf): BreakCondition['on'] {
  const kind = breakKindOf(form)
  switch (kind.type) {
    case 'message': return { type: 'message', where: whereOf(kind.given, nodesOf) }
    case 'view': return { type: kind.given === 'acked' ? 'view-acked' : 'view-changed' }
    case 'promoted': return { type: 'promoted', node: kind.given === true ? '' : nodesOf(kind.given)[0] ?? '' }
    case 'stuck': return { type: 'stuck' }
    case 'rule': return { type: 'rule-broken' }
  }
}
