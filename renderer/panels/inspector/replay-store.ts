// The one worker of this window, and the replays of the session that is shown: begun when something first asks for a state.
import { defineStore } from 'pinia'
import { ref, watch } from 'vue'
import { pauseByMessage } from '../../stores/pace'
import { useTraceStore } from '../../stores/trace'
import { startWorker } from '../../workers'
import type { ReplayAnswer, ReplayQuestion } from './replay-messages'
import { Replays, type Asked } from './replays'

/** While the window takes events, the worker waits: it looks again this often. */
const busyMs = 50

export const useReplays = defineStore('replays', () => {
  const trace = useTraceStore()
  /** The last event that states are known of. */
  const followed = ref(0)
  let worker: Asked | null = null
  let replays: Replays | null = null
  let ofSession = -1

  /** The replays of the session that is shown; null without one. */
  function current(): Replays | null {
    if (ofSession === trace.session && replays) return replays
    replays?.end()
    ofSession = trace.session
    followed.value = 0
    if (trace.header === null) return replays = null
    worker ??= asked(startWorker('replay'))
    const own = replays = new Replays(trace.header, worker, { latest: () => trace.latest, read: trace.readText, quiet })
    own.onFollowed = (seq) => { if (own === replays) followed.value = seq }
    return own
  }

  async function quiet(): Promise<void> {
    if (trace.isTaking() || trace.loading !== null) return new Promise((resolve) => setTimeout(resolve, busyMs))
    if (followed.value < trace.latest) return pauseByMessage()
    await new Promise<void>((resolve) => {
      const stop = watch(() => [trace.version, trace.session], () => {
        stop()
        resolve()
      })
    })
  }

  return { followed, current }
})

/** A worker answers every question once, in order. */
function asked(worker: Worker): Asked {
  const waiting: ((answer: ReplayAnswer) => void)[] = []
  worker.onmessage = ({ data }: MessageEvent<ReplayAnswer>) => waiting.shift()?.(data)
  return {
    ask: (question: ReplayQuestion) => new Promise((resolve) => {
      waiting.push(resolve)
      worker.postMessage(question)
    }),
  }
}
