// What a fault is: where it strikes and what it does there. Plain data, so that a screen, a scenario and a recording carry the same.
// It must never know a driver: the switchboard and the simulator ask network.ts what becomes of a message.
import { viewServerName, type Message, type MessageType, type NodeName } from '../protocol'

/** Which messages: an empty list means any. A message must match all three. */
export interface Where {
  readonly from: readonly NodeName[]
  readonly to: readonly NodeName[]
  readonly kinds: readonly MessageType[]
}

/** How long a delay is, in milliseconds of cluster time. */
export type Delay =
  | { readonly type: 'constant'; readonly ms: number }
  | { readonly type: 'uniform'; readonly minMs: number; readonly maxMs: number }
  /** Most are short and a few are long; cut at twenty times the mean. */
  | { readonly type: 'exponential'; readonly meanMs: number }

export type FaultEffect =
  /** Nothing gets through. */
  | { readonly type: 'cut' }
  /** Nothing gets from one group to another; a node in no group reaches everyone. */
  | { readonly type: 'partition'; readonly groups: readonly (readonly NodeName[])[] }
  /** These nodes reach nobody else, and nobody else reaches them. */
  | { readonly type: 'isolate'; readonly nodes: readonly NodeName[] }
  | { readonly type: 'drop'; readonly probability: number }
  /** A late message may be overtaken by later ones. */
  | { readonly type: 'delay'; readonly probability: number; readonly delay: Delay }
  /** A second copy follows at once; it has its own fate, but is not doubled again. */
  | { readonly type: 'duplicate'; readonly probability: number }
  /** The message waits until the next one of its link has overtaken it, at most this long. */
  | { readonly type: 'reorder'; readonly probability: number; readonly withinMs: number }
  /** Kept until a person, or a scenario, delivers or drops it. */
  | { readonly type: 'hold' }
  /**
   * The course's unreliable server: one draw for each request, forward or chunk on delivery. It is lost with `requestLoss`; of the
   * rest `replyLoss` are executed and the answer is lost. The view server's traffic is exempt. (MIT 6.824 lab 2: 0.1 and 0.2.)
   */
  | { readonly type: 'unreliable'; readonly requestLoss: number; readonly replyLoss: number }

export interface Fault {
  /** Unique among the faults of a session; 1 to 80 characters. */
  readonly name: string
  /** Partitions and isolated nodes say themselves where they strike; of `where` only the kinds count for them. */
  readonly where: Where
  /** Also the other way: from the receivers to the senders. */
  readonly bothWays: boolean
  readonly effect: FaultEffect
  /** It strikes this many messages and is then used up; 0 for no limit. */
  readonly times: number
}

/** When a fault begins and ends by itself, in milliseconds of cluster time. `forMs` 0: it stays. */
export interface FaultPlan {
  readonly inMs: number
  readonly forMs: number
}

export const atOnce: FaultPlan = { inMs: 0, forMs: 0 }
export const anywhere: Where = { from: [], to: [], kinds: [] }

/** Limits of what a fault may say. */
export const faultLimits = { nameCharacters: 80, delayMs: 600_000, times: 1_000_000, faults: 200 } as const

/** The MIT course's own figures. */
export const courseUnreliable: FaultEffect = { type: 'unreliable', requestLoss: 0.1, replyLoss: 0.2 }

/** A message on its way, as a fault sees it. */
export interface Envelope {
  readonly id: string
  readonly from: NodeName
  readonly to: NodeName
  readonly message: Message
}

/** True if the fault has to do with this message at all; whether it strikes may then be a matter of chance. */
export function concerns(fault: Fault, { from, to, message }: Envelope): boolean {
  const { where, effect } = fault
  if (where.kinds.length > 0 && !where.kinds.includes(message.type)) return false
  switch (effect.type) {
    case 'isolate': return effect.nodes.includes(from) !== effect.nodes.includes(to)
    case 'partition': return areApart(effect.groups, from, to)
    case 'unreliable': return from !== viewServerName && to !== viewServerName && matchesLink(fault, from, to)
    default: return matchesLink(fault, from, to)
  }
}

