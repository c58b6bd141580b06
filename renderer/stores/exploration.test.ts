import { createPinia, setActivePinia } from 'pinia'
import { beforeEach, describe, expect, it } from 'vitest'
import { nextTick } from 'vue'
import { connectLab, createPortPair, defaultExploreRequest, Refusal, serveLab, type ExploreStanding, type LabHandlers } from '../../src/contract'
import { useExplorationStore } from './exploration'
import { noStatus, useSessionStore } from './session'

const standing = (changes: Partial<ExploreStanding> = {}): ExploreStanding =>
  ({ states: 10, steps: 20, queue: 5, depth: 3, bytes: 100, ms: 40, paused: false, end: null, ...changes })
const found = standing({ end: { type: 'found', rule: 'rule-6', text: 'Two views.', way: ['s1 crashes'] } })

/** A lab that answers `exploreRead` when the test calls `answer`. */
class Readings {
  readonly asked: number[] = []
  #settle: ((now: ExploreStanding | Error) => void) | null = null

  readonly handlers: Partial<LabHandlers> = {
    exploreBegin: () => ({ exploration: 7 }),
    exploreSteer: () => ({}),
    exploreShow: () => ({ session: 2 }),
    exploreRead: ({ exploration }) => {
      this.asked.push(exploration)
      return new Promise((resolve, reject) => { this.#settle = (now) => { if (now instanceof Error) reject(now); else resolve(now) } })
    },
  }

  /** Answers, and waits until the store has handled the answer. */
  async answer(now: ExploreStanding | Error): Promise<void> {
    this.#settle?.(now)
    await settled()
  }
}

const settled = (): Promise<void> => new Promise((resolve) => setTimeout(resolve))

function connect(handlers: Partial<LabHandlers>): { close(): void } {
  const [screen, lab] = createPortPair()
  serveLab(lab, handlers as LabHandlers)
  const session = useSessionStore()
  const connected = connectLab(screen)
  connected.onClose(() => { session.lab = null })
  session.lab = connected
  session.connection = 'open'
  session.status = { ...noStatus, session: 4 }
  return connected
}

async function begun(readings: Readings) {
  const connection = connect(readings.handlers)
  const store = useExplorationStore()
  expect(await store.begin(defaultExploreRequest)).toBe(true)
  await settled()
  return { store, connection }
}

describe('the exploration store', () => {
  beforeEach(() => setActivePinia(createPinia()))

  it('asks again on each answer, and no more at the end, which it says', async () => {
    const readings = new Readings()
    const { store } = await begun(readings)
    await readings.answer(standing())
    expect([readings.asked, store.isRunning, store.standing?.states]).toEqual([[7, 7], true, 10])
    await readings.answer(found)
    expect([readings.asked, store.isRunning, store.end?.way]).toEqual([[7, 7], false, ['s1 crashes']])
    expect(useSessionStore().said.text).toBe('Found: Two views.')
  })

  it('goes on with the next connection, without a word of its own', async () => {
    const readings = new Readings()
    const { store, connection } = await begun(readings)
    await readings.answer(standing())
    connection.close()
    await settled()
    expect([store.isRunning, store.problem]).toEqual([true, ''])
    const later = new Readings()
    connect(later.handlers)
    await settled()
    await later.answer(found)
    expect([later.asked, store.end?.type]).toEqual([[7], 'found'])
  })

  it('ends with the lab\'s own sentence where the lab knows nothing of it', async () => {
    const readings = new Readings()
    const { store } = await begun(readings)
    await readings.answer(new Refusal('This exploration is over; another was begun.'))
    expect([store.isRunning, store.problem]).toEqual([false, 'This exploration is over; another was begun.'])
  })

  it('counts a pause as asked for until the lab says that it is so', async () => {
    const readings = new Readings()
    const { store } = await begun(readings)
    await store.steer('pause')
    await readings.answer(standing())
    expect([store.asked, store.steerProblem]).toEqual(['pause', 'The lab was asked to pause it.'])
    await readings.answer(standing({ paused: true }))
    expect([store.asked, store.standing?.paused]).toEqual([null, true])
  })

  it('shows no way that goes on from a session which is not shown any more', async () => {
    connect({ exploreBegin: () => ({ exploration: 8 }), exploreRead: () => found })
    const store = useExplorationStore()
    const problems = []
    for (const seq of [0, 5]) {
      useSessionStore().status = { ...noStatus, session: 4 }
      await store.begin({ ...defaultExploreRequest, seq })
      problems.push(store.showProblem)
      useSessionStore().status = { ...noStatus, session: 5 }
      problems.push(store.showProblem)
    }
    expect(problems).toEqual(['', '', '', 'The way goes on from a session that is not shown any more.'])
  })

  it('keeps the one before where the lab refuses another', async () => {
    const readings = new Readings()
    const { store } = await begun(readings)
    await readings.answer(found)
    connect({ exploreBegin: () => { throw new Refusal('Nothing lives at that moment.') } })
    await nextTick()
    expect([await store.begin({ ...defaultExploreRequest, seq: 3 }), store.end?.type, useSessionStore().refusal]).toEqual([false, 'found', 'Nothing lives at that moment.'])
  })
})
