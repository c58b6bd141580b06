// A step in words, for step lists, logs and reports: `put a 1 from c1`, `wait until view 2 is acked with s1 primary`.
// This text must never be parsed again: files are the only source.
import { operationText } from '../trace'
import type { BreakForm, Condition, FaultStep, Gives, PlainStep } from './schema'
import { breakKindOf, faultKindOf, isOperationStep, isShareKind, operationStepOf, requestOf, type BreakKind, type FaultKind, type OperationStep, type ScenarioStep } from './step'

type Words = string | readonly string[]

export function stepText(step: ScenarioStep): string {
  if (isOperationStep(step)) return operationStepText(step)
  switch (step.type) {
    case 'together': return `together: ${step.given.map((form) => operationStepText(operationStepOf(form))).join('; ')}`
    case 'workload': return `workload from ${list(step.given.clients) || 'all clients'}, ${step.given.rate === 0 ? 'as fast as answers come' : `${step.given.rate} a second`}`
    case 'stopWorkload': return 'stop the workload'
    case 'appends': return appendsText(step.given)
    case 'finish': return `finish ${step.given}`
    case 'wait': return `wait until ${conditionText(step.given)}`
    case 'run': return `let ${step.given} ms pass${step.always ? `, always ${conditionText(step.always)}` : ''}`
    case 'expect': return `expect ${conditionText(step.given)}`
    case 'kill':
    case 'pause':
    case 'resume':
    case 'restart':
    case 'start': return `${step.type} ${list(step.given)}`
    case 'fault': return `fault: ${faultText(step.given)}`
    case 'mend': return `mend ${step.given}`
    case 'switch': return `switch ${step.given.fault} ${step.given.on ? 'on' : 'off'}`
    case 'freeze':
    case 'thaw': return step.type
    case 'break': return `freeze when ${breakText(step.given)}`
    case 'deliver':
    case 'drop':
    case 'duplicate': return `${step.type} ${pickWords(step.given)}`
    case 'resend': return `send ${pickWords(step.given)} again`
    case 'disconnect': return `disconnect ${step.given.client} from ${step.given.server}`
    case 'fire': return `fire ${step.given.timer} of ${step.given.node}`
    case 'mark': return `mark ${step.given}`
  }
}

function appendsText({ clients, each, key, as }: NonNullable<PlainStep['appends']>): string {
  return `${list(clients)} append to ${key}, ${each === 0 ? 'until told to stop' : `${each} each`}${as ? `, as ${as}` : ''}`
}

function operationStepText(step: OperationStep): string {
  const { from, to, as, gives } = step.given
  return `${operationText(requestOf(step))} from ${from ?? 'c1'}${to ? ` straight to ${to}` : ''}${as ? `, as ${as}` : ''}${gives === undefined ? '' : `: ${givesText(gives)}`}`
}

export function givesText(gives: Gives): string {
  if (typeof gives === 'string') return gives === 'rejected' ? 'rejected (rule 5)' : gives
  if ('value' in gives) return `"${short(gives.value)}"`
  if ('failed' in gives) return `failed: ${gives.failed}`
  if ('unknown' in gives) return `unknown: ${gives.unknown}`
  return gives.oneOf.map(givesText).join(' or ')
}

/** A condition in words. */
export function conditionText(condition: Condition): string {
  const parts: string[] = []
  const { view, role, returned, waits, result, value, equalStores, stuck, frozen, broken, appendsKept, writesKept, rulesKept, linearizable } = condition
  if (view) parts.push(viewText(view))
  if (role) parts.push(`${list(role.node)} ${role.life ?? ''}${role.is ? ` is ${role.is}` : ''}${role.serving === undefined ? '' : role.serving ? ' and serves' : ' and does not serve'}`.replace('  ', ' '))
  if (returned) parts.push(`${list(returned)} has returned`)
  if (waits) parts.push(`${list(waits)} has not returned`)
  if (result) parts.push(`${result.of} gave ${givesText(result.gives)}`)
  if (value) parts.push(`${value.key} is ${value.is === null ? 'missing' : `"${short(value.is)}"`} at ${list(value.at)}`)
  if (equalStores) parts.push(`${equalStores === true ? 'all members of the view' : list(equalStores)} hold the same`)
  if (stuck !== undefined) parts.push(stuck === false ? 'not stuck' : stuck === true ? 'stuck' : `stuck: ${stuck}`)
  if (frozen !== undefined) parts.push(frozen ? 'frozen' : 'not frozen')
  if (broken) parts.push(broken === true ? 'a rule is broken' : `${broken} is broken`)
  if (rulesKept) parts.push(rulesKept === true ? 'no rule is broken' : `${list(rulesKept)} not broken`)
  if (appendsKept) parts.push('every acknowledged append is there once and in order')
  if (linearizable !== undefined) parts.push(linearizable ? 'what clients saw is linearizable' : 'what clients saw is not linearizable')
  if (writesKept !== undefined) parts.push(writesKept ? 'no acknowledged write is lost' : 'an acknowledged write is lost')
  return [...parts, ...countsText(condition)].join(', ')
}

