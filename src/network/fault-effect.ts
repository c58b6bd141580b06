// What a fault does to the messages that it strikes. Each kind is described once: schemas, recordings and checks read the table, and the compiler
// names the places where a new kind needs a meaning of its own. Plain data. It must never know where a fault strikes.
import type { NodeName } from '../protocol'

/** How long a delay is, in milliseconds of cluster time. */
export type Delay =
  | { readonly type: 'constant'; readonly ms: number }
  | { readonly type: 'uniform'; readonly minMs: number; readonly maxMs: number }
  /** Most are short and a few are long; capped at twenty times the mean. */
  | { readonly type: 'exponential'; readonly meanMs: number }

/** What the fields of effects hold: a probability from 0 to 1, milliseconds, a delay, nodes, or groups of nodes. */
export interface EffectFields {
  readonly probability: number
  readonly ms: number
  readonly delay: Delay
  readonly nodes: readonly NodeName[]
  readonly groups: readonly (readonly NodeName[])[]
}
export type EffectField = keyof EffectFields

/** The fields of each effect, in the order of recordings. */
export const effectForms = {
  // Nothing gets through.
  cut: {},
  // These nodes reach nobody else, and nobody else reaches them.
  isolate: { nodes: 'nodes' },
  // Nothing gets from one group to another; a node in no group reaches everyone.
  partition: { groups: 'groups' },
  drop: { probability: 'probability' },
  // A late message may be overtaken by later ones.
  delay: { probability: 'probability', delay: 'delay' },
  // A second copy follows at once; it has its own fate, but is not doubled again.
  duplicate: { probability: 'probability' },
  // The message waits until the next one of its link has overtaken it, at most this long.
  reorder: { probability: 'probability', withinMs: 'ms' },
  // Kept until a person, or a scenario, delivers or drops it.
  hold: {},
  // The course's unreliable server: one draw for each request, forward or chunk on delivery. It is lost with `requestLoss`; of the rest `replyLoss`
  // are executed and the answer is lost. The view server's traffic is exempt. (MIT 6.824 lab 2: 0.1 and 0.2.)
  unreliable: { requestLoss: 'probability', replyLoss: 'probability' },
} as const satisfies Readonly<Record<string, Readonly<Record<string, EffectField>>>>

export type EffectType = keyof typeof effectForms
type Form<Type extends EffectType> = typeof effectForms[Type]
type Held<Field> = Field extends EffectField ? EffectFields[Field] : never

export type FaultEffect = { [Type in EffectType]: { readonly type: Type } & { readonly [Name in keyof Form<Type>]: Held<Form<Type>[Name]> } }[EffectType]

/** The effects that strike a share of the messages and need nothing else. */
export type ShareEffect = { [Type in EffectType]: 'probability' extends keyof Form<Type> ? keyof Form<Type> extends 'probability' ? Type : never : never }[EffectType]

/** In the order of the table. */
export const effectTypes = Object.keys(effectForms) as readonly EffectType[]

export function isShareEffect(type: EffectType): type is ShareEffect {
  return Object.keys(effectForms[type]).join() === 'probability'
}

/** A table with an entry for each effect. `make` gets what `parts` has for each of its fields, by the field's name. */
export function perEffect<Part, Entry>(
  parts: Readonly<Record<EffectField, Part>>, make: (fields: Record<string, Part>, type: EffectType) => Entry,
): Record<EffectType, Entry> {
  const partsOf = (type: EffectType): [string, Part][] => Object.entries<EffectField>(effectForms[type]).map(([name, field]) => [name, parts[field]])
  return Object.fromEntries(effectTypes.map((type) => [type, make(Object.fromEntries(partsOf(type)), type)])) as Record<EffectType, Entry>
}

/** The MIT course's own figures. */
export const courseUnreliable: FaultEffect = { type: 'unreliable', requestLoss: 0.1, replyLoss: 0.2 }

/** Limits of the fields of a fault, and of the number of faults. */
export const faultLimits = { nameCharacters: 80, delayMs: 600_000, times: 1_000_000, faults: 200 } as const

// ---- words

/** `what`: the kinds of messages, `link`: whose messages; each begins with a space or is empty. */
export function effectText(effect: FaultEffect, what: string, link: string): string {
  const share = (probability: number): string => probability === 1 ? '' : ` ${percent(probability)} of`
  switch (effect.type) {
    case 'cut': return `cut${what}${link || ' everything'}`
    case 'partition': return `partition ${effect.groups.map((group) => group.join(' ')).join(' | ')}${what && ` for${what}`}`
    case 'isolate': return `isolate ${effect.nodes.join(', ')}${what && ` for${what}`}`
    case 'drop':
    case 'duplicate':
    case 'reorder': return `${effect.type}${share(effect.probability)}${what || ' messages'}${link}`
    case 'delay': return `delay${share(effect.probability)}${what || ' messages'}${link} by ${delayText(effect.delay)}`
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

function percent(probability: number): string {
  return `${Math.round(probability * 1000) / 10} %`
}

// ---- problems

/** The nodes that an effect names. */
export function namedBy(effect: FaultEffect): readonly NodeName[] {
  if (effect.type === 'isolate') return effect.nodes
  return effect.type === 'partition' ? effect.groups.flat() : []
}

/** One sentence for what is wrong with the effect, or undefined. */
export function effectProblem(effect: FaultEffect): string | undefined {
  const held = effect as unknown as Readonly<Record<string, EffectFields[EffectField]>>
  for (const [name, field] of Object.entries<EffectField>(effectForms[effect.type])) {
    const problem = fieldProblem(field, held[name] as EffectFields[typeof field])
    if (problem !== undefined) return problem
  }
  return undefined
}

const fieldProblems: { readonly [Field in EffectField]: (held: EffectFields[Field]) => string | undefined } = {
  probability: (probability) => probability >= 0 && probability <= 1 ? undefined : `A probability is from 0 to 1, not ${probability}.`,
  ms: msProblem,
  delay: delayProblem,
  nodes: (nodes) => nodes.length === 0 ? 'Isolating needs a node at least.' : undefined,
  groups: (groups) => {
    const all = groups.flat()
    const twice = all.find((name, index) => all.indexOf(name) !== index)
    if (twice !== undefined) return `${twice} is in two groups of the partition.`
    return groups.filter((group) => group.length > 0).length < 2 ? 'A partition needs two groups at least.' : undefined
  },
}

function fieldProblem<Field extends EffectField>(field: Field, held: EffectFields[Field]): string | undefined {
  return fieldProblems[field](held)
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
