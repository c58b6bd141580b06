// The lines of the node protocol (docs/node-protocol.md): what a program writes becomes a saying, and what the lab tells it becomes a line.
// The envelope is Maelstrom's. It must never trust a line: what it cannot use it refuses with one reason.
import { isJsonObject, isNodeName, kindBytesMax, utf8ToBytes, type JsonObject, type Message, type NodeName } from '../protocol'
import { nodeOfConnection, type ToldReport } from '../trace'
import { readReport } from './reports'
import { LineProblem, type Speaker } from './speaker'
import { bodyOfMessage, messageOfBody } from './words'

/** Bytes of one line. */
export const lineBytesMax = 16 * 1024 * 1024
/** Who sends a program its init; the name that Maelstrom uses. */
export const initSender = 'c0'
/** The lab itself, to and from which the cooperation goes. */
export const labName = 'lab'
/** Timers that one program may have armed at once, and the bytes of a timer's name. */
export const timersMax = 1000
export const timerNameBytesMax = 100
/** The longest time of a timer, in milliseconds: a day. */
export const timerMsMax = 86_400_000

/** How far a program wants to cooperate, as its init_ok says. */
export interface Offers {
  readonly steps: boolean
  readonly timers: boolean
  readonly reports: boolean
  /** In virtual time its process may be another incarnation next, after a `reset`. */
  readonly reset: boolean
}

export type Saying =
  /** `as`: the sender's name for its receiver, if the program passes another node's request on. */
  | { readonly type: 'send'; readonly to: string; readonly as?: string; readonly message: Message }
  | { readonly type: 'init-ok'; readonly offers: Offers }
  | { readonly type: 'init-failed'; readonly reason: string }
  | { readonly type: 'done'; readonly step: number }
  | { readonly type: 'set-timer'; readonly name: string; readonly ms: number }
  | { readonly type: 'cancel-timer'; readonly name: string }
  | { readonly type: 'report'; readonly report: ToldReport }

/** Reads a line. Throws a LineProblem. */
export function readLine(text: string, speaker: Speaker): Saying {
  const line = parsed(text)
  const { src, dest, body } = line
  if (src !== speaker.name && !passesOn(src, speaker)) throw new LineProblem(`its src is ${quoted(src)}, and it is ${speaker.name}`)
  if (typeof dest !== 'string') throw new LineProblem('it has no dest')
  if (!isJsonObject(body)) throw new LineProblem(body === undefined ? 'it has no body' : 'its body is no JSON object, or nested more than 100 deep')
  const { type, ...rest } = body
  if (typeof type !== 'string' || type === '') throw new LineProblem('its body has no type')
  if (bytesOf(type) > kindBytesMax) throw new LineProblem(`the type of its body is longer than ${kindBytesMax} bytes`)
  if (dest === labName) return toLab(type, rest, speaker)
  if (dest === initSender) return toInitSender(type, rest)
  // A name with a number is one connection of a client (c1/2).
  if (!isNodeName(nodeOfConnection(dest)) || !connection.test(dest) || dest.length > destMax) throw new LineProblem(`its dest is ${quoted(dest)}, which no node can be called`)
  const message = messageOfBody(type, rest, speaker)
  return src === speaker.name ? { type: 'send', to: dest, message } : { type: 'send', to: dest, as: src as string, message }
}

/** A program with words of its own may pass the request of a client on, so that whoever answers it answers the client. */
function passesOn(src: unknown, { speaksOurs, clients }: Speaker): boolean {
  return !speaksOurs && typeof src === 'string' && clients.has(src)
}

/** A node's name, and the number of a connection if it has one; as long as a name in a frame may be. */
const connection = /^[^/]+(\/\d+)?$/
const destMax = 32

/** In UTF-8, as frames count. */
const bytesOf = (text: string): number => utf8ToBytes(text).length

function parsed(text: string): Record<string, unknown> {
  let value: unknown
  try {
    value = JSON.parse(text)
  } catch {
    throw new LineProblem('it is not JSON')
  }
  if (typeof value !== 'object' || value === null || Array.isArray(value)) throw new LineProblem('it is no JSON object')
  return value as Record<string, unknown>
}

function toInitSender(type: string, body: JsonObject): Saying {
  if (type === 'init_ok') return { type: 'init-ok', offers: offersOf(body['lab']) }
  if (type === 'error') return { type: 'init-failed', reason: typeof body['text'] === 'string' ? body['text'] : `error ${JSON.stringify(body['code'] ?? null)}` }
  throw new LineProblem(`it answers init with ${quoted(type)}, and the answer is init_ok`)
}

/** Each level needs the one below it. */
function offersOf(lab: unknown): Offers {
  const asks = isJsonObject(lab) ? lab : {}
  const steps = asks['steps'] === true
  const timers = steps && asks['timers'] === true
  return { steps, timers, reports: timers && asks['reports'] === true, reset: timers && asks['reset'] === true }
}

function toLab(type: string, body: JsonObject, speaker: Speaker): Saying {
  switch (type) {
    case 'done': return { type: 'done', step: wholeNumber(body, 'step', Number.MAX_SAFE_INTEGER) }
    case 'set_timer': return { type: 'set-timer', name: timerName(body), ms: wholeNumber(body, 'ms', timerMsMax) }
    case 'cancel_timer': return { type: 'cancel-timer', name: timerName(body) }
    default: {
      const report = readReport(type, body, speaker)
      if (report === undefined) throw new LineProblem(`the lab knows no ${quoted(type)}`)
      return { type: 'report', report }
    }
  }
}

function timerName(body: JsonObject): string {
  const { name } = body
  if (typeof name !== 'string' || name === '' || bytesOf(name) > timerNameBytesMax) throw new LineProblem(`a timer's name has 1 to ${timerNameBytesMax} bytes`)
  return name
}

function wholeNumber(body: JsonObject, field: string, max: number): number {
  const value = body[field]
  if (typeof value !== 'number' || !(value >= 0 && value <= max)) throw new LineProblem(`its ${field} is no number from 0 to ${max}`)
  return Math.round(value)
}

function quoted(value: unknown): string {
  const text = JSON.stringify(value) ?? 'missing'
  return text.length <= 60 ? text : `${text.slice(0, 60)}…`
}

// ---- to a program

/** A line for a program. `step`: the number of the step that it begins; a program that does not cooperate ignores it. */
export function lineOf(src: string, dest: NodeName, body: JsonObject, step?: number): string {
  return JSON.stringify(step === undefined ? { src, dest, body } : { src, dest, step, body })
}

/** Tells a program to forget everything: the next line is its init. */
export function resetLine(dest: NodeName): string {
  return lineOf(labName, dest, { type: 'reset' })
}

export function messageLine(src: string, dest: NodeName, message: Message, step?: number): string {
  return lineOf(src, dest, bodyOfMessage(message), step)
}
