// A step in words, for step lists, logs and reports: `put a 1 from c1`, `wait until view 2 is acked with s1 primary`.
// It must never be read back: files are the only source.
import type { Condition, Gives, PlainStep } from './schema'

type Words = string | readonly string[]

export function stepText(step: PlainStep): string {
  for (const type of ['put', 'append', 'get', 'delete', 'cas'] as const) if (step[type]) return operationText(type, step[type])
  if (step.together) return `together: ${step.together.map((operation) => stepText(operation)).join('; ')}`
  if (step.workload) return `workload from ${list(step.workload.clients) || 'all clients'}, ${step.workload.rate === 0 ? 'as fast as answers come' : `${step.workload.rate} a second`}`
  if (step.stopWorkload) return 'stop the workload'
  if (step.appends) {
    const { clients, each, key, as } = step.appends
    return `${list(clients)} append to ${key}, ${each === 0 ? 'until told to stop' : `${each} each`}${as ? `, as ${as}` : ''}`
  }
  if (step.finish) return `finish ${step.finish}`
  if (step.wait) return `wait until ${conditionText(step.wait)}`
  if (step.run !== undefined) return `let ${step.run} ms pass${step.always ? `, always ${conditionText(step.always)}` : ''}`
  if (step.expect) return `expect ${conditionText(step.expect)}`
  return actText(step)
}

function actText(step: PlainStep): string {
  for (const word of ['kill', 'pause', 'resume', 'restart', 'start'] as const) if (step[word]) return `${word} ${list(step[word])}`
  if (step.fault) return `fault: ${faultWords(step.fault)}`
  if (step.mend) return `mend ${step.mend}`
  if (step.switch) return `switch ${step.switch.fault} ${step.switch.on ? 'on' : 'off'}`
  if (step.freeze) return 'freeze'
  if (step.thaw) return 'thaw'
  if (step.break) return `freeze when ${breakWords(step.break)}`
  for (const word of ['deliver', 'drop', 'duplicate'] as const) if (step[word]) return `${word} ${pickWords(step[word])}`
  if (step.resend) return `send ${pickWords(step.resend)} again`
  if (step.fire) return `fire ${step.fire.timer} of ${step.fire.node}`
  if (step.mark) return `mark ${step.mark}`
  return ''
}

type Operations = NonNullable<PlainStep['put'] & PlainStep['cas']>

function operationText(type: string, given: Partial<Operations>): string {
  const { key = '', value, expected, from, to, as, gives } = given
  const what = type === 'cas' ? `cas ${key} ${expected ?? '(missing)'} → ${value ?? ''}` : `${type} ${key}${value === undefined ? '' : ` ${value === '' ? '""' : short(value)}`}`
  return `${what} from ${from ?? 'c1'}${to ? ` straight to ${to}` : ''}${as ? `, as ${as}` : ''}${gives === undefined ? '' : `: ${givesText(gives)}`}`
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
  if (waiting) parts.push(`${rangeText(waiting)} ${linkWords(waiting)} under way`)
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

function faultWords(fault: NonNullable<PlainStep['fault']>): string {
  const { name, isolate, partition, drop, delay, duplicate, share, times } = fault
  const what = fault.cut ? 'cut' : isolate ? `isolate ${list(isolate)}` : partition ? `partition ${partition.map((group) => group.join(' ')).join(' | ')}`
    : drop !== undefined ? `drop ${drop * 100} %` : delay !== undefined ? `delay by ${delayWords(delay)}` : duplicate !== undefined ? `duplicate ${duplicate * 100} %`
      : fault.reorder ? 'reorder' : fault.hold ? 'hold' : 'unreliable'
  const link = isolate ?? partition ? '' : ` ${linkWords(fault)}`
  const plan = `${fault.in ? `, in ${fault.in} ms` : ''}${fault.for ? `, for ${fault.for} ms` : ''}`
  return `${what}${link}${share === undefined ? '' : `, ${share * 100} % of them`}${times ? `, the next ${times}` : ''}${plan}${name ? ` ("${name}")` : ''}`
}

function delayWords(delay: NonNullable<NonNullable<PlainStep['fault']>['delay']>): string {
  if (typeof delay === 'number') return `${delay} ms`
  return 'mean' in delay ? `${delay.mean} ms on average` : `${delay.min} to ${delay.max} ms`
}

function breakWords({ message, view, promoted, rule, exact }: NonNullable<PlainStep['break']>): string {
  const what = message ? `${linkWords(message)} is sent` : view ? `a view is ${view}`
    : promoted ? `${promoted === true ? 'a node' : promoted} is promoted` : rule ? 'a rule is broken' : 'the cluster is stuck'
  return `${what}${exact ? ', exact' : ''}`
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
