// What several panels compute from the events, computed once: which event sent a message, and the operations, of the page that is held.
// Never folded back: what is after the cursor is told by its seq. It must hold nothing that the events do not say.
import { defineStore } from 'pinia'
import { ref, shallowRef, watch } from 'vue'
import { OperationLog, type EventOf } from '../../src/trace'
import { MessageIndex } from './message-index'
import { useTraceStore } from './trace'

export const useDerivedStore = defineStore('derived', () => {
  const trace = useTraceStore()
  const messages = shallowRef(new MessageIndex())
  const operations = shallowRef(new OperationLog())
  /** Grows with each batch that was taken in. */
  const version = ref(0)
  /** Grows when another page begins: what was made of the one before must be made again. A page that lets events go stays the same. */
  const page = ref(0)
  // Read for each event: not through the refs.
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

  /** The event that sent the message which this event is about; undefined if it is about none, or is not held. */
  function sentOf(seq: number): EventOf<'message-sent'> | undefined {
    const event = trace.eventAt(messages.value.sentSeq(seq))
    return event?.type === 'message-sent' ? event : undefined
  }

  return { messages, operations, version, page, sentOf }
})
