// Operations as words: `put KEY VALUE`, from the command line or a line of standard input. Pure, so that every refusal is tested.
import { utf8ToBytes, bytesToUtf8, type ByteString, type Operation, type Outcome, type Result } from '../protocol'

/** A line or command that is no operation: one sentence. */
export class OperationError extends Error {
  override readonly name = 'OperationError'
}

const shapes = {
  put: 'put KEY VALUE', append: 'append KEY VALUE', get: 'get KEY', delete: 'delete KEY', cas: 'cas KEY EXPECTED VALUE (EXPECTED - for a missing key)',
} as const

/** Throws an OperationError that says how it should read. */
export function operationOf(words: readonly string[]): Operation {
  const [type = '', key = '', ...values] = words
  const [first = '', second = ''] = values
  const wanted = { put: 3, append: 3, get: 2, delete: 2, cas: 4 }[type]
  if (wanted === undefined) throw new OperationError(`There is no operation ${JSON.stringify(type)}; there are put, append, get, delete and cas.`)
  if (words.length !== wanted) throw new OperationError(`It reads: ${shapes[type as keyof typeof shapes]}.`)
  const bytes = utf8ToBytes
  switch (type) {
    case 'put':
    case 'append': return { type, key: bytes(key), value: bytes(first) }
    case 'get':
    case 'delete': return { type, key: bytes(key) }
    default: return { type: 'cas', key: bytes(key), expected: first === '-' ? null : bytes(first), value: bytes(second) }
  }
}

/** Splits a line at spaces; a word in double quotes is a JSON string and may hold anything. */
export function wordsOf(line: string): string[] {
  const words: string[] = []
  const pattern = /\s*(?:("(?:[^"\\]|\\.)*")|(\S+))/gy
  for (let match = pattern.exec(line); match; match = pattern.exec(line)) {
    try {
      words.push(match[1] === undefined ? match[2] ?? '' : JSON.parse(match[1]) as string)
    } catch {
      throw new OperationError(`${match[1]} is no JSON string.`)
    }
  }
  return words
}

/** What is printed for an outcome: the value alone where there is one, so that a script can use it. */
export function outcomeLine(outcome: Outcome): string {
  return outcome.type === 'ok' ? resultLine(outcome.result) : `${outcome.type}: ${outcome.reason}`
}

function resultLine(result: Result): string {
  switch (result.type) {
    case 'done': return 'ok'
    case 'value': return textOf(result.value)
    case 'missing': return 'missing'
    case 'mismatch': return `mismatch: ${result.actual === null ? 'missing' : textOf(result.actual)}`
    case 'too-large': return 'too-large'
  }
}

/** The same as JSON: byte strings as text, or as base64 in an object where they are no UTF-8. */
export function outcomeJson(outcome: Outcome, tries: number): string {
  return JSON.stringify({ ...outcome, tries }, (_key, value: unknown) =>
    typeof value === 'string' && bytesToUtf8(value as ByteString) === undefined ? { base64: Buffer.from(value, 'latin1').toString('base64') } : readable(value))
}

function readable(value: unknown): unknown {
  return typeof value === 'string' ? bytesToUtf8(value as ByteString) ?? value : value
}

function textOf(bytes: ByteString): string {
  return bytesToUtf8(bytes) ?? `base64:${Buffer.from(bytes, 'latin1').toString('base64')}`
}
