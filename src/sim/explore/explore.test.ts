// The explorer: the protocol breaks nothing in small clusters that are explored completely. A violation is found by a shortest path, and that
// path can be performed. Its reductions are compared with the same search without any.
import { describe, expect, test } from 'vitest'
import fc from 'fast-check'
import { RuleMonitors, type RuleName } from '../../check'
import { defaultSettings, type MutantName } from '../../protocol'
import { counterexample } from './counterexample'
import { Exploration } from './explore'
import { Expander } from './expander'
import { Fingerprints } from './fingerprints'
import { ladder } from './ladder'
import { hashText, Permutations } from './names'
import { defaultPlan, planProblem, type ExplorePlan } from './plan'
import { Search } from './search'
import { startingPoint } from './starting-point'
import { isOneCopy } from './state-checks'

type Bounds = Partial<ExplorePlan['bounds']>

function planOf(mutants: readonly MutantName[], more: Partial<ExplorePlan> = {}, bounds: Bounds = {}): ExplorePlan {
  const none = { depth: 0, crashes: 0, restarts: 0, losses: 0, duplicates: 0, statesMax: 1_000_000 }
  return { ...defaultPlan, replicas: 2, clients: 1, program: ['append'], settings: { ...defaultSettings, mutants }, ...more, bounds: { ...none, ...bounds } }
}

function explored(plan: ExplorePlan): Exploration {
  const exploration = new Exploration(plan, startingPoint(plan))
  while (!exploration.advance()) { /* the next batch */ }
  return exploration
}

describe('the protocol as it is', () => {
  test.each([
    ['a crash and a restart', {}, { crashes: 1, restarts: 1 }],
    ['a lost message', { program: ['append', 'get'] }, { losses: 1, depth: 9 }],
    ['a copy of a message and two clients', { clients: 2 }, { duplicates: 1 }],
    ['three servers and a crash', { replicas: 3 }, { crashes: 1 }],
    ['a cold start', { start: 'cold' }, { losses: 1, depth: 9 }],
    // If two histories cut two states into the same number of chunks, the backup still has two states.
    ['a transfer of several chunks', { replicas: 3, settings: { ...defaultSettings, transferChunkBytes: 1, transferWindow: 2 } }, { losses: 1, depth: 9 }],
  ] as [string, Partial<ExplorePlan>, Bounds][])('breaks nothing with %s, as far as it is asked for', (_, more, bounds) => {
    const { end, progress } = explored(planOf([], more, bounds))
    expect(end).toEqual(bounds.depth === undefined ? { type: 'complete' } : { type: 'bound', bound: 'depth' })
    expect(progress.states).toBeGreaterThan(50)
  })

  test('can be stuck, and the shortest way is that all servers die', () => {
    const { end, expander } = explored(planOf([], { goal: 'stuck' }, { crashes: 2 }))
    expect(end).toMatchObject({ type: 'found', violation: null })
    expect(end?.type === 'found' && expander.acts(end.path).map(({ type }) => type)).toEqual(['kill', 'kill', 'look'])
  })

  test('lets every operation finish: request, forward, ack, reply', () => {
    const { end } = explored(planOf([], { goal: 'finish' }))
    expect(end?.type === 'found' && end.path.length).toBe(5)
  })
})

describe('a broken protocol', () => {
  test.each([
    ['answers-before-backups', 0, 'rule-1'], ['promotes-idle', 0, 'rule-2'], ['takes-any-forward', 0, 'rule-3'], ['executes-in-transfer', 0, 'rule-4'],
    ['view-without-ack', 0, 'rule-6'], ['waits-for-one-backup', 2, 'rule-1'], ['forgets-requests', 0, 'at-most-once'], ['any-ping-acks', 0, 'rule-6'],
  ] as [MutantName, number, RuleName][])('%s is found, and its recording breaks that rule', async (mutant, rung, rule) => {
    const plan = ladder([mutant], 200_000)[rung] as ExplorePlan
    const { end, expander } = explored(plan)
    if (end?.type !== 'found') throw new Error(`nothing was found: ${JSON.stringify(end)}`)
    expect(end.violation?.rule).toBe(rule)
    const { header, events, begins } = await counterexample(plan, mutant, expander.acts(end.path), end.violation)
    const monitors = new RuleMonitors(header)
    const broken = events.flatMap((event) => monitors.take(event)).filter((violation) => violation.seq > begins)
    expect(broken.map((violation) => violation.rule)).toContain(rule)
    expect(events.filter(({ type }) => type === 'violation').map((event) => 'rule' in event && event.rule)).toContain(rule)
  })

  test('installs-on-last-chunk is found where a transfer has several chunks, and not where it has one', () => {
    const isFound = (more: object): boolean => {
      const settings = { ...defaultSettings, mutants: ['installs-on-last-chunk' as const], ...more }
      return explored(planOf([], { replicas: 3, settings }, { losses: 1, depth: 7 })).end?.type === 'found'
    }
    expect([isFound({ transferChunkBytes: 1, transferWindow: 2 }), isFound({})]).toEqual([true, false])
  })

  test('the first that is found is nearest: no shorter way is found when only shorter ones are looked at', () => {
    const plan = planOf(['reads-without-backups'], { program: ['append', 'get'] })
    const { end } = explored(plan)
    if (end?.type !== 'found') throw new Error('nothing was found')
    const { end: shorter } = explored({ ...plan, bounds: { ...plan.bounds, depth: end.path.length - 1 } })
    expect(shorter).toEqual({ type: 'bound', bound: 'depth' })
  })

  test('is found with nothing left out as well, by a way as short', () => {
    for (const mutant of ['takes-any-forward', 'executes-in-transfer', 'deposed-executes', 'any-ping-acks'] as const) {
      const plan = planOf([mutant], {}, { losses: 1 })
      const lengths = [true, false].map((reduces) => {
        const { end } = explored({ ...plan, reduces })
        return end?.type === 'found' ? end.path.length : -1
      })
      expect(lengths[0], mutant).toBeGreaterThan(0)
      expect(lengths[0], mutant).toBe(lengths[1])
    }
  })
})

