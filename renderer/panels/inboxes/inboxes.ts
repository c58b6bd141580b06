// The inboxes: which messages and timers a person may act on, and which message is selected. What is done to them is acts.ts.
// It must not move the cursor: a selected message is under way now.
import { defineStore } from 'pinia'
import { computed, ref, shallowRef, watch } from 'vue'
import type { EventOf } from '../../../src/trace'
import { useSessionStore } from '../../stores/session'
import { useTraceStore } from '../../stores/trace'
import { inboxMessages, timerRows, type InboxMessage } from './inbox-rows'

const nobody: ReadonlySet<string> = new Set()

export const useInboxes = defineStore('inboxes', () => {
  const session = useSessionStore()
  const trace = useTraceStore()
  /** The message that Enter delivers; empty for none. */
  const selectedId = ref('')
  /** Messages that an act is taking away: they have no row any more, and get it back if the act is refused. */
  const leaving = shallowRef<ReadonlySet<string>>(nobody)

  const isFrozen = computed(() => (trace.state?.freeze ?? 0) > 0)
  const messages = computed(() => trace.state ? inboxMessages(trace.state, trace.follow ? leaving.value : nobody) : [])
  const timers = computed(() => trace.state && isFrozen.value ? timerRows(trace.state) : [])
  /** The row of the selected message; -1 without one. */
  const current = computed(() => messages.value.findIndex(({ id }) => id === selectedId.value))
  /** Why nothing can be done to a message or a timer now; empty when it can. */
  const problem = computed(() => {
    if (session.liveProblem !== '') return session.liveProblem
    return trace.follow ? '' : 'This is an earlier moment. Go live to act on messages (L).'
  })

  function sentOf(message: InboxMessage): EventOf<'message-sent'> | undefined {
    const event = trace.eventAt(message.sentSeq)
    return event?.type === 'message-sent' ? event : undefined
  }

  function select(row: number): void {
    const message = messages.value[row]
    selectedId.value = message?.id ?? ''
    if (message) trace.lookAt({ type: 'event', seq: message.sentSeq })
  }

  /** Takes the message's row away, and the selection (with the inspector, if it shows it) on to the next row. */
  function takeOut(row: number): void {
    const message = messages.value[row]
    if (!message) return
    const next = messages.value[row + 1] ?? messages.value[row - 1]
    const isShown = trace.selection?.type === 'event' && trace.selection.seq === message.sentSeq
    leaving.value = new Set([...leaving.value, message.id])
    if (selectedId.value !== message.id) return
    selectedId.value = next?.id ?? ''
    if (next && isShown) trace.lookAt({ type: 'event', seq: next.sentSeq })
  }

  function bringBack(id: string): void {
    leaving.value = new Set([...leaving.value].filter((other) => other !== id))
  }

  // In a freeze something is always selected, so that Enter has something to deliver.
  watch(() => [isFrozen.value, current.value, messages.value.length] as const, ([frozen, row, count]) => {
    if (!frozen || row >= 0 || count === 0) return
    if (trace.selection === null) select(0)
    else selectedId.value = messages.value[0]?.id ?? ''
  })
  watch(() => trace.version, () => {
    for (const id of leaving.value) if (!trace.tail?.underWay.has(id)) bringBack(id)
  })
  watch(() => trace.session, () => {
    leaving.value = nobody
    selectedId.value = ''
  })

  return { selectedId, isFrozen, messages, timers, current, problem, sentOf, select, takeOut, bringBack }
})
