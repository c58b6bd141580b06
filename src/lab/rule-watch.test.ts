// The rule watch of a session: each violation is reported once, and nothing that belongs to the parent recording.
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { RuleMonitors } from '../check'
import { randomFaultsRecording } from '../sim/testing/random-faults-recording'
import { formatEvent, type TraceEvent, type TraceHeader, type ViolationFound } from '../trace'
import type { EventLines } from './cluster-seam'
import { EventLog } from './event-log'
import { RuleWatch } from './rule-watch'

let folder: string
beforeEach(async () => { folder = await mkdtemp(join(tmpdir(), 'rule-watch-')) })
afterEach(() => rm(folder, { recursive: true }))

const broken = randomFaultsRecording('watched', 60, { replication: 'synchronous', mutants: ['answers-before-backups', 'any-ping-acks'] })

/** The first violation of each rule, in order. */
const firsts = ((): { rule: string; seq: number }[] => {
  const monitors = new RuleMonitors(broken.header)
  const violations = broken.events.flatMap((event) => monitors.take(event))
  return violations.filter(({ rule }, index) => violations.findIndex((other) => other.rule === rule) === index).map(({ rule, seq }) => ({ rule, seq }))
})()

interface Watched { readonly told: ViolationFound[]; readonly log: EventLog; readonly watch: RuleWatch }

function watched(header: TraceHeader, past = 0): Watched {
  const told: ViolationFound[] = []
  const log = new EventLog(join(folder, 'recording.jsonl'))
  const watch = new RuleWatch({
    header, source: log, past,
    tell: (violation) => {
      told.push(violation)
      return Promise.reject(new Error('The cluster is over.'))
    },
  })
  return { told, log, watch }
}

function append(log: EventLog, events: readonly TraceEvent[]): EventLines {
  const lines = { from: events[0]?.seq ?? 0, count: events.length, text: events.map(formatEvent).join('\n') }
  log.append(lines)
  return lines
}

test('each rule that breaks is told once, with the event that broke it last in its evidence', async () => {
  expect(firsts.map(({ rule }) => rule)).toEqual(expect.arrayContaining(['rule-1', 'rule-6']))
  const { told, log, watch } = watched(broken.header)
  for (let at = 0; at < broken.events.length; at += 700) {
    const lines = append(log, broken.events.slice(at, at + 700))
    // Some batches are passed directly and others are only in the log, as happens when too many wait.
    if (at % 3 !== 1) watch.take(lines)
    if (at % 1400 === 0) await watch.caughtUp()
  }
  await watch.caughtUp()
  expect(told.map(({ rule, evidence }) => ({ rule, seq: evidence.at(-1) }))).toEqual(firsts)
})

test('what broke in the recording that a branch goes on from is not told again', async () => {
  const past = firsts.at(-1)?.seq ?? 0
  const { told, log, watch } = watched(broken.header, past - 1)
  append(log, broken.events)
  await watch.caughtUp()
  expect(told.map(({ rule }) => rule)).toEqual([firsts.at(-1)?.rule])
})

test('a rule that the trace tells of already is not told again', async () => {
  const { told, log, watch } = watched(broken.header)
  const [first] = firsts
  if (!first) throw new Error('nothing broke')
  const violation: TraceEvent = { seq: 1, at: 0, wall: 0, type: 'violation', rule: first.rule, text: 'By another hand.', evidence: [] }
  append(log, [violation, ...broken.events.map((event) => ({ ...event, seq: event.seq + 1 }))])
  await watch.caughtUp()
  expect(told.map(({ rule }) => rule)).toEqual(firsts.slice(1).map(({ rule }) => rule))
})

test('after its end nothing is looked at any more', async () => {
  const { told, log, watch } = watched(broken.header)
  append(log, broken.events)
  watch.wake()
  watch.stop()
  await watch.caughtUp()
  expect(told).toEqual([])
})

test('where events are lost before it looked at them it says that nobody judges any more', async () => {
  const { watch, log } = watched(broken.header)
  append(log, broken.events.slice(0, 20))
  watch.wake()
  await watch.caughtUp()
  expect(watch.isBlind).toBe(false)
  const lossy = { latest: 40, isWholeFrom: () => true, read: () => Promise.resolve(undefined) } as never
  const blind = new RuleWatch({ header: broken.header, source: lossy, tell: () => Promise.resolve() })
  blind.wake()
  await expect.poll(() => blind.isBlind).toBe(true)
})