test('a batch that was lost with its worker is handed out again, and the outcome is the same', () => {
  const plan = planOf([], { program: ['append', 'get'] }, { crashes: 1 })
  const start = startingPoint(plan)
  const states = (losing: boolean): number => {
    const [expander, search] = [new Expander(plan, start), new Search(plan, start.nodes.length)]
    const { row, fingerprint } = expander.begin()
    search.begin(row, fingerprint.low, fingerprint.high)
    let count = 0
    while (!search.end) {
      const batch = search.take(7)
      if (!batch) throw new Error('there is a batch as long as there is no end')
      if (losing && ++count % 3 === 0) search.lost(batch.number)
      else search.give(expander.expand(batch))
    }
    return search.progress.states
  }
  expect(states(true)).toBe(states(false))
})

test('two lanes that tell each other what they made come to the same states as one', () => {
  const plan = planOf([], { program: ['append', 'get'] }, { crashes: 1 })
  const start = startingPoint(plan)
  const lanes = [new Expander(plan, start, 0, 2), new Expander(plan, start, 1, 2)]
  const search = new Search(plan, start.nodes.length)
  const { row, fingerprint } = (lanes[0] as Expander).begin()
  search.begin(row, fingerprint.low, fingerprint.high)
  for (let turn = 0; !search.end; turn++) {
    const [own, other] = [lanes[turn % 2] as Expander, lanes[(turn + 1) % 2] as Expander]
    const batch = search.take(20)
    if (batch) search.give(own.expand(batch))
    other.define(own.takeUntold())
  }
  expect(search.progress.states).toBe(explored(plan).progress.states)
})

describe('what tells states apart', () => {
  test('fingerprints are added once each, however full the table', () => {
    fc.assert(fc.property(fc.array(fc.tuple(fc.integer({ min: -5, max: 5 }), fc.integer({ min: -50, max: 50 })), { maxLength: 400 }), (pairs) => {
      const table = new Fingerprints()
      // 0 0 marks a free place, so the pair 0 0 counts as 1 0.
      const seen = new Set<string>()
      for (const [low, high] of pairs) {
        const key = low === 0 && high === 0 ? '1 0' : `${low} ${high}`
        expect(table.add(low, high)).toBe(!seen.has(key))
        seen.add(key)
      }
      expect(table.count).toBe(seen.size)
    }))
    const table = new Fingerprints()
    for (let index = 1; index <= 200_000; index++) table.add(index, ~index)
    expect(table.count).toBe(200_000)
    expect(table.add(77, ~77)).toBe(false)
  })

  test('names are exchanged as whole words, and hashes of different texts differ', () => {
    const permutations = new Permutations([{ name: 's1', kind: 'replica' }, { name: 's2', kind: 'replica' }, { name: 'c1', kind: 'client' }], { replicas: true, clients: true })
    expect(permutations.count).toBe(2)
    expect(permutations.rename('"s1" s2.1.0 s11 c1', 1)).toBe('"s2" s1.1.0 s11 c1')
    const hashes = new Set(Array.from({ length: 50_000 }, (_, index) => JSON.stringify(hashText(`state ${index}`))))
    expect(hashes.size).toBe(50_000)
  })
})

test('results that one copy could have given are told from those that it could not', () => {
  const append = { after: [0, 0], result: { type: 'done' } as const }
  const reads = (value: string): { after: number[]; result: { type: 'value'; value: never } } => ({ after: [1, 1], result: { type: 'value', value: value as never } })
  const clients = (value: string) => [{ name: 'c1', operations: [append, reads(value)] }, { name: 'c2', operations: [append] }]
  expect(isOneCopy(clients('c1.1;c2.1;'), ['append', 'get'])).toBe(true)
  expect(isOneCopy(clients('c2.1;c1.1;'), ['append', 'get'])).toBe(true)
  expect(isOneCopy(clients('c1.1;'), ['append', 'get'])).toBe(false)
  // An operation that has not ended may have taken effect or not.
  const open = (value: string) => [{ name: 'c1', operations: [append, { ...reads(value), after: [1, 0] }] }, { name: 'c2', operations: [{ after: [0, 0], result: null }] }]
  expect(isOneCopy(open('c1.1;'), ['append', 'get'])).toBe(true)
  expect(isOneCopy(open('c1.1;c2.1;'), ['append', 'get'])).toBe(true)
  expect(isOneCopy(open('c2.1;'), ['append', 'get'])).toBe(false)
})

test.each([
  [{ replicas: 8 }, 'replicas must be a whole number from 1 to 7, not 8.'],
  [{ settings: { ...defaultSettings, replication: 'asynchronous' as const } }, 'Asynchronous replication loses acknowledged writes by design: there is nothing to look for.'],
  [{}, undefined],
])('a plan that cannot be explored is refused with a sentence', (more, sentence) => {
  expect(planProblem(planOf([], more))).toBe(sentence)
})
