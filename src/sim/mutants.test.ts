// With each mutant on, the transcript about its rule reads differently. Mutants of one of the two stores run on that store. The mutant's
// monitor reports a violation there too, or `elsewhere` says where it does.
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { ownMonitor, RuleMonitors } from '../check'
import { createMachine, defaultSettings, mutantNames, noEffects, SlabStore, type Input, type MutantName, type Ping, type Settings } from '../protocol'
import type { TraceEvent } from '../trace'
import { runTranscript, type TranscriptOptions } from './testing/transcript'

const transcriptOf: Readonly<Record<Exclude<MutantName, keyof typeof seenByHand>, string>> = {
  'answers-before-backups': 'rule-1-primary-waits-for-backup',
  'promotes-idle': 'rule-2-primary-was-in-the-view-before',
  'takes-any-forward': 'rule-3-backup-accepts-only-in-its-view',
  'executes-in-transfer': 'rule-4-operations-before-or-after-the-transfer',
  'backup-answers': 'rule-5-non-primary-rejects',
  'view-without-ack': 'rule-6-no-view-before-the-ack',
  'reads-without-backups': 'case-01-partitioned-primary-read',
  'transfer-of-an-old-view': 'bad-run-late-chunk-of-an-earlier-view',
  'forwards-as-they-come': 'case-09-reordered-forwards',
  'table-not-transferred': 'bad-run-alive-again',
  'waits-for-one-backup': 'two-backups-acks-by-name',
  'gives-up-on-backup': 'bad-run-silent-backup',
  'counts-old-acks': 'bad-run-late-ack-of-an-earlier-view',
  'acks-before-transfer': 'case-03-backup-promoted-before-its-transfer',
  'answers-in-transfer': 'bad-run-answer-during-a-transfer',
  'deposed-executes': 'case-01-partitioned-primary-read',
  'takes-old-requests': 'bad-run-late-request-of-an-earlier-view',
  'any-ping-acks': 'case-03-backup-promoted-before-its-transfer',
  'restart-unnoticed': 'case-12-fast-restart-of-the-primary',
  'goes-back-to-old-views': 'bad-run-restarted-view-server',
  'forgets-requests': 'case-06-at-most-once-across-failover',
  'table-only-at-primary': 'case-06-at-most-once-across-failover',
  'new-id-for-retry': 'bad-run-forwards-in-flight-across-a-view-change',
  'reuses-request-id': 'bad-run-late-copy-of-a-refusal',
  'acks-before-its-turn': 'bad-run-forward-ahead-of-its-turn',
  'acks-without-executing': 'case-20-forwards-carry-arguments',
  'keeps-its-own-state': 'four-backups',
  'keeps-old-keys': 'bad-run-deleted-key',
  'executed-not-transferred': 'case-05-transfer-lost-doubled-and-late',
  'numbers-restart': 'case-12-fast-restart-of-the-primary',
  'waits-for-three-backups': 'four-backups',
  'counts-old-transfer-acks': 'bad-run-late-transfer-ack-of-an-earlier-life',
  'installs-on-last-chunk': 'bad-run-last-chunk-first',
  'says-installed-early': 'bad-run-last-chunk-first',
  'transfer-without-empty': 'bad-run-transfer-of-an-empty-value',
  'transfer-without-last-key': 'case-13-restarted-primary-is-overwritten',
  'rows-as-they-come': 'bad-run-rows-in-another-order',
  'map-store-skips-entry': 'bad-run-chunks-end-exactly',
  'map-store-skips-bucket': 'bad-run-chunks-end-exactly',
  'slab-store-skips-entry': 'bad-run-chunks-end-exactly',
  'slab-store-skips-bucket': 'bad-run-chunks-end-exactly',
  'map-store-drops-append': 'case-06-at-most-once-across-failover',
  'slab-store-drops-append': 'case-06-at-most-once-across-failover',
  'takes-empty-for-missing': 'replies-missing-empty-mismatch',
  'evicts-by-arrival': 'bad-run-table-evicts-alike',
  'executes-forwards-again': 'case-08-duplicate-forwards',
  'keeps-forwards-ahead': 'bad-run-forward-kept-over-a-view-change',
  'acks-highest-received': 'bad-run-forward-ahead-of-its-turn',
  'deletes-not-forwarded': 'bad-run-asynchronous-delete',
  'takes-late-rejections': 'bad-run-late-rejection-of-an-earlier-send',
  'reuses-failed-id': 'rule-5-non-primary-rejects',
  'calls-refusals-definite': 'rule-2-primary-was-in-the-view-before',
  'old-ping-keeps-alive': 'bad-run-late-ping-of-an-earlier-life',
  'takes-old-pings': 'bad-run-late-ping-of-an-earlier-life',
  'ack-forgets-new-lives': 'bad-run-restart-within-an-unacked-view',
  'promotes-second-backup': 'four-backups',
  'forms-view-at-once': 'bad-run-restarted-view-server',
  'tells-unacked-views': 'rule-4-operations-before-or-after-the-transfer',
}

