import { describe, expect, it } from 'vitest'
import { readScenario } from './read'
import { reportOf, ReportSchema, reportedScenario, type Report } from './report'
import { escapeText, formatReport } from './report-forms'
import type { ScenarioResult } from './run'
import { withMutants, type Scenario } from './scenario'

const nasty = '<script>alert("1")</script> & \u0007 \'x\''

function scenario(title: string, points = 5): Scenario {
  const read = readScenario('folder/a.yaml', `understudy: scenario\nversion: 1\ntitle: ${JSON.stringify(title)}\nsuite: ${JSON.stringify(nasty)}\npoints: ${points}\nsteps: [{ run: 1 }, { kill: s1 }]\n`)
  if (!read.scenario) throw new Error(JSON.stringify(read.problems))
  return read.scenario
}

const passed: ScenarioResult = { state: 'passed', reason: '', steps: [], lastEvents: [], seq: 9, events: 9 }
const failed: ScenarioResult = { state: 'failed', reason: `Line 6: kill s1: ${nasty}`, steps: [], lastEvents: [`1.000 s1 put ${nasty}`], seq: 4, events: 4 }
const facts = { on: 'simulator', seed: '1', seconds: 1.5, recording: '' } as const

function report(): Report {
  const one = scenario(nasty)
  return reportOf([
    { suite: one.suite, reported: reportedScenario(one, passed, facts) },
    { suite: one.suite, reported: reportedScenario(scenario('fails', 7), failed, { ...facts, recording: '/tmp/r.jsonl' }) },
    { suite: 'other', reported: reportedScenario(scenario('was not run', 3), null, facts) },
  ], { createdAt: new Date(0), seconds: 3, stopped: true })
}

it('counts, points and suites', () => {
  expect(report()).toMatchObject({ passed: 1, failed: 1, notRun: 1, points: 5, pointsMax: 15, stopped: true, suites: [{ passed: 1, failed: 1, points: 5, pointsMax: 12 }, { name: 'other', notRun: 1 }] })
})

it('JSON is what its schema says', () => {
  expect(ReportSchema.parse(JSON.parse(formatReport(report(), 'json')))).toEqual(report())
})

describe('what came from a file is escaped', () => {
  it.each(['junit', 'html'] as const)('in %s', (format) => {
    const text = formatReport(report(), format)
    expect(text).not.toContain('<script>')
    expect(text).not.toContain('\u0007')
    expect(text).toContain('&lt;script&gt;')
  })

  it('quotes and control characters', () => {
    expect(escapeText('a"b\'c<d>e&f\u0000\ud800')).toBe('a&quot;b&#39;c&lt;d&gt;e&amp;f��')
  })
})

it('JUnit is well-formed: every element that begins ends, in order', () => {
  const open: string[] = []
  for (const [, close, name = '', self] of formatReport(report(), 'junit').replace(/^<\?.*\?>/, '').matchAll(/<(\/?)([a-z]+)[^>]*?(\/?)>/g)) {
    if (close) expect(open.pop()).toBe(name)
    else if (!self) open.push(name)
  }
  expect(open).toEqual([])
  expect(formatReport(report(), 'junit')).toContain('<testsuites name="Understudy" tests="3" failures="1" errors="0" skipped="1"')
})

it('text says what failed, with the last events and the recording', () => {
  const text = formatReport(report(), 'text')
  expect(text).toContain('FAIL fails (1.5 s)  0/7 points')
  expect(text).toContain('recording: /tmp/r.jsonl')
  expect(text.trimEnd().split('\n').at(-1)).toBe('1 passed, 1 failed, 1 not run in 3.0 s  5/15 points; it was stopped')
})

it('the page needs nothing else: no address, no script', () => {
  const text = formatReport(report(), 'html')
  expect(text).not.toMatch(/(src|href)=/)
  expect(text).toContain('default-src \'none\'')
})

describe('a scenario whose cluster was broken on purpose is marked', () => {
  it.each([['text', '[BROKEN ON PURPOSE: any-ping-acks]'], ['junit', 'broken [BROKEN ON PURPOSE: any-ping-acks]'], ['html', 'Broken on purpose: any-ping-acks.']] as const)('in %s', (format, mark) => {
    const broken = withMutants(scenario('broken'), ['any-ping-acks', 'any-ping-acks'])
    const own = reportOf([{ suite: '', reported: reportedScenario(broken, passed, facts) }], { createdAt: new Date(0), seconds: 3, stopped: false })
    expect(formatReport(own, format)).toContain(mark)
    expect(formatReport(report(), format).toLowerCase()).not.toContain('on purpose')
    expect(own.suites[0]?.scenarios[0]?.mutants).toEqual(['any-ping-acks'])
  })
})
