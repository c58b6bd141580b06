// The inboxes: which messages and timers a person may act on, and which message is selected. acts.ts performs the acts.
// It must never move the cursor, because a selected message is in flight now.
import { defineStore } from 'pinia'
import { computed, ref, shallowRef, watch } from 'vue'
import { sendingOf, type EventOf } from '../../../src/trace'
import { useSessionStore } from '../../stores/session'
import { useTraceStore } from '../../stores/trace'
import { inboxMessages, timerRows, type InboxMessage } from './inbox-rows'

const nobody: ReadonlySet<string> = new Set()

export const useInboxes = defineStore('inboxes', () => {
  const session = useSessionStore()
  const trace = useTraceStore()
  /** The message that Enter delivers; empty for none. */
  const selectedId = ref('')
  /** Messages that an act in progress removes: they have no row, and get it back if the act is refused. */
  const leaving = shallowRef<ReadonlySet<string>>(nobody)
  /** The newest freeze for which a message was selected by itself. */
  let lastFreeze = 0

  const isFrozen = computed(() => (trace.state?.freeze ?? 0) > 0)
  const messages = computed(() => trace.state ? inboxMessages(trace.state, trace.follow ? leaving.value : nobody) : [])
  const timers = computed(() => trace.state && isFrozen.value ? timerRows(trace.state) : [])
  /** The row of the selected message; -1 without one. */
  const current = computed(() => messages.value.findIndex(({ id }) => id === selectedId.value))
  /** Why no message or timer can be acted on now; empty if it can. */
  const problem = computed(() => {
    if (session.liveProblem !== '') return session.liveProblem
    return trace.follow ? '' : 'This is an earlier moment. Go live to act on messages (L).'
  })

  function sentOf(message: InboxMessage): EventOf<'message-sent'> | undefined {
    return sendingOf(trace.eventAt(message.sentSeq))
  }

  function select(row: number): void {
    const message = messages.value[row]
    selectedId.value = message?.id ?? ''
    if (message) trace.lookAt({ type: 'event', seq: message.sentSeq })
  }

  /** Removes the row of a message. If it was selected, selects the next row, and the inspector follows if it showed the message. */
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

  // During a freeze a message is always selected, so that Enter can deliver it: at first the message that caused the freeze, if there is one.
  watch(() => [trace.state?.freeze ?? 0, current.value, messages.value.length] as const, ([freeze, row, count]) => {
    if (freeze === 0 || count === 0) return
    // Once for each freeze: whoever travels away and back keeps what they have selected.
    const met = freeze <= lastFreeze ? -1 : messages.value.findIndex(({ sentSeq }) => sentSeq === trace.state?.freezeMetBy)
    lastFreeze = Math.max(lastFreeze, freeze)
    if (met < 0 && row >= 0) return
    const first = Math.max(0, met)
    if (trace.selection === null) select(first)
    else selectedId.value = messages.value[first]?.id ?? ''
  })
  watch(() => trace.version, () => {
    for (const id of leaving.value) if (trace.tail?.inFlight.get(id) === undefined) bringBack(id)
  })
  watch(() => trace.session, () => {
    leaving.value = nobody
    selectedId.value = ''
    lastFreeze = 0
  })

  return { selectedId, isFrozen, messages, timers, current, problem, sentOf, select, takeOut, bringBack }
})
