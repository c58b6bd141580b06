// How byte strings look in events and files: text where they are UTF-8 that can be read, `base64:` and base64 where they are not.
// The two directions are exact inverses; nothing is ever replaced or cut.
import { bytesToUtf8, utf8ToBytes, type ByteString, type Message, type Operation, type OperationInput, type Report, type Result } from '../protocol'

/** The recorded form of a protocol value: the same shape, with text in the place of byte strings. */
export type Recorded<T> =
  T extends ByteString ? string
    : T extends readonly (infer Item)[] ? readonly Recorded<Item>[]
      : T extends object ? { readonly [Key in keyof T]: Recorded<T[Key]> }
        : T

const base64Prefix = 'base64:'

/** Control characters but tab, line feed and carriage return: JSON writes each as six, and two large values would pass a line's limit. */
const unreadable = /[\u0000-\u0008\u000b\u000c\u000e-\u001f]/

export function recordBytes(bytes: ByteString): string {
  const text = bytesToUtf8(bytes)
  return text === undefined || text.startsWith(base64Prefix) || unreadable.test(text) ? base64Prefix + toBase64(bytes) : text
}

/** The bytes of a recorded byte string. Throws a RangeError on broken base64. */
export function bytesOf(recorded: string): ByteString {
  return recorded.startsWith(base64Prefix) ? fromBase64(recorded.slice(base64Prefix.length)) : utf8ToBytes(recorded)
}

export function recordMessage(message: Message): Recorded<Message> {
  return mapMessage(message, recordBytes as Convert)
}

export function messageOf(recorded: Recorded<Message>): Message {
  return mapMessage(recorded as Message, bytesOf)
}

export function recordOperationInput(input: OperationInput): Recorded<OperationInput> {
  return { ...input, operation: mapOperation(input.operation, recordBytes as Convert) }
}

export function operationInputOf(recorded: Recorded<OperationInput>): OperationInput {
  return { ...recorded, operation: mapOperation(recorded.operation as Operation, bytesOf) }
}

export function operationOf(recorded: Recorded<Operation>): Operation {
  return mapOperation(recorded as Operation, bytesOf)
}

export function resultOf(recorded: Recorded<Result>): Result {
  return mapResult(recorded as Result, bytesOf)
}

export function recordReport(report: Report): Recorded<Report> {
  if (report.type !== 'operation-returned' || report.outcome.type !== 'ok') return report
  const result = mapResult(report.outcome.result, recordBytes as Convert)
  return { ...report, outcome: { ...report.outcome, result } }
}

// One walk serves both directions: the shapes are the same, only the strings differ, so the direction is a function of strings.
type Convert = (bytes: ByteString) => ByteString

function mapMessage(message: Message, convert: Convert): Message {
  switch (message.type) {
    case 'request':
    case 'forward':
      return { ...message, operation: mapOperation(message.operation, convert) }
    case 'reply':
      return { ...message, result: mapResult(message.result, convert) }
    case 'state-transfer':
      return {
        ...message,
        entries: message.entries.map((entry) => ({ key: convert(entry.key), value: convert(entry.value) })),
        rows: message.rows.map((row) => ({ ...row, result: mapResult(row.result, convert) })),
      }
    default:
      return message
  }
}

function mapOperation(operation: Operation, convert: Convert): Operation {
  switch (operation.type) {
    case 'put':
    case 'append':
      return { ...operation, key: convert(operation.key), value: convert(operation.value) }
    case 'get':
    case 'delete':
      return { ...operation, key: convert(operation.key) }
    case 'cas':
      return {
        ...operation,
        key: convert(operation.key),
        expected: operation.expected === null ? null : convert(operation.expected),
        value: convert(operation.value),
      }
  }
}

function mapResult(result: Result, convert: Convert): Result {
  switch (result.type) {
    case 'value': return { ...result, value: convert(result.value) }
    case 'mismatch': return { ...result, actual: result.actual === null ? null : convert(result.actual) }
    default: return result
  }
}

const alphabet = 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/'

function toBase64(bytes: string): string {
  let text = ''
  for (let at = 0; at < bytes.length; at += 3) {
    const left = bytes.length - at
    const word = (bytes.charCodeAt(at) << 16) | ((left > 1 ? bytes.charCodeAt(at + 1) : 0) << 8) | (left > 2 ? bytes.charCodeAt(at + 2) : 0)
    text += alphabet.charAt(word >> 18) + alphabet.charAt((word >> 12) & 63)
    text += left > 1 ? alphabet.charAt((word >> 6) & 63) : '='
    text += left > 2 ? alphabet.charAt(word & 63) : '='
  }
  return text
}

function fromBase64(text: string): ByteString {
  if (!/^(?:[A-Za-z0-9+/]{4})*(?:[A-Za-z0-9+/]{2}==|[A-Za-z0-9+/]{3}=)?$/.test(text)) throw new RangeError('a value in the recording is not base64')
  let bytes = ''
  for (let at = 0; at < text.length; at += 4) {
    const digit = (offset: number): number => Math.max(0, alphabet.indexOf(text.charAt(at + offset)))
    const word = (digit(0) << 18) | (digit(1) << 12) | (digit(2) << 6) | digit(3)
    bytes += String.fromCharCode(word >> 16)
    if (text.charAt(at + 2) !== '=') bytes += String.fromCharCode((word >> 8) & 255)
    if (text.charAt(at + 3) !== '=') bytes += String.fromCharCode(word & 255)
  }
  return bytes as ByteString
}
