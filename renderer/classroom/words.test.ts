import { expect, it } from 'vitest'
import type { ClassEntry } from '../../src/contract'
import { addressList, agoText, diskText, limitsText, rulesText, sessionText, stateWords, summary, windowText } from './words'

const lab = (changes: Partial<ClassEntry> = {}): ClassEntry => ({
  number: 1, state: 'live', title: '', frozen: false, scenario: null, broken: [], view: '', stuck: '', screens: 1, seenMsAgo: 0, actedMsAgo: null, processes: 7, diskBytes: 0, problem: '',
  address: 'http://a/#token=1', watchAddress: '', ...changes,
})

it('times are said as a person says them', () => {
  expect([null, 0, 4999, 5000, 59_999, 60_000, 3_599_999, 3_600_000, 90_000_000].map(agoText)).toEqual(['never', 'now', 'now', '5 s ago', '59 s ago', '1 min ago', '59 min ago', '1 h ago', '25 h ago'])
})

it('a state has a word and a shape of its own', () => {
  const words = [lab({ state: 'none' }), lab({ state: 'starting' }), lab(), lab({ frozen: true }), lab({ state: 'recorded' }), lab({ state: 'ended' })].map((each) => stateWords(each).text)
  expect(words).toEqual(['No cluster', 'Starting', 'Live', 'Frozen', 'Recording', 'Ended'])
})

it('rules that broke are named, and what nobody judged is not called kept', () => {
  expect(rulesText(lab())).toBe('none broken')
  expect(rulesText(lab({ broken: [{ rule: 'rule-1', text: '' }, { rule: 'at-most-once', text: '' }] }))).toBe('rule 1, at-most-once broken')
  expect(rulesText(lab({ state: 'recorded', broken: null }))).toBe('not judged here')
  expect(rulesText(lab({ state: 'none' }))).toBe('')
})

it('the class in a line', () => {
  expect(summary([lab()])).toBe('1 lab, 1 with a window open')
  expect(summary([lab({ screens: 0 }), lab({ stuck: 'x', broken: [{ rule: 'rule-1', text: '' }] }), lab({ stuck: 'y' })])).toBe('3 labs, 2 with a window open, 1 with a broken rule, 2 stuck')
})

it('disk and addresses', () => {
  expect([diskText(0, 512), diskText(6.44 * 1024 * 1024, 512), diskText(120.4 * 1024 * 1024, 512)]).toEqual(['0.0 of 512 MiB', '6.4 of 512 MiB', '120 of 512 MiB'])
  expect(addressList([lab(), lab({ number: 2, address: 'b' })])).toBe('Lab 1: http://a/#token=1\nLab 2: b')
})

it('a session, its windows and the limits', () => {
  expect(sessionText(lab())).toBe('')
  expect(sessionText(lab({ title: 'failover', view: 'view 3: s2 primary, no backup', scenario: { title: 'a', state: 'running' } }))).toBe('failover · view 3: s2 primary, no backup · scenario running')
  expect([lab(), lab({ screens: 2 }), lab({ screens: 0, seenMsAgo: null }), lab({ screens: 0, seenMsAgo: 61_000 })].map(windowText)).toEqual(['open', '2 open', 'never opened', 'closed 1 min ago'])
  expect(limitsText({ processesMax: 12, startsPerMinute: 120, diskMiBMax: 1, operationsPerSecond: 200, intervalMsMin: 20 }))
    .toBe('Each lab: 12 processes, 120 starts a minute, 200 operations a second, no interval below 20 ms')
})
