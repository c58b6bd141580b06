// The code that every carrier shares: it turns the arrivals and the close of a real channel into a Port.
// Frames that arrive before there is a listener are kept. A value that is no frame closes the channel, because nothing after it can be trusted.
// It must never interpret a frame beyond its shape: rpc.ts does that.
import type { Frame, Port } from './port'

/** Frames kept for a side that does not listen yet; a channel that brings more is closed. */
export const earlyFramesMax = 10_000

/** The channel below: sends frames, and can be closed. `send` may throw; the channel is then closed. */
export interface Channel {
  send(frame: Frame): void
  close(): void
}

/** The port, and the calls by which its channel reports to it. */
export interface Carrier {
  readonly port: Port
  /** A value arrived (a channel that clones values). */
  receive(value: unknown): void
  /** JSON text arrived (a channel that carries text). */
  receiveText(text: string): void
  /** The channel has closed, by whichever side; calling it again does nothing. */
  closed(): void
}

export function createCarrier(channel: Channel): Carrier {
  const frameListeners: ((frame: Frame) => void)[] = []
  const closeListeners: (() => void)[] = []
  let early: Frame[] = []
  let isClosed = false

  function closed(): void {
    if (isClosed) return
    isClosed = true
    for (const listener of closeListeners) listener()
  }

  function close(): void {
    if (isClosed) return
    channel.close()
    closed()
  }

  function receive(value: unknown): void {
    if (isClosed) return
    if (!isFrame(value)) return close()
    if (frameListeners.length > 0) return frameListeners.forEach((listener) => listener(value))
    if (early.length >= earlyFramesMax) return close()
    early.push(value)
  }

  function receiveText(text: string): void {
    let value: unknown
    try {
      value = frameOfText(text)
    } catch {
      // Not JSON: undefined is no frame, and closes the channel below.
    }
    receive(value)
  }

  function send(frame: Frame): void {
    if (isClosed) return
    try {
      channel.send(frame)
    } catch {
      // A channel that cannot send counts as closed; the close rejects the calls that wait.
      close()
    }
  }

  function onFrame(listener: (frame: Frame) => void): void {
    frameListeners.push(listener)
    const kept = early
    early = []
    for (const frame of kept) listener(frame)
  }

  function onClose(listener: () => void): void {
    if (isClosed) listener()
    else closeListeners.push(listener)
  }

  return { port: { send, onFrame, onClose, close }, receive, receiveText, closed }
}

/** A `text` in a frame's payload of at least this length is sent after the JSON, not in it. */
const besideCharacters = 4096

/**
 * A frame as text: its JSON, in one line. A long `text` in its payload follows unescaped from the next line on: to escape and unescape each
 * quote of a megabyte of events costs as much as parsing the events.
 */
export function textOfFrame(frame: Frame): string {
  const carried = carriedBy(frame)
  if (carried === undefined || carried.text.length < besideCharacters) return JSON.stringify(frame)
  const { text, ...rest } = carried
  return `${JSON.stringify(frame.type === 'event' ? { ...frame, data: rest } : { ...frame, gives: rest })}\n${text}`
}

/** Throws on text that is not JSON. The result is not checked: `isFrame` must do that. */
function frameOfText(text: string): unknown {
  const lineFeed = text.indexOf('\n')
  if (lineFeed === -1) return JSON.parse(text)
  const value = JSON.parse(text.slice(0, lineFeed)) as unknown
  if (!isFrame(value)) return undefined
  const carried = value.type === 'event' ? value.data : value.type === 'answer' ? value.gives : undefined
  if (typeof carried !== 'object' || carried === null) return undefined
  Object.assign(carried, { text: text.slice(lineFeed + 1) })
  return value
}

function carriedBy(frame: Frame): { readonly text: string } | undefined {
  const carried = frame.type === 'event' ? frame.data : frame.type === 'answer' ? frame.gives : undefined
  const text = typeof carried === 'object' && carried !== null ? (carried as Record<string, unknown>).text : undefined
  return typeof text === 'string' ? carried as { readonly text: string } : undefined
}

function isFrame(value: unknown): value is Frame {
  if (typeof value !== 'object' || value === null) return false
  const { type, id, name, sentence } = value as Record<string, unknown>
  switch (type) {
    case 'call': return isCallId(id) && typeof name === 'string'
    case 'answer': return isCallId(id)
    case 'refusal': return isCallId(id) && typeof sentence === 'string'
    case 'event': return typeof name === 'string'
    default: return false
  }
}

function isCallId(id: unknown): id is number {
  return Number.isSafeInteger(id) && (id as number) >= 0
}