/** No node of this cluster shows it: its primaries list every backup of the view in each ack. */
const seenByHand = { 'keeps-ack-list': ackWithoutList } as const satisfies Partial<Record<MutantName, (mutants: readonly MutantName[]) => unknown>>

/** A foreign primary acks a view with an empty list, after another incarnation was listed in the view before. */
function ackWithoutList(mutants: readonly MutantName[]): unknown {
  const vs = createMachine({ type: 'start', name: 'vs', kind: 'view-server', incarnation: 1, address: '', seed: 'vs.1', settings: { ...defaultSettings, deadPings: 2, mutants } }, noEffects)
  const take = (input: Exclude<Input, { type: 'start' }>): void => vs.step(input, noEffects)
  const ping = (from: string, incarnation: number, viewnum: number, initialised: Ping['initialised'] = []): void =>
    take({ type: 'message', from, message: { type: 'ping', viewnum, incarnation, address: '', initialised } })
  const check = (): void => take({ type: 'timer', name: 'ping-check' })
  ping('s1', 1, 0)
  ping('s1', 1, 1)
  ping('s2', 1, 0)
  ping('s2', 2, 0)
  // View 2 names the first incarnation of s2; s2 restarts, and the ack lists the new one.
  ping('s1', 1, 2, [{ name: 's2', incarnation: 2 }])
  // It restarts once more: view 3 has its third incarnation, and the ack lists none.
  ping('s2', 3, 0)
  ping('s1', 1, 3)
  for (let round = 0; round < 3; round++) {
    ping('s1', 1, 3)
    ping('s2', 3, 3)
    check()
  }
  const state = vs.inspect()
  return state.kind === 'view-server' && [state.current.viewnum, state.current.backups.map(({ incarnation }) => incarnation), state.isAcked]
}

/** For mutants that are not caught in their transcript: where a monitor, or the clients' history, catches them. */
const elsewhere: Partial<Record<MutantName, string>> = {
  'goes-back-to-old-views': 'rules.test.ts', 'table-not-transferred': 'rules.test.ts', 'numbers-restart': 'rules.test.ts', 'keeps-its-own-state': 'rules.test.ts',
  'any-ping-acks': 'rules.test.ts', 'restart-unnoticed': 'rules.test.ts', 'acks-highest-received': 'rules.test.ts',
  // Caught by histories, in random runs (docs/mutants.md).
  'calls-refusals-definite': 'random runs', 'map-store-drops-append': 'random runs', 'slab-store-drops-append': 'random runs', 'takes-empty-for-missing': 'random runs',
}

test('without a mutant an ack that lists nobody counts for whom the view names', () => {
  expect(ackWithoutList([])).toEqual([3, [3], true])
})

for (const mutant of mutantNames) {
  if (mutant in seenByHand) {
    test(`${mutant} is seen`, () => {
      const run = seenByHand[mutant as keyof typeof seenByHand]
      expect(run([mutant])).not.toEqual(run([]))
    })
    continue
  }
  const name = transcriptOf[mutant as keyof typeof transcriptOf]
  test(`${mutant} is seen by ${name}`, () => {
    const text = readFileSync(join(import.meta.dirname, 'testdata', `${name}.txt`), 'utf8')
    const options: TranscriptOptions = mutant.startsWith('slab-') ? { makeStore: (settings) => new SlabStore(settings) } : {}
    expect(runTranscript(text, options)).toBe(text)
    const broken = new Set<string>()
    const watch = (settings: Settings): ((event: TraceEvent) => void) => {
      const monitors = new RuleMonitors({ settings })
      return (event) => monitors.take(event).forEach(({ rule }) => broken.add(rule))
    }
    expect(answersOf(text, { ...options, mutants: [mutant], watch })).not.toBe(text)
    if (!(mutant in elsewhere)) expect([...broken]).toContain(ownMonitor[mutant])
  })
}

/** A broken protocol may not even reach the beginning of the transcript. */
function answersOf(text: string, options: TranscriptOptions): string {
  try {
    return runTranscript(text, options)
  } catch (error) {
    return String(error)
  }
}
