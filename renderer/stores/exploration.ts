// The exploration that this window follows: what was asked for, how far it has come, how it ended. It goes on in the lab whether a dialog shows it
// or not, and through a lost connection. It must never explore anything itself.
import { defineStore } from 'pinia'
import { computed, ref, shallowRef, watch } from 'vue'
import type { ExploreRequest, ExploreStanding, Lab, Takes } from '../../src/contract'
import { useSessionStore } from './session'

type Steer = Takes<'exploreSteer'>['act']

export const useExplorationStore = defineStore('exploration', () => {
  const session = useSessionStore()
  /** The lab's number of it; 0: none was begun. */
  const number = ref(0)
  /** The session that its event is of, and what was asked for. */
  const ofSession = ref(0)
  const request = shallowRef<ExploreRequest | null>(null)
  const standing = shallowRef<ExploreStanding | null>(null)
  /** Why it is not followed any more; empty while it is, or has ended. */
  const problem = ref('')
  /** Pause, resume or cancel, from the click until the lab has said that it is so. */
  const asked = ref<Steer | null>(null)

  /** Whether a screen should still offer it: from its beginning until what came of it was shown, or put away. */
  const isKept = ref(false)

  const isRunning = computed(() => number.value !== 0 && problem.value === '' && !standing.value?.end)
  const end = computed(() => standing.value?.end ?? null)

  /** Why what was found cannot be shown now; '' when it can. */
  const showProblem = computed(() => {
    if (session.commandProblem !== '') return session.commandProblem
    return request.value !== null && request.value.seq > 0 && ofSession.value !== session.status.session
      ? 'The way goes on from a session that is not shown any more.' : ''
  })

  /** False when the lab refused, with its reason in the session's `refusal`. Ends one that goes on. */
  async function begin(what: ExploreRequest): Promise<boolean> {
    const shown = session.status.session
    const gives = await session.call('exploreBegin', { session: shown, request: what })
    if (gives === undefined) return false
    number.value = gives.exploration
    ofSession.value = shown
    request.value = what
    standing.value = null
    problem.value = ''
    asked.value = null
    isKept.value = true
    void follow(gives.exploration, session.lab)
    return true
  }

  /** Each answer takes the lab as long as there is nothing new to say, up to a quarter of a second: the next question needs no wait. */
  async function follow(own: number, lab: Lab | null): Promise<void> {
    let isClosed = lab === null
    lab?.onClose(() => { isClosed = true })
    try {
      while (lab !== null && session.lab === lab && own === number.value) {
        const now = await lab.call('exploreRead', { exploration: own })
        if (own !== number.value) return
        take(now)
        if (now.end !== null) return session.say(now.end.type === 'found' ? `Found: ${now.end.text}` : now.end.text)
      }
    } catch (error) {
      // With the connection gone it is followed again when there is another: below.
      if (!isClosed && own === number.value) lose(error instanceof Error ? error.message : String(error))
    }
  }

  function take(now: ExploreStanding): void {
    standing.value = now
    if (asked.value === 'pause' && now.paused || asked.value === 'resume' && !now.paused || now.end) asked.value = null
  }

  function lose(sentence: string): void {
    problem.value = sentence
    isKept.value = false
    session.say(sentence, 'refused')
  }

  watch(() => session.lab, (lab) => { if (isRunning.value) void follow(number.value, lab) })

  /** Why it cannot be steered now; '' when it can. */
  const steerProblem = computed(() => session.commandProblem || (asked.value === null ? '' : `The lab was asked to ${asked.value} it.`))

  async function steer(act: Steer): Promise<void> {
    if (!isRunning.value) return
    if (steerProblem.value !== '') return session.say(steerProblem.value, 'refused')
    asked.value = act
    if (await session.call('exploreSteer', { exploration: number.value, act }) === undefined) asked.value = null
  }

  /** Shows the way that was found; false when the lab refused. */
  async function show(): Promise<boolean> {
    const done = request.value?.seq === 0
      ? 'The way that was found, as a recording: time stands still from its freeze on.'
      : 'The way that was found was carried out on processes; the cluster stands still at its end.'
    const isShown = await session.call('exploreShow', { exploration: number.value }, done) !== undefined
    if (isShown) putAway()
    return isShown
  }

  /** What came of it is no longer offered. One that goes on stays. */
  function putAway(): void {
    if (!isRunning.value) isKept.value = false
  }

  return { number, session: ofSession, request, standing, problem, asked, isKept, isRunning, end, showProblem, steerProblem, begin, steer, show, putAway }
})
