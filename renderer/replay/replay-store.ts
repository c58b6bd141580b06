// The replay worker of this window (there is only one), and the replays of the shown session. They start when a state is first asked for.
import { defineStore } from 'pinia'
import { ref, shallowRef, watch } from 'vue'
import type { Violation, HistoryStanding, RuleState } from '../../src/check'
import { pauseByMessage } from '../stores/pace'
import { useSessionStore } from '../stores/session'
import { useTraceStore } from '../stores/trace'
import { startWorker } from './workers'
import type { ReplayAnswer, ReplayQuestion } from './replay-messages'
import { Replays, type Asked } from './replays'

/** While the window takes events, the worker waits and checks again after so many milliseconds. */
const busyMs = 50
/** Most violations that are stored to be shown one by one. */
const violationsMax = 1000
/** The replay of a file starts only after so many milliseconds of reading. Most files are read by then, and reading alone is faster. */
const readingAloneMs = 8000

export const useReplays = defineStore('replays', () => {
  const trace = useTraceStore()
  const session = useSessionStore()
  /** The last event whose states are known. */
  const followed = ref(0)
  /** How every rule stands at the last followed event. */
  const rules = shallowRef<readonly RuleState[]>([])
  /** The first `violationsMax` violations, in order; `rules` has the full counts. */
  const violations = shallowRef<readonly Violation[]>([])
  /** The standing of the history that clients saw, at the last followed event; null before the first. */
  const history = shallowRef<HistoryStanding | null>(null)
  let worker: Asked | null = null
  let replays: Replays | null = null
  let ofSession = -1
  let begunMs = 0

  /** The replays of the shown session; null without a session. */
  function current(): Replays | null {
    if (ofSession === trace.session && replays) return replays
    replays?.end()
    ofSession = trace.session
    followed.value = 0
    rules.value = []
    violations.value = []
    history.value = null
    begunMs = performance.now()
    if (trace.header === null) return replays = null
    worker ??= asked(startWorker('replay'))
    const own = replays = new Replays(trace.header, worker, { latest: () => trace.latest, read: trace.readText, quiet })
    own.onFollowed = (seq) => { if (own === replays) followed.value = seq }
    own.onRules = (standing, found) => {
      if (own !== replays) return
      rules.value = standing
      if (found.length > 0 && violations.value.length < violationsMax) violations.value = [...violations.value, ...found].slice(0, violationsMax)
    }
    own.onHistory = (standing) => { if (own === replays) history.value = standing }
    return own
  }

  /** Events of a recording are still being read, from its file or from the lab. */
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

  return { followed, rules, violations, history, current }
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
