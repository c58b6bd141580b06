// What a person may do to the network and to a frozen cluster, as data: screens, scenarios and both drivers use these.
import type { MessageKind, NodeName } from '../protocol'
import type { Fault, FaultPlan, Where } from './fault'

/** A condition on which the cluster freezes by itself. */
export interface BreakCondition {
  /** Unique among the conditions of a session. */
  readonly name: string
  readonly on:
    /** A message of this kind was sent: the cluster freezes before its delivery. */
    | { readonly type: 'message'; readonly where: Where }
    /** These freeze after the step that met them; the trace shows what other nodes did meanwhile. An empty node means any. */
    | { readonly type: 'view-changed' }
    | { readonly type: 'view-acked' }
    | { readonly type: 'promoted'; readonly node: NodeName | '' }
    | { readonly type: 'stuck' }
    | { readonly type: 'rule-broken' }
  /** Deliveries go one at a time while this condition is set, so that nothing else happens in the step that meets it. */
  readonly exact: boolean
  /** It stays after it was met; otherwise it is removed then. */
  readonly stays: boolean
}

export type NetworkAct =
  | { readonly type: 'add-fault'; readonly fault: Fault; readonly plan: FaultPlan }
  | { readonly type: 'switch-fault'; readonly fault: string; readonly isOn: boolean }
  | { readonly type: 'remove-fault'; readonly fault: string }
  /** One message that waits: for its node (while frozen), on a slow link, or held. */
  | { readonly type: 'deliver'; readonly id: string }
  | { readonly type: 'drop'; readonly id: string }
  | { readonly type: 'duplicate'; readonly id: string }
  /** One timer of a node in a frozen cluster. */
  | { readonly type: 'fire'; readonly node: NodeName; readonly timer: string }
  | { readonly type: 'add-break'; readonly condition: BreakCondition }
  | { readonly type: 'remove-break'; readonly name: string }

export function breakText({ on, exact }: BreakCondition): string {
  return `${conditionText(on)}${exact ? ', exact' : ''}`
}

function conditionText(on: BreakCondition['on']): string {
  switch (on.type) {
    case 'message': return `${kindsText(on.where.kinds)} sent${from(on.where.from, 'by')}${from(on.where.to, 'to')}`
    case 'view-changed': return 'the view changes'
    case 'view-acked': return 'a view is acked'
    case 'promoted': return `${on.node || 'a node'} is promoted`
    case 'stuck': return 'the cluster is stuck'
    case 'rule-broken': return 'a rule is broken'
  }
}

function kindsText(kinds: readonly MessageKind[]): string {
  return kinds.length === 0 ? 'a message is' : `${kinds.join(' or ')} is`
}

function from(names: readonly NodeName[], word: string): string {
  return names.length === 0 ? '' : ` ${word} ${names.join(' or ')}`
}
