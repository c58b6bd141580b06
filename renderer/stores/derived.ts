// Data that several panels need, computed once from the events in memory: which event sent a message, and the operations.
// It covers the whole page, also events after the cursor; a caller compares seqs. It must never hold anything that is not in the events.
import { defineStore } from 'pinia'
import { ref, shallowRef, watch } from 'vue'
import { OperationLog, sendingOf, type EventOf } from '../../src/trace'
import { MessageIndex } from './message-index'
import { useTraceStore } from './trace'

export const useDerivedStore = defineStore('derived', () => {
  const trace = useTraceStore()
  const messages = shallowRef(new MessageIndex())
  const operations = shallowRef(new OperationLog())
  /** Increases with each batch of events. */
  const version = ref(0)
  /** Increases when another page begins; then all data derived from the last page is invalid. Evicting events does not change it. */
  const page = ref(0)
  // Plain variables, because reading refs for each event is slow.
  let index = messages.value
  let log = operations.value

  trace.addPageReader({
    begin: (_first, before) => {
      messages.value = index = new MessageIndex(before ?? undefined)
      operations.value = log = new OperationLog()
      page.value++
    },
    take: (event) => {
      index.take(event)
      log.take(event)
    },
    dropBefore: (first) => {
      index.dropBefore(first)
      log.dropBefore(first)
    },
  })
  watch(() => [trace.version, trace.session], () => { version.value++ }, { flush: 'sync' })

  /** The event that sent the message of this event; undefined if the event is about no message, or the sending is not in memory. */
  function sentOf(seq: number): EventOf<'message-sent'> | undefined {
    return sendingOf(trace.eventAt(messages.value.sentSeq(seq)))
  }

  return { messages, operations, version, page, sentOf }
})
