// What the Send panel sends: the form as an operation, and one sentence for what is wrong with it. Pure.
import type { OperationRequest } from '../../../src/contract'
import { keyBytesMax, valueBytesMax } from '../../../src/protocol'

export const operationTypes = ['put', 'append', 'get', 'delete', 'cas'] as const
export type OperationType = (typeof operationTypes)[number]

export interface SendForm {
  type: OperationType
  client: string
  /** '': through the view server. */
  target: string
  key: string
  value: string
  expected: string
  /** cas: expects the key to be missing. */
  expectMissing: boolean
}

export const emptyForm = (): SendForm => ({ type: 'put', client: '', target: '', key: 'x', value: '1', expected: '', expectMissing: false })

export const hasValue = (type: OperationType): boolean => type === 'put' || type === 'append' || type === 'cas'

/** One sentence, or ''. Limits of size are judged by the client machine too, so that a refusal is in the trace; these only save the way. */
export function formProblem(form: SendForm): string {
  if (form.client === '') return 'Choose a client to send from.'
  if (isLarger(form.key, keyBytesMax)) return 'The key is larger than 64 KiB.'
  if (hasValue(form.type) && isLarger(form.value, valueBytesMax)) return 'The value is larger than 8 MiB.'
  return ''
}

export function operationOf(form: SendForm): OperationRequest {
  const { key, value } = form
  switch (form.type) {
    case 'put':
    case 'append': return { type: form.type, key, value }
    case 'get':
    case 'delete': return { type: form.type, key }
    case 'cas': return { type: 'cas', key, expected: form.expectMissing ? null : form.expected, value }
  }
}

/** An operation typed as words ("put x 9", "get x", "cas x 8 9"), or undefined when it is none. */
export function parseOperation(text: string): OperationRequest | undefined {
  const [word = '', key = '', ...rest] = text.trim().split(/\s+/)
  if (key === '') return undefined
  const type = word.toLowerCase()
  switch (type) {
    case 'put':
    case 'append': return rest.length === 0 ? undefined : { type, key, value: rest.join(' ') }
    case 'get':
    case 'delete': return rest.length === 0 ? { type, key } : undefined
    case 'cas': return rest.length === 2 ? { type, key, expected: rest[0] ?? '', value: rest[1] ?? '' } : undefined
    default: return undefined
  }
}

/** Encodes only where the answer is in doubt: a character is one to three bytes (a pair of surrogates four). */
function isLarger(text: string, bytesMax: number): boolean {
  if (text.length * 3 <= bytesMax) return false
  return text.length > bytesMax || new TextEncoder().encode(text).length > bytesMax
}

/** "50 % put, 40 % get": the mix of a workload, largest first. */
export function mixText(mix: Readonly<Record<OperationType, number>>): string {
  const sum = operationTypes.reduce((all, type) => all + mix[type], 0)
  if (sum === 0) return 'no operations'
  return operationTypes.filter((type) => mix[type] > 0).sort((one, other) => mix[other] - mix[one])
    .map((type) => `${Math.round((mix[type] / sum) * 100)} % ${type}`).join(', ')
}
