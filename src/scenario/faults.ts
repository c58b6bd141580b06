// Faults and break conditions from the short form that a scenario's file has.
import { courseUnreliable, type BreakCondition, type Delay, type Fault, type FaultEffect, type FaultPlan, type Where } from '../network'
import type { MessageType, NodeName } from '../protocol'
import type { FaultStep, PlainStep } from './schema'

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

function effectOf(step: FaultStep, nodesOf: NodesOf): FaultEffect {
  const { cut, isolate, partition, drop, delay, duplicate, reorder, hold, unreliable, share = 1 } = step
  if (cut) return { type: 'cut' }
  if (isolate !== undefined) return { type: 'isolate', nodes: nodesOf(isolate) }
  if (partition) return { type: 'partition', groups: partition.map(nodesOf) }
  if (drop !== undefined) return { type: 'drop', probability: drop }
  if (delay !== undefined) return { type: 'delay', probability: share, delay: delayOf(delay) }
  if (duplicate !== undefined) return { type: 'duplicate', probability: duplicate }
  if (reorder) return { type: 'reorder', probability: share, withinMs: 200 }
  if (hold) return { type: 'hold' }
  return unreliable === undefined || unreliable === true ? courseUnreliable : { type: 'unreliable', ...unreliable }
}

function delayOf(delay: NonNullable<FaultStep['delay']>): Delay {
  if (typeof delay === 'number') return { type: 'constant', ms: delay }
  return 'mean' in delay ? { type: 'exponential', meanMs: delay.mean } : { type: 'uniform', minMs: delay.min, maxMs: delay.max }
}

export function breakOf({ name, exact, message, view, promoted, stuck, rule }: NonNullable<PlainStep['break']>, fallback: string, nodesOf: NodesOf): BreakCondition {
  const on = ((): BreakCondition['on'] => {
    if (message) return { type: 'message', where: whereOf(message, nodesOf) }
    if (view) return { type: view === 'acked' ? 'view-acked' : 'view-changed' }
    if (promoted !== undefined) return { type: 'promoted', node: promoted === true ? '' : nodesOf(promoted)[0] ?? '' }
    return rule && !stuck ? { type: 'rule-broken' } : { type: 'stuck' }
  })()
  return { name: name ?? fallback, on, exact, stays: false }
}