/** True if this fault may strike a message of some kind from one node to the other. */
export function concernsLink(fault: Fault, from: NodeName, to: NodeName): boolean {
  const { effect } = fault
  if (effect.type === 'isolate') return effect.nodes.includes(from) !== effect.nodes.includes(to)
  if (effect.type === 'partition') return areApart(effect.groups, from, to)
  if (effect.type === 'unreliable' && (from === viewServerName || to === viewServerName)) return false
  return matchesLink(fault, from, to)
}

function matchesLink({ where, bothWays }: Fault, from: NodeName, to: NodeName): boolean {
  return isAmong(where.from, from) && isAmong(where.to, to)
    || bothWays && isAmong(where.from, to) && isAmong(where.to, from)
}

function isAmong(names: readonly NodeName[], name: NodeName): boolean {
  return names.length === 0 || names.includes(name)
}

function areApart(groups: readonly (readonly NodeName[])[], one: NodeName, other: NodeName): boolean {
  const groupOf = (name: NodeName): number => groups.findIndex((group) => group.includes(name))
  const first = groupOf(one)
  const second = groupOf(other)
  return first >= 0 && second >= 0 && first !== second
}

// ---- words

/** The fault in words: `cut s1 → s2`, `drop 10 % of forward from s1`. */
export function faultText({ where, bothWays, effect, times }: Fault): string {
  const kinds = where.kinds.length > 0 ? where.kinds.join(', ') : ''
  const arrow = bothWays ? '↔' : '→'
  const link = where.from.length === 0 && where.to.length === 0 ? '' : ` ${namesText(where.from)} ${arrow} ${namesText(where.to)}`
  const what = kinds === '' ? '' : ` ${kinds}`
  const limit = times === 0 ? '' : times === 1 ? ', the next one' : `, the next ${times}`
  return `${effectText(effect, what, link)}${limit}`
}

function effectText(effect: FaultEffect, what: string, link: string): string {
  const share = (probability: number): string => probability === 1 ? '' : ` ${percent(probability)} of`
  switch (effect.type) {
    case 'cut': return `cut${what}${link || ' everything'}`
    case 'partition': return `partition ${effect.groups.map((group) => group.join(' ')).join(' | ')}${what && ` for${what}`}`
    case 'isolate': return `isolate ${effect.nodes.join(', ')}${what && ` for${what}`}`
    case 'drop': return `drop${share(effect.probability)}${what || ' messages'}${link}`
    case 'delay': return `delay${share(effect.probability)}${what || ' messages'}${link} by ${delayText(effect.delay)}`
    case 'duplicate': return `duplicate${share(effect.probability)}${what || ' messages'}${link}`
    case 'reorder': return `reorder${share(effect.probability)}${what || ' messages'}${link}`
    case 'hold': return `hold${what || ' messages'}${link}`
    case 'unreliable': return `unreliable${link}: ${percent(effect.requestLoss)} of requests lost, ${percent(effect.replyLoss)} of the other answers`
  }
}

function delayText(delay: Delay): string {
  switch (delay.type) {
    case 'constant': return `${delay.ms} ms`
    case 'uniform': return `${delay.minMs} to ${delay.maxMs} ms`
    case 'exponential': return `${delay.meanMs} ms on average`
  }
}

function namesText(names: readonly NodeName[]): string {
  return names.length === 0 ? 'all' : names.join(', ')
}

function percent(probability: number): string {
  return `${Math.round(probability * 1000) / 10} %`
}

// ---- what cannot be

