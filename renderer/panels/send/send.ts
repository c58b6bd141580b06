// The form of the Send panel as an operation, and one sentence for a problem. Pure.
import type { OperationRequest } from '../../../src/contract'
import { fieldsOf, isOperationType, keyBytesMax, makeOperation, operationTypes, valueBytesMax, type OperationField, type OperationType } from '../../../src/protocol'

export interface SendForm {
  type: OperationType
  client: string
  /** '': through the view server. */
  target: string
  key: string
  /** By the name of a field, so that a text stays when another operation is chosen. */
  texts: Record<string, string>
  /** Fields that expect the key to be missing. */
  isMissing: Record<string, boolean>
}

export const emptyForm = (): SendForm => ({ type: 'put', client: '', target: '', key: 'x', texts: { value: '1' }, isMissing: {} })

/** The label of a field: `value`, and where a value is expected too, `new value`. */
export function labelOf(type: OperationType, { name, kind }: OperationField): string {
  if (kind === 'bytes-or-missing') return 'if it is'
  return fieldsOf(type).length > 1 ? `new ${name}` : name
}

/** The problem of the form in one sentence, or ''. The client checks the size limits too and records a refusal; this check only saves the call. */
export function formProblem(form: SendForm): string {
  if (form.client === '') return 'Choose a client to send from.'
  if (isLarger(form.key, keyBytesMax)) return 'The key is larger than 64 KiB.'
  const large = fieldsOf(form.type).find((field) => isLarger(textOf(form, field) ?? '', valueBytesMax))
  return large === undefined ? '' : `The ${large.name === 'expected' ? 'expected value' : large.name} is larger than 8 MiB.`
}

export function operationOf(form: SendForm): OperationRequest {
  return makeOperation(form.type, form.key, (field) => textOf(form, field))
}

function textOf({ texts, isMissing }: SendForm, { name, kind }: OperationField): string | null {
  return kind === 'bytes-or-missing' && isMissing[name] ? null : texts[name] ?? ''
}

/** An operation typed as words ("put x 9", "get x", "cas x 8 9"), or undefined if the text is none. */
export function parseOperation(text: string): OperationRequest | undefined {
  const [word = '', key = '', ...rest] = text.trim().split(/\s+/)
  const type = word.toLowerCase()
  if (key === '' || !isOperationType(type)) return undefined
  const { length } = fieldsOf(type)
  // A value that stands alone may have spaces in it.
  const texts = length === 1 && rest.length > 1 ? [rest.join(' ')] : rest
  return texts.length === length ? makeOperation(type, key, () => texts.shift() ?? '') : undefined
}

/** Encodes only if the length does not decide: a code unit takes one to three bytes (a surrogate pair takes four). */
function isLarger(text: string, bytesMax: number): boolean {
  if (text.length * 3 <= bytesMax) return false
  return text.length > bytesMax || new TextEncoder().encode(text).length > bytesMax
}

/** "50 % put, 40 % get": the mix of a workload, largest first. */
export function mixText(mix: Readonly<Partial<Record<OperationType, number>>>): string {
  const weighted = operationTypes.map((type) => ({ type, weight: mix[type] ?? 0 }))
  const sum = weighted.reduce((all, { weight }) => all + weight, 0)
  if (sum === 0) return 'no operations'
  return weighted.filter(({ weight }) => weight > 0).sort((one, other) => other.weight - one.weight).map(({ type, weight }) => `${Math.round((weight / sum) * 100)} % ${type}`).join(', ')
}
