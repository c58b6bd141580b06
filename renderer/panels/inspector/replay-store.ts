// The one worker of this window, and the replays of the session that is shown: begun when something first asks for a state.
import { defineStore } from 'pinia'
import { ref, shallowRef, watch } from 'vue'
import type { Breach, HistoryStanding, RuleState } from '../../../src/check'
import { pauseByMessage } from '../../stores/pace'
import { useSessionStore } from '../../stores/session'
import { useTraceStore } from '../../stores/trace'
import { startWorker } from '../../workers'
import type { ReplayAnswer, ReplayQuestion } from './replay-messages'
import { Replays, type Asked } from './replays'

/** While the window takes events, the worker waits: it looks again this often. */
const busyMs = 50
/** Breaches that are kept to be shown one by one. */
const breachesMax = 1000
/** While a file is read, the reading has the processors to itself for so long: most files are whole by then, and are sooner. */
const readingAloneMs = 8000

export const useReplays = defineStore('replays', () => {
  const trace = useTraceStore()
  const session = useSessionStore()
  /** The last event that states are known of. */
  const followed = ref(0)
  /** How every rule stands at the last event that was followed. */
  const rules = shallowRef<readonly RuleState[]>([])
  /** Breaches in order, the first so many; the rules have their counts. */
  const breaches = shallowRef<readonly Breach[]>([])
  /** How what clients saw stands there; null before anything was followed. */
  const history = shallowRef<HistoryStanding | null>(null)
  let worker: Asked | null = null
  let replays: Replays | null = null
  let ofSession = -1
  let begunMs = 0

  /** The replays of the session that is shown; null without one. */
  function current(): Replays | null {
    if (ofSession === trace.session && replays) return replays
    replays?.end()
    ofSession = trace.session
    followed.value = 0
    rules.value = []
    breaches.value = []
    history.value = null
    begunMs = performance.now()
    if (trace.header === null) return replays = null
    worker ??= asked(startWorker('replay'))
    const own = replays = new Replays(trace.header, worker, { latest: () => trace.latest, read: trace.readText, quiet })
    own.onFollowed = (seq) => { if (own === replays) followed.value = seq }
    own.onRules = (standing, found) => {
      if (own !== replays) return
      rules.value = standing
      if (found.length > 0 && breaches.value.length < breachesMax) breaches.value = [...breaches.value, ...found].slice(0, breachesMax)
    }
    own.onHistory = (standing) => { if (own === replays) history.value = standing }
    return own
  }

  /** A recording's events are still on their way, from its file or from the lab. */
  function isReading(): boolean {
    const { kind, recording, latest } = session.status
    return kind === 'recorded' && (recording?.readShare !== undefined || trace.latest < latest)
  }

  async function quiet(): Promise<void> {
    const pause = (): Promise<void> => new Promise((resolve) => setTimeout(resolve, busyMs))
    while (isReading() && performance.now() - begunMs < readingAloneMs) await pause()
    if (trace.isTaking() || trace.loading !== null) return pause()
    if (followed.value < trace.latest) return pauseByMessage()
    await new Promise<void>((resolve) => {
      const stop = watch(() => [trace.version, trace.session], () => {
        stop()
        resolve()
      })
    })
  }

  return { followed, rules, breaches, history, current }
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
