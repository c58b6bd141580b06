// Parses operations from words: `put KEY VALUE`, from the command line or a line of standard input. Pure, so that every refusal can be tested.
import {
  bytesToUtf8, fieldsOf, isOperationType, makeOperation, operationTypes, utf8ToBytes,
  type Answer, type ByteString, type Operation, type OperationType, type Outcome, type Result,
} from '../protocol'

/** A line or command that is not an operation; the message is one sentence. */
export class OperationError extends Error {
  override readonly name = 'OperationError'
}

/** The syntax of an operation: `cas KEY EXPECTED VALUE (EXPECTED - for a missing key)`. */
function syntaxOf(type: OperationType): string {
  const words = fieldsOf(type).map(({ name, kind }) => ({ name: name.toUpperCase(), kind }))
  const missing = words.filter(({ kind }) => kind === 'bytes-or-missing').map(({ name }) => ` (${name} - for a missing key)`)
  return `${[type, 'KEY', ...words.map(({ name }) => name)].join(' ')}${missing.join('')}`
}

/** Valid first words after `client`. */
export const operationWords: readonly string[] = [...operationTypes, 'view', '-']

/** Throws an OperationError with the correct syntax. */
export function operationOf(words: readonly string[]): Operation {
  const [type = '', key = '', ...values] = words
  if (!isOperationType(type)) throw new OperationError(`There is no operation ${JSON.stringify(type)}; there are ${operationTypes.slice(0, -1).join(', ')} and ${operationTypes.at(-1) ?? ''}.`)
  if (words.length !== fieldsOf(type).length + 2) throw new OperationError(`It reads: ${syntaxOf(type)}.`)
  return makeOperation(type, utf8ToBytes(key), ({ kind }) => {
    const word = values.shift() ?? ''
    return kind === 'bytes-or-missing' && word === '-' ? null : utf8ToBytes(word)
  })
}

/** Splits a line at spaces; a word in double quotes is a JSON string and may hold anything. */
export function wordsOf(line: string): string[] {
  const words: string[] = []
  for (let at = indexFrom(line, /\S/g, 0); at < line.length;) {
    const quote = line[at] === '"' ? closingQuote(line, at) : -1
    const end = quote === -1 ? indexFrom(line, /\s/g, at) : quote + 1
    const word = line.slice(at, end)
    try {
      words.push(quote === -1 ? word : JSON.parse(word) as string)
    } catch {
      throw new OperationError(`${word.length > shownMax ? `${word.slice(0, shownMax)}…` : word} is no JSON string.`)
    }
    at = indexFrom(line, /\S/g, end)
  }
  return words
}

/** At most so many characters of a word are quoted in a refusal. */
const shownMax = 80

/** The index of the first match at or after `from`; the line's length without one. */
function indexFrom(line: string, pattern: RegExp, from: number): number {
  pattern.lastIndex = from
  return pattern.exec(line)?.index ?? line.length
}

/** The index of the closing quote, or -1. It uses a loop because a regular expression over a value of megabytes overflows the stack. */
function closingQuote(line: string, quote: number): number {
  for (let at = quote + 1; at < line.length; at++) {
    if (line[at] === '\\') at++
    else if (line[at] === '"') return at
  }
  return -1
}

/** The printed line of an outcome. For a value it is the value alone, so that a script can use it. */
export function outcomeLine(outcome: Outcome): string {
  return outcome.type === 'ok' ? resultLine(outcome.result) : `${outcome.type}: ${outcome.reason}`
}

function resultLine(result: Result | Answer): string {
  switch (result.type) {
    case 'done': return 'ok'
    case 'value': return textOf(result.value)
    case 'missing': return 'missing'
    case 'mismatch': return `mismatch: ${result.actual === null ? 'missing' : textOf(result.actual)}`
    case 'too-large': return 'too-large'
    case 'answered': return JSON.stringify(result.body)
  }
}

/** An outcome as JSON: byte strings as text, or as `{ base64 }` if they are not UTF-8. */
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