function viewText({ viewnum, atLeast, primary, backups, backupCount, acked, because }: NonNullable<Condition['view']>): string {
  const parts = [`view${viewnum === undefined ? '' : ` ${viewnum}`}${atLeast === undefined ? '' : ` ${atLeast} or later`}`]
  if (acked !== undefined) parts.push(acked ? 'acked' : 'not acked')
  if (primary !== undefined) parts.push(primary === null ? 'no primary' : `${primary} primary`)
  if (backups) parts.push(backups.length === 0 ? 'no backup' : `${list(backups)} backup`)
  if (backupCount !== undefined) parts.push(`${backupCount} ${backupCount === 1 ? 'backup' : 'backups'}`)
  if (because) parts.push(`because of ${because}`)
  return parts.join(', ')
}

function countsText({ messages, waiting, fault, views, acknowledged, longestWait }: Condition): string[] {
  const parts: string[] = []
  if (messages) {
    const { perPing } = messages
    parts.push(`${rangeText(messages)}${perPing ? `at most ${perPing.times} a ping interval plus ${perPing.plus}` : ''} ${linkWords(messages)} sent${sinceText(messages.since)}`)
  }
  if (waiting) parts.push(`${rangeText(waiting)} ${linkWords(waiting)} in flight`)
  if (fault) parts.push(`"${fault.name}" has ${(['dropped', 'late', 'copied', 'held'] as const).flatMap((what) => fault[what] ? [`${what} ${rangeText(fault[what])}`] : []).join(', ')}`)
  if (views) parts.push(`${rangeText(views)} view changes${sinceText(views.since)}`)
  if (acknowledged) parts.push(`${rangeText(acknowledged)} operations acknowledged${sinceText(acknowledged.since)}`)
  if (longestWait) parts.push(`nobody waited longer than ${longestWait.atMost} ms`)
  return parts
}

function sinceText(since: string | undefined): string {
  return since ? ` since ${since}` : ''
}

/** `3 to 5`, `at least 3`, `at most 5`, `3`. */
export function rangeText({ atLeast, atMost }: { atLeast?: number | undefined; atMost?: number | undefined }): string {
  if (atLeast !== undefined && atMost !== undefined) return atLeast === atMost ? String(atLeast) : `${atLeast} to ${atMost}`
  if (atLeast !== undefined) return `at least ${atLeast}`
  return atMost === undefined ? '' : `at most ${atMost}`
}

function faultText(fault: FaultStep): string {
  const { name, isolate, partition, share, times } = fault
  const link = isolate ?? partition ? '' : ` ${linkWords(fault)}`
  const plan = `${fault.in ? `, in ${fault.in} ms` : ''}${fault.for ? `, for ${fault.for} ms` : ''}`
  return `${effectText(faultKindOf(fault))}${link}${share === undefined ? '' : `, ${share * 100} % of them`}${times ? `, the next ${times}` : ''}${plan}${name ? ` ("${name}")` : ''}`
}

function effectText(kind: FaultKind): string {
  if (isShareKind(kind)) return `${kind.type} ${kind.given * 100} %`
  switch (kind.type) {
    case 'isolate': return `isolate ${list(kind.given)}`
    case 'partition': return `partition ${kind.given.map((group) => group.join(' ')).join(' | ')}`
    case 'delay': return `delay by ${delayWords(kind.given)}`
    case 'cut':
    case 'reorder':
    case 'hold':
    case 'unreliable': return kind.type
  }
}

function delayWords(delay: NonNullable<NonNullable<PlainStep['fault']>['delay']>): string {
  if (typeof delay === 'number') return `${delay} ms`
  return 'mean' in delay ? `${delay.mean} ms on average` : `${delay.min} to ${delay.max} ms`
}

function breakText(form: BreakForm): string {
  return `${awaitedText(breakKindOf(form))}${form.exact ? ', exact' : ''}`
}

function awaitedText(kind: BreakKind): string {
  switch (kind.type) {
    case 'message': return `${linkWords(kind.given)} is sent`
    case 'view': return `a view is ${kind.given}`
    case 'promoted': return `${kind.given === true ? 'a node' : kind.given} is promoted`
    case 'stuck': return 'the cluster is stuck'
    case 'rule': return 'a rule is broken'
  }
}

function pickWords(pick: NonNullable<PlainStep['deliver']>): string {
  const which = typeof pick.which === 'number' ? `number ${pick.which} of` : pick.which === 'reversed' ? 'all, reversed,' : pick.which
  return `${which} ${linkWords(pick)}${pick.key === undefined ? '' : ` on ${pick.key}`}`
}

interface LinkWords {
  readonly from?: Words | undefined
  readonly to?: Words | undefined
  readonly kinds?: Words | undefined
  readonly bothWays?: boolean | undefined
}

function linkWords({ from, to, kinds, bothWays }: LinkWords): string {
  const what = kinds ? list(kinds) : 'messages'
  if (from === undefined && to === undefined) return what
  return `${what} ${from ? list(from) : 'all'} ${bothWays ? '↔' : '→'} ${to ? list(to) : 'all'}`
}

function list(words: Words): string {
  return typeof words === 'string' ? words : words.join(', ')
}

function short(value: string): string {
  return value.length <= 40 ? value : `${value.slice(0, 40)}… (${value.length} characters)`
}
