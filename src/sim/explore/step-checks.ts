// The rules that a single step of a node can break by itself: only the node before, its input and its effects matter. Rules that need other
// nodes are in state-checks.ts. The sentences are provisional; the monitors judge the recording made of a path.
import type { RuleName } from '../../check'
import type { Input, Member, Reply, Report, Start, View } from '../../protocol'
import type { ReplicaFacts, ViewServerFacts } from './facts'
import type { Local, Mail } from './locals'

export interface StepViolation {
  /** `linearizability` and `assertion` (a machine that stopped itself) have no monitor. */
  readonly rule: RuleName | 'equal-copies' | 'linearizability' | 'assertion'
  readonly text: string
}

/** An input, and what the node reported in its step. */
export interface Taken {
  readonly input: Exclude<Input, Start>
  readonly reports: readonly Report[]
}

export function stepViolation(before: Local, after: Local, taken: readonly Taken[], sends: readonly Mail[]): StepViolation | null {
  if (before.facts?.type === 'view-server') return viewServerViolation(before.facts, taken)
  if (before.facts?.type === 'replica' && after.facts?.type === 'replica') return replicaViolation(before, before.facts, after.facts, taken, sends)
  return null
}

function viewServerViolation(before: ViewServerFacts, taken: readonly Taken[]): StepViolation | null {
  let { current, isAcked } = before
  let initialised = before.initialised
  for (const { input, report } of taken.flatMap(({ input, reports }) => reports.map((report) => ({ input, report })))) {
    if (report.type === 'view-acked') {
      isAcked = true
      const ping = input.type === 'message' && input.message.type === 'ping' ? input : null
      const isAck = ping?.from === current.primary?.name && ping?.message.type === 'ping' && ping.message.viewnum === current.viewnum
      if (!isAck) return { rule: 'rule-6', text: `The view server took view ${current.viewnum} for acked, and its primary had not pinged with it.` }
      if (ping.message.type === 'ping') initialised = ping.message.initialised.map(({ name, incarnation }) => [name, incarnation] as const)
    }
    if (report.type !== 'view-changed') continue
    const { view } = report
    if (current.viewnum > 0) {
      if (!isAcked) return { rule: 'rule-6', text: `The view server made view ${view.viewnum} before view ${current.viewnum} was acked.` }
      if (!mayLead(view, current, initialised)) {
        return { rule: 'rule-2', text: `View ${view.viewnum} makes ${view.primary?.name ?? 'nobody'} primary, which held none of the data of view ${current.viewnum}.` }
      }
    }
    current = view
    isAcked = false
    initialised = []
  }
  return null
}

function mayLead({ primary, viewnum }: View, before: View, initialised: ViewServerFacts['initialised']): boolean {
  if (!primary || viewnum !== before.viewnum + 1) return false
  const { name, incarnation } = primary
  const isOne = (member: Pick<Member, 'name' | 'incarnation'> | null): boolean => member?.name === name && member.incarnation === incarnation
  const wasMade = before.backups.some((backup) => backup.name === name) && initialised.some(([one, life]) => one === name && life === incarnation)
  return isOne(before.primary) || before.backups.some(isOne) || wasMade
}

function replicaViolation(local: Local, before: ReplicaFacts, after: ReplicaFacts, taken: readonly Taken[], sends: readonly Mail[]): StepViolation | null {
  const { name } = local
  // A replica's step has one input, or one timer that fires twice.
  const input = taken[0]?.input
  if (after.view.viewnum < before.view.viewnum) {
    return { rule: 'one-primary', text: `${name} went back from view ${before.view.viewnum} to view ${after.view.viewnum}.` }
  }
  for (const { message, to } of sends) {
    if (message.type === 'reply' && before.role !== 'primary' && after.role !== 'primary') {
      return { rule: 'rule-5', text: `${name} answered ${to} in view ${message.viewnum} as ${before.role}: it had to refuse.` }
    }
    if (message.type === 'ping' && after.role === 'primary' && !after.serving && message.viewnum === after.view.viewnum) {
      return { rule: 'rule-4', text: `${name} acked view ${message.viewnum} before its backups had its state.` }
    }
    const asked = input?.type === 'message' && input.message.type === 'request' ? input.message : null
    const executes = message.type === 'forward' || (message.type === 'reply' && !message.replayed)
    if (asked && executes && asked.viewnum < after.since) {
      return { rule: 'rule-5', text: `${name} took a request that was meant for the primary of view ${asked.viewnum}, and is primary since view ${after.since}.` }
    }
    if (message.type === 'reply') {
      const violation = answeredTooSoon(name, before, after, input, message)
      if (violation) return violation
    }
    const works = message.type === 'reply' || message.type === 'forward'
    if (works && after.role === 'primary' && !after.serving) {
      return { rule: 'rule-4', text: `${name} ${message.type === 'reply' ? 'executed and answered' : 'forwarded'} an operation while it still sent its state.` }
    }
    if (message.type === 'forward-ack' && input?.type === 'message' && input.message.type === 'forward') {
      const forward = input.message
      const { primary, viewnum } = before.view
      const isFromPrimary = primary?.name === input.from && primary.incarnation === forward.fromIncarnation
      if (before.role !== 'backup' || !before.serving || forward.viewnum !== viewnum || !isFromPrimary) return { rule: 'rule-3', text: `${name} took a forward of view ${forward.viewnum} from ${input.from} as ${before.role} of view ${viewnum}.` }
    }
  }
  for (const report of taken.flatMap(({ reports }) => reports)) {
    if (report.type !== 'transfer-installed') continue
    if (before.role === 'backup' && !before.serving && report.viewnum === before.view.viewnum) continue
    const as = `${before.serving ? 'serving ' : ''}${before.role} of view ${before.view.viewnum}`
    return { rule: 'rule-4', text: `${name} installed a state that ${report.from} sent in view ${report.viewnum}, as ${as}.` }
  }
  return null
}

/** Rule 1, by the primary's own knowledge: every backup must have acked the operation that is executed and answered now. */
function answeredTooSoon(
  name: string, before: ReplicaFacts, after: ReplicaFacts, input: Exclude<Input, Start> | undefined, { seq, replayed, executedViewnum, viewnum }: Reply,
): StepViolation | null {
  if (replayed || executedViewnum !== viewnum || after.role !== 'primary' || after.view.viewnum !== viewnum || after.view.backups.length === 0) return null
  const ack = input?.type === 'message' && input.message.type === 'forward-ack' ? { from: input.from, executed: input.message.executed } : null
  const waitsFor = before.pending.find((pending) => pending.seq === seq)?.waitsFor ?? after.view.backups.map((backup) => backup.name)
  const silent = waitsFor.find((backup) => backup !== ack?.from || ack.executed < seq)
  return silent === undefined ? null
    : { rule: 'rule-1', text: `${name} answered ${seq === 0 ? 'a read by itself' : `seq ${seq}`} in view ${viewnum}, and ${silent}, its backup, had not said that it executed it.` }
}
