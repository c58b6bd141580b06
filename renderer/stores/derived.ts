// What several panels compute from the events, computed once: which event sent a message, and the operations. Grows with the events
// and is never folded back: what is after the cursor is told by its seq. It must hold nothing that the events do not say.
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
  let session = trace.session
  let taken = 0

  function advance(): void {
    if (trace.session !== session || trace.events.length < taken) {
      session = trace.session
      taken = 0
      messages.value = new MessageIndex()
      operations.value = new OperationLog()
    }
    for (; taken < trace.events.length; taken++) {
      const event = trace.events[taken]
      if (!event) break
      messages.value.take(event)
      operations.value.take(event)
    }
    version.value++
  }
  watch(() => [trace.version, trace.session], advance, { immediate: true, flush: 'sync' })

  /** The event that sent the message which this event is about; undefined if it is about none, or unknown. */
  function sentOf(seq: number): EventOf<'message-sent'> | undefined {
    const event = trace.eventAt(messages.value.sentSeq(seq))
    return event?.type === 'message-sent' ? event : undefined
  }

  return { messages, operations, version, sentOf }
})