/** One sentence for what is wrong with the fault in a cluster of these nodes, or undefined. */
export function faultProblem(fault: Fault, nodes: readonly NodeName[]): string | undefined {
  const { name, where, effect, times } = fault
  if (name === '' || name.length > faultLimits.nameCharacters) return `A fault's name has 1 to ${faultLimits.nameCharacters} characters.`
  if (!Number.isInteger(times) || times < 0 || times > faultLimits.times) return `A fault strikes 0 (always) to ${faultLimits.times} messages, not ${times}.`
  const named = [...where.from, ...where.to, ...namedBy(effect)]
  const stranger = named.find((node) => !nodes.includes(node))
  if (stranger !== undefined) return `There is no node ${stranger}.`
  return effectProblem(effect)
}

function namedBy(effect: FaultEffect): readonly NodeName[] {
  if (effect.type === 'isolate') return effect.nodes
  return effect.type === 'partition' ? effect.groups.flat() : []
}

function effectProblem(effect: FaultEffect): string | undefined {
  switch (effect.type) {
    case 'partition': {
      const all = effect.groups.flat()
      const twice = all.find((name, index) => all.indexOf(name) !== index)
      if (twice !== undefined) return `${twice} is in two groups of the partition.`
      return effect.groups.filter((group) => group.length > 0).length < 2 ? 'A partition needs two groups at least.' : undefined
    }
    case 'isolate': return effect.nodes.length === 0 ? 'Isolating needs a node at least.' : undefined
    case 'drop':
    case 'duplicate': return probabilityProblem(effect.probability)
    case 'delay': return probabilityProblem(effect.probability) ?? delayProblem(effect.delay)
    case 'reorder': return probabilityProblem(effect.probability) ?? msProblem(effect.withinMs)
    case 'unreliable': return probabilityProblem(effect.requestLoss) ?? probabilityProblem(effect.replyLoss)
    case 'cut':
    case 'hold': return undefined
  }
}

function probabilityProblem(probability: number): string | undefined {
  return probability >= 0 && probability <= 1 ? undefined : `A probability is from 0 to 1, not ${probability}.`
}

function delayProblem(delay: Delay): string | undefined {
  switch (delay.type) {
    case 'constant': return msProblem(delay.ms)
    case 'exponential': return msProblem(delay.meanMs)
    case 'uniform':
      if (delay.minMs > delay.maxMs) return `A delay from ${delay.minMs} to ${delay.maxMs} ms has no length.`
      return msProblem(delay.minMs) ?? msProblem(delay.maxMs)
  }
}

function msProblem(ms: number): string | undefined {
  return ms >= 0 && ms <= faultLimits.delayMs ? undefined : `A delay is 0 to ${faultLimits.delayMs} ms, not ${ms}.`
}

/**
 * One sentence if the fault would do nothing now because those that it strikes have died, or undefined. A fault that is planned ahead
 * is not asked: they may be back by then.
 */
export function deadProblem({ where, effect }: Fault, hasDied: (name: NodeName) => boolean): string | undefined {
  const living = (names: readonly NodeName[]): boolean => names.some((name) => !hasDied(name))
  const idle = (names: readonly NodeName[]): NodeName[] => names.length > 0 && !living(names) ? [...names] : []
  const dead = effect.type === 'isolate' ? idle(effect.nodes)
    : effect.type === 'partition' ? (effect.groups.filter(living).length < 2 ? effect.groups.flat().filter(hasDied) : [])
      : [...idle(where.from), ...idle(where.to)]
  if (dead.length === 0) return undefined
  const [names, are, them] = dead.length === 1 ? [dead[0] ?? '', 'is', 'it'] : [`${dead.slice(0, -1).join(', ')} and ${dead.at(-1) ?? ''}`, 'are', 'them']
  return `${names} ${are} dead: nothing comes from ${them} or goes to ${them}. Restart ${them} first, or plan the fault ahead.`
}

/** One sentence for what is wrong with the plan, or undefined. */
export function planProblem({ inMs, forMs }: FaultPlan): string | undefined {
  const isWell = (ms: number): boolean => ms >= 0 && ms <= 3_600_000
  return isWell(inMs) && isWell(forMs) ? undefined : 'A fault is planned 0 to 3 600 000 ms ahead, and for as long.'
}
