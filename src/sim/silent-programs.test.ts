// The rules are judged from messages alone: of nodes that report nothing, each broken rule is found, and nothing is found where none is broken.
import { describe, expect, it } from 'vitest'
import { ruleNames } from '../check'
import type { MutantName } from '../protocol'
import { drawPlan } from './simulate/draw-plan'
import { runPlan } from './simulate/run-plan'
import { silentPrograms } from './testing/silent-programs'

const servers = ['s1', 's2', 's3', 's4', 's5', 's6', 's7']
const everyone = ['vs', ...servers]

const who = { 'the replicas': servers, 'the view server': ['vs'], 'every server': everyone, 'one replica': ['s2'] } as const

describe.each(Object.entries(who))('%s', (_who, names) => {
  it.each([['nothing', 1], ['nothing, without steps', 0], ['roles', 1], ['some of it', 1]])('that tell %s are accused of nothing', (what, level) => {
    const tells = what === 'roles' ? ({ type }: { type: string }) => type === 'role-changed' : what === 'some of it' ? ({ type }: { type: string }) => type === 'view-changed' || type === 'transfer-installed' : () => false
    for (let seed = 1; seed <= 25; seed++) {
      const plan = drawPlan(String(seed), { mutants: [], durationMs: 4000 })
      const { found, acknowledged } = runPlan(plan, { programs: silentPrograms(names, { tells, level }) })
      expect(found, `seed ${seed}`).toBeNull()
      if (seed === 1) expect(acknowledged).toBeGreaterThan(0)
    }
  })
})

const brokenRules: readonly (readonly [MutantName, string, readonly string[]])[] = [
  ['answers-before-backups', 'rule-1', servers],
  ['waits-for-one-backup', 'rule-1', servers],
  ['promotes-idle', 'rule-2', ['vs']],
  ['takes-any-forward', 'rule-3', servers],
  ['executes-in-transfer', 'rule-4', servers],
  ['acks-before-transfer', 'rule-4', servers],
  ['backup-answers', 'rule-5', servers],
  ['deposed-executes', 'rule-5', servers],
  ['view-without-ack', 'rule-6', ['vs']],
  ['forgets-requests', 'at-most-once', servers],
  ['acks-highest-received', 'backup-not-ahead', servers],
  ['tells-unacked-views', 'acked-views', ['vs']],
]

describe('a broken rule is found from messages alone', () => {
  it.each(brokenRules)('%s breaks %s', (mutant, rule, names) => {
    const only = ruleNames.find((name) => name === rule)
    for (let seed = 1; seed <= 400; seed++) {
      const { found } = runPlan(drawPlan(String(seed), { mutants: [mutant] }), { ...only ? { only } : {}, programs: silentPrograms(names) })
      if (found) return expect(found.check).toBe(rule)
    }
    expect.fail(`no seed shows ${mutant}`)
  })
})
