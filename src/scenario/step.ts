// Converts the forms of a file into unions: a step, an operation, the effect of a fault, the condition of a break. A form has one optional word for
// each kind, and the reader has checked that exactly one is there. Other code switches over the `type`, so that the compiler finds a forgotten kind.
// It must never guess: a form without its word is our own mistake.
import { effectTypes, isShareEffect, type EffectType, type ShareEffect } from '../network'
import { heldIn, isOperationType, makeOperation, operationTypes, type OperationOf, type OperationType } from '../protocol'
import { breakWords, stepWords, type BreakForm, type Condition, type FaultStep, type PlainStep, type StepWord } from './schema'

/** One of a form's words, with its value. */
type Union<Form, Word extends keyof Form> = { readonly [Each in Word]-?: { readonly type: Each; readonly given: NonNullable<Form[Each]> } }[Word]

type PlainWord = Exclude<StepWord, 'repeat'>

/** `within`: the limit of a wait, in milliseconds. `always`: what must hold while `run` lets time pass. */
export type ScenarioStep = Union<PlainStep, PlainWord> & { readonly within?: number; readonly always?: Condition }
export type OperationStep = Union<PlainStep, OperationType>
export type FaultKind = Union<FaultStep, EffectType>
export type BreakKind = Union<BreakForm, (typeof breakWords)[number]>

/** The words that a form has. */
export function wordsOf<Word extends string>(form: { readonly [Each in Word]?: unknown }, words: readonly Word[]): Word[] {
  return words.filter((word) => form[word] !== undefined)
}

export function stepOf(form: PlainStep): ScenarioStep {
  const { within, always } = form
  return { ...onlyOf<ScenarioStep>(form, plainWords), ...(within === undefined ? {} : { within }), ...(always === undefined ? {} : { always }) }
}

export const operationStepOf = (form: Partial<PlainStep>): OperationStep => onlyOf<OperationStep>(form, operationTypes)
export const faultKindOf = (form: FaultStep): FaultKind => onlyOf<FaultKind>(form, effectTypes)
export const breakKindOf = (form: BreakForm): BreakKind => onlyOf<BreakKind>(form, breakWords)

/** The effects that a file describes by a share of the messages alone. */
export const isShareKind = (kind: FaultKind): kind is Extract<FaultKind, { type: ShareEffect }> => isShareEffect(kind.type)

export const isOperationStep = (step: ScenarioStep): step is Extract<ScenarioStep, OperationStep> => isOperationType(step.type)

/** The operation that a step asks for, as text. */
export const requestOf = ({ type, given }: OperationStep): OperationOf<string> => makeOperation(type, given.key, (field) => heldIn(given, field))

const plainWords = stepWords.filter((word): word is PlainWord => word !== 'repeat')

function onlyOf<Result>(form: object, words: readonly string[]): Result {
  const given = form as Readonly<Record<string, unknown>>
  const [type, ...others] = wordsOf(given, words)
  if (type === undefined || others.length > 0) throw new Error(`exactly one of ${words.join(', ')} must be there`)
  return { type, given: given[type] } as Result
}
