// Both ends of the contract over any port: `connectLab` for a screen or a script, `serveLab` for the lab.
// Only the calls listed in lab.ts exist; everything that comes from the other side is checked before it is used.
// It must never know which carrier is below.
import type { CallName, EventData, EventName, Gives, Lab, LabHandlers, Takes } from './lab'
import { labCalls, labEvents } from './lab'
import type { Frame, Port } from './port'
import { Refusal, sentenceOfIssue } from './refusal'

/** Calls of one connection that may wait for their answer; one more is refused at once. */
export const callsWaitingMax = 1024

const closedSentence = 'The connection to the lab has ended.'
const tooManySentence = `${callsWaitingMax} calls are waiting for an answer; try again when some have been answered.`

/** The schema of a call or an event, as this file needs it: the public signatures fix the types. */
interface Schema {
  safeParse(value: unknown): { success: true; data: unknown } | { success: false; error: { issues: Parameters<typeof sentenceOfIssue>[0] } }
}

interface Waiting {
  readonly name: CallName
  resolve(gives: unknown): void
  reject(refusal: Refusal): void
}

/**
 * The lab as seen through a port. Arguments are checked here too, so that every carrier refuses the same things with the same words.
 * An event that nobody listens to is dropped: register listeners before `subscribe`.
 */
export function connectLab(port: Port): Lab {
  const waiting = new Map<number, Waiting>()
  const listeners = new Map<string, Set<(data: unknown) => void>>()
  const closeListeners: (() => void)[] = []
  let lastId = 0
  let isClosed = false

  function call<Name extends CallName>(name: Name, takes: Takes<Name>): Promise<Gives<Name>> {
    return new Promise<unknown>((resolve, reject) => {
      if (isClosed) return reject(new Refusal(closedSentence))
      if (waiting.size >= callsWaitingMax) return reject(new Refusal(tooManySentence))
      if (!Object.hasOwn(labCalls, name)) return reject(new Refusal(noSuchCall(name)))
      const checked = (labCalls[name].takes as Schema).safeParse(takes)
      if (!checked.success) return reject(new Refusal(sentenceOfIssue(checked.error.issues, takes)))
      const id = ++lastId
      waiting.set(id, { name, resolve, reject })
      port.send({ type: 'call', id, name, takes: checked.data })
    }) as Promise<Gives<Name>>
  }

  function take(frame: Frame): void {
    switch (frame.type) {
      case 'answer': return settle(frame.id, (call) => takeAnswer(call, frame.gives))
      case 'refusal': return settle(frame.id, (call) => call.reject(new Refusal(frame.sentence)))
      case 'event': return takeEvent(frame.name, frame.data)
      case 'call': return port.close() // A lab never calls its screen, so the other side is no lab.
    }
  }

  function settle(id: number, how: (call: Waiting) => void): void {
    const call = waiting.get(id)
    if (call === undefined) return
    waiting.delete(id)
    how(call)
  }

  function takeEvent(name: string, data: unknown): void {
    if (!Object.hasOwn(labEvents, name)) return port.close()
    const checked = (labEvents[name as EventName] as Schema).safeParse(data)
    if (!checked.success) return port.close()
    for (const listener of [...(listeners.get(name) ?? [])]) listener(checked.data)
  }

  function on<Name extends EventName>(name: Name, listener: (data: EventData<Name>) => void): () => void {
    const ofName = listeners.get(name) ?? new Set()
    listeners.set(name, ofName)
    const own = (data: unknown): void => listener(data as EventData<Name>)
    ofName.add(own)
    return () => void ofName.delete(own)
  }

  port.onClose(() => {
    isClosed = true
    for (const call of waiting.values()) call.reject(new Refusal(closedSentence))
    waiting.clear()
    for (const listener of closeListeners) listener()
  })
  port.onFrame(take)

  return {
    call,
    on,
    onClose: (listener) => { if (isClosed) listener(); else closeListeners.push(listener) },
    close: () => port.close(),
  }
}

function takeAnswer(call: Waiting, gives: unknown): void {
  const checked = (labCalls[call.name].gives as Schema).safeParse(gives)
  if (checked.success) call.resolve(checked.data)
  else call.reject(new Refusal(`The lab's answer to ${call.name} is of another version. ${sentenceOfIssue(checked.error.issues, gives)}`))
}

/** The lab's end of one connection. */
export interface LabServer {
  /** Sends an event to the other side; after close it does nothing. */
  tell<Name extends EventName>(name: Name, data: EventData<Name>): void
  /** Resolves when the connection has closed, by whichever side. */
  readonly closed: Promise<void>
}

/** Answers the calls that come through a port. A handler refuses by throwing a `Refusal`; its message is sent unchanged. */
export function serveLab(port: Port, handlers: LabHandlers): LabServer {
  let answering = 0

  async function answer(frame: Extract<Frame, { type: 'call' }>): Promise<void> {
    if (answering >= callsWaitingMax) return port.send({ type: 'refusal', id: frame.id, sentence: tooManySentence })
    answering++
    try {
      port.send({ type: 'answer', id: frame.id, gives: await perform(frame.name, frame.takes, handlers) })
    } catch (error) {
      port.send({ type: 'refusal', id: frame.id, sentence: sentenceOf(error) })
    } finally {
      answering--
    }
  }

  const closed = new Promise<void>((resolve) => port.onClose(resolve))
  port.onFrame((frame) => {
    if (frame.type === 'call') void answer(frame)
    else port.close() // A screen only sends calls, so the other side is no screen.
  })
  return {
    tell: (name, data) => port.send({ type: 'event', name, data: ours(labEvents[name], data, `event ${name}`) }),
    closed,
  }
}

async function perform(name: string, takes: unknown, handlers: LabHandlers): Promise<unknown> {
  if (!Object.hasOwn(labCalls, name)) throw new Refusal(noSuchCall(name))
  const callName = name as CallName
  const checked = (labCalls[callName].takes as Schema).safeParse(takes)
  if (!checked.success) throw new Refusal(sentenceOfIssue(checked.error.issues, takes))
  const handler = handlers[callName] as (takes: unknown) => unknown
  return ours(labCalls[callName].gives, await handler(checked.data), `answer of ${callName}`)
}

/** What the lab sends must fit its own contract: anything else (such as an undefined) is our mistake. */
function ours(schema: Schema, value: unknown, what: string): unknown {
  const checked = schema.safeParse(value)
  if (!checked.success) throw new Error(`the lab's ${what} breaks the contract: ${sentenceOfIssue(checked.error.issues, value)}`)
  return checked.data
}

function noSuchCall(name: string): string {
  return `The lab has no call named ${JSON.stringify(name.slice(0, 40))}.`
}

function sentenceOf(error: unknown): string {
  return error instanceof Error && error.message !== '' ? error.message : 'The lab could not do that.'
}
