// Acts on messages in flight and on frozen timers, and the sentences about them. An impossible act is refused with its reason.
// `row` is a row of the inboxes, by default the selected message.
import { defineStore } from 'pinia'
import type { FrozenTimer } from '../../../src/trace'
import { useSessionStore } from '../../stores/session'
import { messageName, type InboxMessage } from './inbox-rows'
import { useInboxes } from './inboxes'

export const useInboxActs = defineStore('inbox-acts', () => {
  const session = useSessionStore()
  const inboxes = useInboxes()

  /** Runs acts one after the other: a node's next step begins only after the node has reported its last step. */
  let last: Promise<unknown> = Promise.resolve()
  function inTurn<Value>(act: () => Promise<Value>): Promise<Value> {
    const turn = last.then(act)
    last = turn
    return turn
  }

  /** The message of a row; undefined, after reporting the reason, if it cannot be acted on. */
  function messageFor(row: number): InboxMessage | undefined {
    const { problem, messages, isFrozen } = inboxes
    if (problem !== '') return session.refuse(problem)
    const message = messages[row]
    if (message) return message
    if (messages.length > 0) return session.refuse('Select a message in the inboxes first.')
    return session.refuse(isFrozen ? 'No message is in flight. Fire a timer to go on.' : 'Freeze time first (Space): while it runs, only late and held messages wait.')
  }

  const nameOf = (message: InboxMessage): string => messageName(message, inboxes.sentOf(message))

  async function remove(type: 'deliver' | 'drop', row: number, done: string): Promise<void> {
    const message = messageFor(row)
    if (!message) return
    inboxes.takeOut(row)
    const isDone = await inTurn(() => session.act({ type, id: message.id }, `${done} ${nameOf(message)}.`))
    if (isDone === undefined) inboxes.bringBack(message.id)
  }

  const deliver = (row = inboxes.current): Promise<void> => remove('deliver', row, inboxes.isFrozen ? 'Delivered:' : 'Let go:')
  const drop = (row = inboxes.current): Promise<void> => remove('drop', row, 'Dropped:')

  async function duplicate(row = inboxes.current): Promise<void> {
    const message = messageFor(row)
    if (message) await inTurn(() => session.act({ type: 'duplicate', id: message.id }, `A copy waits: ${nameOf(message)}.`))
  }

  async function fire({ node, name }: Pick<FrozenTimer, 'node' | 'name'>): Promise<void> {
    if (inboxes.problem !== '') return session.refuse(inboxes.problem)
    if (!inboxes.isFrozen) return session.refuse('Freeze time first (Space): while it runs, timers fire by themselves.')
    await inTurn(() => session.act({ type: 'fire', node, timer: name }, `Fired: timer ${name} of ${node}.`))
  }

  return {
    deliver, drop, duplicate, fire,
    deliverNext: () => deliver(0),
    /** One step of the frozen cluster: delivers the selected message, or the first. */
    step: () => deliver(Math.max(0, inboxes.current)),
  }
})
