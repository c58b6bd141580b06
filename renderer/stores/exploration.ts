// The exploration that this window follows: its request, its progress and its end. It continues in the lab while no dialog shows it, and
// while the connection is lost. This store must never explore anything itself.
import { defineStore } from 'pinia'
import { computed, ref, shallowRef, watch } from 'vue'
import type { ExploreRequest, ExploreStanding, Lab, Takes } from '../../src/contract'
import { useSessionStore } from './session'

type Steer = Takes<'exploreSteer'>['act']

export const useExplorationStore = defineStore('exploration', () => {
  const session = useSessionStore()
  /** The lab's number of the exploration; 0: none. */
  const number = ref(0)
  /** The session that was shown when it began; `request.seq` is an event of it. */
  const ofSession = ref(0)
  const request = shallowRef<ExploreRequest | null>(null)
  const standing = shallowRef<ExploreStanding | null>(null)
  /** Why it is no longer followed; empty while it is followed, and after its end. */
  const problem = ref('')
  /** The requested act (pause, resume or cancel), from the click until the lab confirms it. */
  const asked = ref<Steer | null>(null)

  /** True from its begin until its result was shown or dismissed; the window offers it meanwhile. */
  const isKept = ref(false)

  const isRunning = computed(() => number.value !== 0 && problem.value === '' && !standing.value?.end)
  const end = computed(() => standing.value?.end ?? null)

  /** Why the result cannot be shown now; '' if it can. */
  const showProblem = computed(() => {
    if (session.actProblem !== '') return session.actProblem
    return request.value !== null && request.value.seq > 0 && ofSession.value !== session.status.session
      ? 'The way goes on from a session that is not shown any more.' : ''
  })

  /** Begins an exploration and ends a running one. False if the lab refused; the reason is in the session's `refusal`. */
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

  /** The lab holds back each answer until there is news, up to a quarter of a second, so this loop needs no wait of its own. */
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
      // After a lost connection, the watch on `session.lab` below follows it again.
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

  /** Why it cannot be paused, resumed or cancelled now; '' if it can. */
  const steerProblem = computed(() => session.commandProblem || (asked.value === null ? '' : `The lab was asked to ${asked.value} it.`))

  async function steer(act: Steer): Promise<void> {
    if (!isRunning.value) return
    if (steerProblem.value !== '') return session.say(steerProblem.value, 'refused')
    asked.value = act
    if (await session.call('exploreSteer', { exploration: number.value, act }) === undefined) asked.value = null
  }

  /** Shows the steps that were found as a session; false if the lab refused. */
  async function show(): Promise<boolean> {
    const done = request.value?.seq === 0
      ? 'The way that was found, as a recording: the cluster is frozen at its end.'
      : 'The way that was found was carried out on processes; the cluster is frozen at its end.'
    const isShown = await session.call('exploreShow', { exploration: number.value }, done) !== undefined
    if (isShown) putAway()
    return isShown
  }

  /** Dismisses the result of an ended exploration; a running one stays. */
  function putAway(): void {
    if (!isRunning.value) isKept.value = false
  }

  return { number, session: ofSession, request, standing, problem, asked, isKept, isRunning, end, showProblem, steerProblem, begin, steer, show, putAway }
})
