import { describe, expect, it } from 'vitest'
import { defaultLimits } from '../../src/check'
import { defaultSettings, utf8ToBytes, type Operation } from '../../src/protocol'
import { World } from '../../src/sim'
import type { TraceEvent, TraceHeader } from '../../src/trace'
import { HistoryKeeper } from './history-keeper'
import { historyWords, shownStanding, tabCount } from '../panels/history/history-words'

const key = utf8ToBytes('a')
const put = (value: string): Operation => ({ type: 'put', key, value: utf8ToBytes(value) })

/** A cluster that loses a write: the write never reaches the backup, and the primary is killed. */
function losing(mutants: readonly ('answers-before-backups')[]): { header: TraceHeader; events: TraceEvent[] } {
  const events: TraceEvent[] = []
  const world = new World({
    title: '', seed: '1', replicas: 2, clients: 2, linkDelayMs: 2, settings: { ...defaultSettings, mutants }, onEvent: (event) => events.push(JSON.parse(JSON.stringify(event)) as TraceEvent),
  })
  world.run(600)
  world.invoke('c1', put('1'))
  world.run(50)
  world.perform({ type: 'add-fault', fault: { name: 'deaf', where: { from: ['s1'], to: ['s2'], kinds: [] }, bothWays: false, effect: { type: 'cut' }, times: 0 }, plan: { inMs: 0, forMs: 0 } })
  world.invoke('c1', put('2'))
  world.run(50)
  world.kill('s1')
  world.run(2000)
  world.invoke('c2', { type: 'get', key })
  world.run(200)
  return { header: world.header, events }
}

function kept(mutants: readonly ('answers-before-backups')[]): { keeper: HistoryKeeper; events: TraceEvent[] } {
  const { header, events } = losing(mutants)
  const keeper = new HistoryKeeper(header, defaultLimits, () => 0)
  keeper.follow(events)
  return { keeper, events }
}

const idsOf = (events: readonly TraceEvent[]): number[] => events.flatMap((event) => event.type === 'operation-invoked' ? [event.seq] : [])

describe('the history of a session', () => {
  it('tells the operation that has no place at once, with the longest part before it, in words', () => {
    const { keeper, events } = kept(['answers-before-backups'])
    const [first, second, look] = idsOf(events) as [number, number, number]
    expect(keeper.standing.errors).toMatchObject([{ unplaced: look, why: "c2's get returned 1, but 2 was acknowledged to c1 before it began." }])
    const part = keeper.part(1, events.length)
    expect(part.placings.map(({ id }) => id)).toEqual([first, second])
    expect(part.longest).toEqual({ key: 'a', count: 2, last: ['c1 put a 1', 'c1 put a 2'], unplaced: 'c2 get a → 1' })
    const words = historyWords(keeper.standing, part)
    expect(words).toMatchObject({ glyph: 'bad', title: 'Not linearizable', sentence: "Key a: c2's get returned 1, but 2 was acknowledged to c1 before it began." })
    expect(words.more).toBe('Longest part in order, 2 operations: c1 put a 1, c1 put a 2. c2 get a → 1 has no place behind it.')
    expect(tabCount(keeper.standing)).toBe('1 error')
  })

  it('gives every operation a place between its invocation and its return, and only those in view', () => {
    const { keeper, events } = kept([])
    const ids = idsOf(events)
    const { placings, standing } = keeper.part(1, events.length)
    expect(standing.standing).toBe('linearizable')
    expect(placings.map(({ id }) => id).sort((one, other) => one - other)).toEqual(ids)
    for (const { id, after, before } of placings) {
      expect(after).toBeGreaterThanOrEqual(id)
      expect(before ?? Infinity).toBeGreaterThan(after)
    }
    expect(keeper.part(1, ids[1]! - 1).placings.map(({ id }) => id)).toEqual([ids[0]])
    expect(historyWords(standing, null)).toMatchObject({ glyph: 'ok', title: 'Linearizable', more: '' })
  })

  it('is not exercised, and not green, before anything has returned', () => {
    const { header } = losing([])
    const { standing } = new HistoryKeeper(header, defaultLimits, () => 0)
    expect(historyWords(standing, null)).toMatchObject({ standing: 'not-exercised', glyph: null, sentence: 'No operation returned: nothing to judge.' })
    expect(tabCount(standing)).toBe('')
  })

  it('shows what the search over the whole came to where nothing was known live, and else what was told at once', () => {
    const { keeper, events } = kept([])
    const part = keeper.part(1, events.length)
    const unknown = { ...keeper.standing, standing: 'unknown', verdict: 'unknown', limit: 'too many' } as const
    expect(shownStanding(unknown, part)).toBe(part.standing)
    expect(shownStanding(unknown, null)).toBe(unknown)
    expect(shownStanding(keeper.standing, part)).toEqual(keeper.standing)
  })

  it('says that it does not know where the time for the search was too short', () => {
    const { header, events } = losing([])
    const keeper = new HistoryKeeper(header, { ...defaultLimits, stepsMax: 1 }, () => 0)
    keeper.follow(events)
    expect(historyWords(keeper.part(1, events.length).standing, null)).toMatchObject({ standing: 'unknown', glyph: 'unknown', title: 'Not known' })
  })
})
