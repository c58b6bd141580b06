// The active watch: what is watched, and the changes found so far. It continues with a live session, in slices, also while the panel is
// hidden. It must never continue after it was cancelled.
import { defineStore } from 'pinia'
import { computed, ref, shallowRef, watch } from 'vue'
import { useDerivedStore } from '../../stores/derived'
import { pauseByMessage } from '../../stores/pace'
import { SlicedWork } from '../../stores/sliced-work'
import { useTraceStore } from '../../stores/trace'
import { becoming, Watch, type Watched } from './watching'

/** Events that are examined between two checks of the clock. */
const eventsAtOnce = 16

export const useWatch = defineStore('watch', () => {
  const trace = useTraceStore()
  const derived = useDerivedStore()
  const watched = shallowRef<Watched | null>(null)
  /** Only changes to this value are shown; empty: all changes. */
  const becomes = ref('')
  const isCancelled = ref(false)
  const isLooking = ref(false)
  /** Increases as events are examined. */
  const version = ref(0)
  let watching: Watch | null = null

  const work = new SlicedWork({
    step: () => watching?.advance(trace.last, eventsAtOnce) ?? false,
    shown: (isMore) => {
      isLooking.value = isMore
      version.value++
    },
    nowMs: () => performance.now(),
    pause: pauseByMessage,
  })

  function begin(what: Watched | null): void {
    work.stop()
    watched.value = what
    isCancelled.value = false
    const { header } = trace
    watching = what === null || header === null ? null
      : new Watch({ header, eventAt: (seq) => trace.eventAt(seq), sentSeq: (seq) => derived.messages.sentSeq(seq) }, what, trace.first)
    isLooking.value = watching !== null
    version.value++
    if (watching !== null) work.start()
  }

  function cancel(): void {
    work.stop()
    isCancelled.value = true
    isLooking.value = false
    version.value++
  }

  function goOn(): void {
    isCancelled.value = false
    isLooking.value = true
    work.start()
  }

  watch(() => trace.version, () => { if (watching !== null && !isCancelled.value) work.start() })
  watch(() => derived.page, () => begin(watched.value), { flush: 'sync' })

  // A new list each time, because the watch's own list grows in place and Vue sees no change in it.
  const changes = computed(() => { void version.value; return [...becoming(watching?.changes ?? [], becomes.value)] })
  const facts = computed(() => {
    void version.value
    return { looked: watching?.taken ?? 0, total: watching?.changes.length ?? 0, isFull: watching?.isFull ?? false, unknown: watching?.unknown ?? [] }
  })

  return { watched, becomes, isCancelled, isLooking, changes, facts, begin, cancel, goOn }
})
