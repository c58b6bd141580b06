// The rule monitors over many runs with every fault: the protocol as it is breaks none, and each mutant is caught by the monitor of its rule.
import { describe, expect, test } from 'vitest'
import { RuleMonitors, ruleNames, ruleTexts, type Breach, type RuleName } from '../check'
import type { Envelope } from '../network'
import { defaultSettings, mutants, utf8ToBytes, type MutantName, type Settings } from '../protocol'
import { randomFaultsRecording } from './random-faults-recording'
import { World } from './world'

const seeds = Number(process.env['UNDERSTUDY_SEEDS'] ?? 40)
const rounds = 60

interface Judged {
  readonly breaches: readonly Breach[]
  readonly monitors: RuleMonitors
  readonly events: number
}

function judge(seed: string, settings: Partial<Settings> = {}): Judged {
  const { header, events } = randomFaultsRecording(seed, rounds, settings)
  const monitors = new RuleMonitors(header)
  const breaches = events.flatMap((event) => monitors.take(event))
  for (const { evidence, seq, text } of breaches) {
    // Evidence is events up to the breach, in order, and the breach itself.
    expect(evidence).toContain(seq)
    expect([...evidence].sort((one, other) => one - other)).toEqual(evidence)
    expect(Math.max(...evidence)).toBeLessThanOrEqual(seq)
    expect(text).toMatch(/^([a-z]|The |View ).*\.$/)
  }
  return { breaches, monitors, events: events.length }
}

test(`the protocol as it is breaks no rule over ${seeds} runs, and every rule is exercised`, () => {
  const held = new Map<RuleName, number>()
  let events = 0
  for (let seed = 1; seed <= seeds; seed++) {
    const judged = judge(`rules ${seed}`)
    expect(judged.breaches, `seed ${seed}`).toEqual([])
    events += judged.events
    for (const { rule, held: times } of judged.monitors.states()) held.set(rule, (held.get(rule) ?? 0) + times)
  }
  console.log(JSON.stringify({ seeds, events, held: Object.fromEntries(held) }))
  for (const rule of ruleNames) expect(held.get(rule), rule).toBeGreaterThan(0)
}, 120_000)

test('asynchronous replication promises less: what it breaks is told as not promised', () => {
  let found = 0
  for (let seed = 1; seed <= 10; seed++) {
    const { breaches, monitors } = judge(`asynchronous ${seed}`, { replication: 'asynchronous' })
    expect(breaches, `seed ${seed}`).toEqual([])
    const state = monitors.states()[0]
    expect(state?.standing).toBe('not-promised')
    found += state?.broken ?? 0
  }
  expect(found).toBeGreaterThan(0)
})

/** Which monitors may catch a mutant; the first is its own. */
const caughtBy: Readonly<Record<Exclude<MutantName, 'forwards-as-they-come' | 'transfer-of-an-old-view'>, readonly RuleName[]>> = {
  'answers-before-backups': ['rule-1'],
  'promotes-idle': ['rule-2'],
  'takes-any-forward': ['rule-3'],
  'executes-in-transfer': ['rule-4'],
  'backup-answers': ['rule-5'],
  'view-without-ack': ['rule-6'],
  'reads-without-backups': ['rule-1'],
  'table-not-transferred': ['at-most-once'],
}

/** A server is backup in two views in turn, and then the state that it was sent in the first comes once more. */
function lateChunk(settings: Partial<Settings>): readonly Breach[] {
  const breaches: Breach[] = []
  const monitors = new RuleMonitors({ settings: { ...defaultSettings, ...settings } })
  const chunks: Envelope[] = []
  const world = new World({
    title: 'late', seed: 'late', replicas: 3, clients: 1, settings: { ...defaultSettings, backupsWanted: 2, ...settings },
    onEvent: (event) => breaches.push(...monitors.take(event)), onSend: (envelope) => { if (envelope.message.type === 'state-transfer') chunks.push(envelope) },
  })
  const put = (value: string): void => {
    world.invoke('c1', { type: 'put', key: utf8ToBytes('a'), value: utf8ToBytes(value) })
    world.run(100)
  }
  world.run(1000)
  put('1')
  const late = chunks.find(({ to }) => to === 's3')
  world.kill('s2')
  world.run(2000)
  put('2')
  if (late) world.resend(late)
  world.run(100)
  return breaches
}

describe('each mutant is caught by the monitor of its rule', () => {
  test('transfer-of-an-old-view: Rule 4', () => {
    expect(lateChunk({})).toEqual([])
    const [breach] = lateChunk({ mutants: ['transfer-of-an-old-view'] })
    expect(breach).toMatchObject({ rule: 'rule-4', text: expect.stringMatching(/^s3 installed a state that s1 sent in view \d, and it is in view \d\.$/) as string })
  })

  for (const [mutant, [own]] of Object.entries(caughtBy) as [keyof typeof caughtBy, readonly [RuleName]][]) {
    test(`${mutant}: ${ruleTexts[own].title}`, () => {
      const { rule } = mutants[mutant]
      if (rule > 0) expect(own).toBe(`rule-${rule}`)
      for (let seed = 1; seed <= 300; seed++) {
        const { breaches } = judge(`${mutant} ${seed}`, { mutants: [mutant], replication: 'synchronous' })
        const breach = breaches.find((found) => found.rule === own)
        if (!breach) continue
        console.log(JSON.stringify({ mutant, seed, seq: breach.seq, text: breach.text }))
        return
      }
      throw new Error(`no run of 300 broke ${own}`)
    }, 120_000)
  }
})
