// What every carrier shares: it turns "something arrived" and "it closed" of a real channel into a Port.
// Frames that arrive before anybody listens are kept; what is no frame closes the channel, as nothing after it can be trusted.
// It must never interpret a frame beyond its shape: that is rpc.ts.
import type { Frame, Port } from './port'

/** Frames kept for a side that does not listen yet; a channel that brings more is closed. */
export const earlyFramesMax = 10_000

/** The channel below: how a frame leaves, and how the channel is closed. `send` may throw; the channel is then closed. */
export interface Channel {
  send(frame: Frame): void
  close(): void
}

/** The port, and what its channel tells it. */
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
      value = JSON.parse(text)
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
      // A channel that cannot send is as good as closed; whoever waits is told by its close.
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
