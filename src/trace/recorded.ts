// How byte strings look in events and files: as text if they are readable UTF-8, otherwise as `base64:` and base64.
// The two directions are exact inverses; nothing is ever replaced or cut.
import { bytesBetween, bytesToUtf8, utf8ToBytes, withBytes, type Answer, type ByteString, type Call, type InOwnWords, type Message, type Operation, type OperationInput, type Report, type Result } from '../protocol'

/** The recorded form of a protocol value: the same shape, with text in the place of byte strings. */
export type Recorded<T> =
  T extends ByteString ? string
  : T extends InOwnWords ? T
  : T extends readonly (infer Item)[] ? readonly Recorded<Item>[]
  : T extends object ? { readonly [Key in keyof T]: Recorded<T[Key]> }
  : T

const base64Prefix = 'base64:'

/** An operation of a recording: of the store, or a call in a program's own words. And what either is answered with. */
export type AnyOperation = Recorded<Operation> | Call
export type AnyResult = Recorded<Result> | Answer

/** Control characters except tab, line feed and carriage return: JSON writes each as six, so two large values would exceed a line's limit. */
const unreadable = /[\u0000-\u0008\u000b\u000c\u000e-\u001f]/

export function recordBytes(bytes: ByteString): string {
  const text = bytesToUtf8(bytes)
  return text === undefined || text.startsWith(base64Prefix) || unreadable.test(text) ? base64Prefix + toBase64(bytes) : text
}

/** The bytes of a recorded byte string. Throws a RangeError on broken base64. */
export function bytesOf(recorded: string): ByteString {
  return recorded.startsWith(base64Prefix) ? fromBase64(recorded, base64Prefix.length) : utf8ToBytes(recorded)
}

export function recordMessage(message: Message): Recorded<Message> {
  return mapMessage(message, recordBytes as Convert)
}

export function messageOf(recorded: Recorded<Message>): Message {
  return mapMessage(recorded as Message, bytesOf)
}

export function recordOperationInput(input: OperationInput): Recorded<OperationInput> {
  return { ...input, operation: input.operation.type === 'call' ? input.operation : withBytes(input.operation, recordBytes) }
}

export function operationInputOf(recorded: Recorded<OperationInput>): OperationInput {
  return { ...recorded, operation: recorded.operation.type === 'call' ? recorded.operation : withBytes(recorded.operation, bytesOf) }
}

export function operationOf(recorded: Recorded<Operation>): Operation {
  return withBytes(recorded, bytesOf)
}

export function recordResult(result: Result): Recorded<Result> {
  return mapResult(result, recordBytes as Convert)
}

export function resultOf(recorded: Recorded<Result>): Result {
  return mapResult(recorded as Result, bytesOf)
}

export function recordReport(report: Report): Recorded<Report> {
  if (report.type !== 'operation-returned' || report.outcome.type !== 'ok' || report.outcome.result.type === 'answered') return report
  const result = mapResult(report.outcome.result, recordBytes as Convert)
  return { ...report, outcome: { ...report.outcome, result } }
}

// One walk serves both directions: the shapes are the same, only the strings differ, so the direction is a function of strings.
type Convert = (bytes: ByteString) => ByteString

function mapMessage(message: Message, convert: Convert): Message {
  switch (message.type) {
    case 'request':
    case 'forward':
      return { ...message, operation: withBytes(message.operation, convert) }
    case 'reply':
      return { ...message, result: mapResult(message.result, convert) }
    case 'state-transfer':
      return {
        ...message,
        entries: message.entries.map((entry) => ({ key: convert(entry.key), value: convert(entry.value) })),
        rows: message.rows.map((row) => ({ ...row, result: mapResult(row.result, convert) })),
      }
    case 'ping':
    case 'view-reply':
    case 'superseded':
    case 'get-view':
    case 'query':
    case 'query-reply':
    case 'rejected':
    case 'not-yet':
    case 'forward-ack':
    case 'state-transfer-ack':
    case 'restarted':
    case 'foreign':
      return message
  }
}

function mapResult(result: Result, convert: Convert): Result {
  switch (result.type) {
    case 'value': return { ...result, value: convert(result.value) }
    case 'mismatch': return { ...result, actual: result.actual === null ? null : convert(result.actual) }
    case 'done':
    case 'missing':
    case 'too-large': return result
  }
}

const alphabet = 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/'

/** By character code; 255 for what is no digit. */
const digits = new Uint8Array(128).fill(255)
for (let value = 0; value < alphabet.length; value++) digits[alphabet.charCodeAt(value)] = value

/** Bytes that are encoded at a time; a multiple of 3. Text that grows by a few characters at a time would be a rope of millions of parts. */
const pieceBytes = 6144

function toBase64(bytes: string): string {
  let text = ''
  for (let at = 0; at < bytes.length; at += pieceBytes) text += pieceToBase64(bytes, at, Math.min(bytes.length, at + pieceBytes))
  return text
}

function pieceToBase64(bytes: string, from: number, to: number): string {
  const codes = new Uint8Array(Math.ceil((to - from) / 3) * 4)
  for (let at = from, place = 0; at < to; at += 3, place += 4) {
    const left = to - at
    const word = (bytes.charCodeAt(at) << 16) | ((left > 1 ? bytes.charCodeAt(at + 1) : 0) << 8) | (left > 2 ? bytes.charCodeAt(at + 2) : 0)
    codes[place] = alphabet.charCodeAt(word >> 18)
    codes[place + 1] = alphabet.charCodeAt((word >> 12) & 63)
    codes[place + 2] = left > 1 ? alphabet.charCodeAt((word >> 6) & 63) : padding
    codes[place + 3] = left > 2 ? alphabet.charCodeAt(word & 63) : padding
  }
  return bytesBetween(codes, 0, codes.length)
}

const padding = 61 // =

function fromBase64(text: string, from: number): ByteString {
  const length = base64Bytes(text, from)
  if (length === undefined) throw new RangeError('a value in the recording is not base64')
  const bytes = new Uint8Array(length)
  for (let at = from, place = 0; place < length; at += 4, place += 3) {
    const word = (digitAt(text, at) << 18) | (digitAt(text, at + 1) << 12) | ((digitAt(text, at + 2) & 63) << 6) | (digitAt(text, at + 3) & 63)
    bytes[place] = word >> 16
    bytes[place + 1] = word >> 8 // A write beyond the last byte has no effect.
    bytes[place + 2] = word
  }
  return bytesBetween(bytes, 0, length)
}

function digitAt(text: string, at: number): number {
  const code = text.charCodeAt(at)
  return code < 128 ? digits[code] as number : 255
}

/** How many bytes the rest of a text encodes, or undefined if it is no base64. A loop, because a regular expression over megabytes overflows the stack. */
function base64Bytes(text: string, from: number): number | undefined {
  if ((text.length - from) % 4 !== 0) return undefined
  const end = text.endsWith('==') ? text.length - 2 : text.endsWith('=') ? text.length - 1 : text.length
  if (end < from) return undefined
  for (let at = from; at < end; at++) if (digitAt(text, at) === 255) return undefined
  // Unused bits must be zero, so that no value has two texts.
  const left = text.length - end
  if (left > 0 && (digitAt(text, end - 1) & (left === 2 ? 15 : 3)) !== 0) return undefined
  return (text.length - from) / 4 * 3 - left
}

/** Whether `bytesOf` can read a recorded byte string: true for every text without the base64 prefix. */
export function isReadable(recorded: string): boolean {
  return !recorded.startsWith(base64Prefix) || base64Bytes(recorded, base64Prefix.length) !== undefined
}
