// Every problem of a file is refused with its line, its column and one sentence; nothing of the file is run.
import { readFileSync, writeFileSync } from 'node:fs'
import fc from 'fast-check'
import { describe, expect, it, test } from 'vitest'
import { readScenario } from './read'
import { reportJsonSchema } from './report'
import { scenarioJsonSchema } from './schema'

const head = 'understudy: scenario\nversion: 1\ntitle: t\n'
const withSteps = (...steps: string[]): string => `${head}steps:\n${steps.map((step) => `  - ${step}\n`).join('')}`

function problemsOf(text: string): string[] {
  return readScenario('x.yaml', text).problems.map(({ line, column, sentence }) => `${line}:${column} ${sentence}`)
}

describe('what is refused', () => {
  it.each([
    ['nothing', '', '1:1 The scenario is missing or is not a group of named values.'],
    ['another kind of file', 'understudy: report\nversion: 1\ntitle: t\nsteps: [{ run: 1 }]\n', '1:13 understudy must be "scenario".'],
    ['no steps', `${head}steps: []\n`, '4:8 steps must be at least 1 items long.'],
    ['an unknown step, with the one that was meant', withSteps('kil: s1'), '5:5 There is no step "kil"; did you mean "kill"?'],
    ['an unknown step far from any', withSteps('dance: s1'), '5:5 There is no step "dance".'],
    ['an unknown condition', withSteps('wait: { vew: { viewnum: 2 } }'), '5:13 Step 1, wait has no "vew"; did you mean "view"?'],
    ['a wrong type', withSteps('run: soon'), '5:10 Step 1, run must be a number.'],
    ['a number out of its limits', withSteps('run: -1'), '5:10 Step 1, run must be at least 0.'],
    ['a setting out of its limits', `${head}cluster: { deadPings: 0 }\nsteps: [{ run: 1 }]\n`, '4:23 cluster.deadPings must be at least 1.'],
    ['a node that is not there', withSteps('kill: s9'), '5:11 There is no node s9.'],
    ['a node that is not there, in a list', withSteps('kill: [s1, s9]'), '5:16 There is no node s9.'],
    ['a node that is not there, in a condition', withSteps('wait: { view: { primary: s7 } }'), '5:30 There is no node s7.'],
    ['an operation that no step named', withSteps('wait: { returned: put }'), '5:23 No earlier step has an operation as "put".'],
    ['a mark that no step made', withSteps('expect: { views: { since: then, atMost: 1 } }'), '5:31 No earlier step marks "then".'],
    ['appends that no step began', withSteps('finish: clients'), '5:13 No earlier step has appends as "clients".'],
    ['two acts in one step', withSteps('{ kill: s1, run: 5 }'), '5:5 Step 1 is several at once (run, kill); make each a step of its own.'],
    ['a step that does nothing', withSteps('note: why'), '5:5 Step 1 does nothing: it needs one of put, append, get, delete, cas, together, workload, stopWorkload …'],
    ['a fault with two effects', withSteps('fault: { cut: true, drop: 0.5 }'), '5:5 Step 1: a fault needs exactly one of cut, isolate, partition, drop, delay, duplicate, reorder, hold, unreliable.'],
    ['within without wait', withSteps('{ run: 5, within: 3 }'), '5:5 Step 1: "within" goes with "wait" only.'],
    ['a duplicate key', 'understudy: scenario\nversion: 1\ntitle: t\ntitle: u\nsteps: [{ run: 1 }]\n', '4:1 This key is there twice.'],
    ['a text with a colon', 'understudy: scenario\nversion: 1\ntitle: Rule 1: no\nsteps: [{ run: 1 }]\n', '3:8 There is a colon too many: a text that holds ": " needs quotes.'],
    ['broken brackets', `${head}steps: [{ run: 1 }\n`, '5:1 This is not YAML: Flow sequence in block collection must be sufficiently indented and end with a ].'],
    ['too many backups', `${head}cluster: { replicas: 2, backupsWanted: 3 }\nsteps: [{ run: 1 }]\n`, '4:40 2 replicas leave room for 1 backups.'],
    ['an alias', `${head}steps:\n  - &a { run: 1 }\n  - *a\n`, '5:8 A scenario has no anchors and aliases; write the value out.'],
    ['a step within a repetition', withSteps('repeat: { times: 2, steps: [{ kil: s1 }] }'), '5:35 There is no step "kil"; did you mean "kill"?'],
    ['a file that is too long', `${head}# ${'x'.repeat(10 * 1024 * 1024)}\nsteps: [{ run: 1 }]\n`, '1:1 It is 10241 KB long; a scenario has at most 256 KB.'],
  ])('%s', (_what, text, problem) => {
    expect(problemsOf(text)).toEqual([problem])
  })

  it('a bomb of aliases, at once and without growing', () => {
    const bomb = ['a: &a [x,x,x,x,x,x,x,x,x]', ...'bcdefghijklmnop'.split('').map((letter, index) => `${letter}: &${letter} [${Array(9).fill(`*${'abcdefghijklmno'[index]}`).join(',')}]`)].join('\n')
    const began = performance.now()
    expect(problemsOf(bomb)).toEqual(['1:7 A scenario has no anchors and aliases; write the value out.'])
    expect(performance.now() - began).toBeLessThan(1000)
  })

  it.each([['[', 100_000], ['{a: ', 60_000], ['- ', 100_000], ['? ', 100_000]])('nesting deeper than anybody writes, at once: %s', (mark, times) => {
    const began = performance.now()
    expect(problemsOf(`${head}steps: ${mark === '[' || mark === '{a: ' ? '' : '\n  '}${mark.repeat(times)}`)).toEqual(['1:1 It is nested too deeply.'])
    expect(performance.now() - began).toBeLessThan(1000)
  })

  it('brackets in a text are no nesting', () => {
    expect(problemsOf(withSteps(`note: "${'['.repeat(500)}"\n    run: 1`))).toEqual([])
  })

  it('whatever is in the file: it is read or refused with places in it, and never throws', () => {
    fc.assert(fc.property(fc.oneof(fc.string(), fc.json().map((json) => `${head}steps: ${json}`), fc.string().map((text) => withSteps(text))), (text) => {
      const { scenario, problems } = readScenario('x.yaml', text)
      expect(scenario === null).toBe(problems.length > 0)
      const lines = text.split('\n').length
      for (const { line, column, sentence } of problems) {
        expect(line).toBeGreaterThanOrEqual(1)
        expect(line).toBeLessThanOrEqual(lines + 1)
        expect(column).toBeGreaterThanOrEqual(1)
        expect(sentence).toMatch(/\.$|\?$|…$/)
      }
    }), { numRuns: 500 })
  })
})

it('reads what it says, with where each step stands', () => {
  const { scenario } = readScenario('x.yaml', `${head}cluster: { replicas: 2 }\nsteps:\n  - kill: primary\n  - repeat:\n      times: 3\n      steps:\n        - restart: last\n        - run: 10\n`)
  expect(scenario?.steps.map(({ number, text, place }) => [number, text, place.line])).toEqual([[1, 'kill primary', 6], [2, 'restart last', 10], [3, 'let 10 ms pass', 11]])
  expect(scenario?.blocks.map(({ times }) => times)).toEqual([1, 3])
  expect(scenario).toMatchObject({ replicas: 2, clients: 1, start: ['s1', 's2', 'c1'], seed: '1', points: 0, on: ['processes', 'simulator'] })
})

test.each([['scenario.schema.json', scenarioJsonSchema], ['report.schema.json', reportJsonSchema]])('%s is what the code says (UNDERSTUDY_REFRESH=1 writes it)', (file, make) => {
  const path = new URL(`../../scenarios/${file}`, import.meta.url)
  const text = `${JSON.stringify(make(), null, 2)}\n`
  if (process.env['UNDERSTUDY_REFRESH']) writeFileSync(path, text)
  expect(readFileSync(path, 'utf8')).toBe(text)
})

describe('what needs exactly one word of several', () => {
  const problemsOf = (step: string): string[] => readScenario('a.yaml', `understudy: scenario\nversion: 1\ntitle: t\nsteps:\n  - ${step}\n`).problems.map(({ sentence }) => sentence)
  it.each([
    ['break: {}', 'Step 1: a break needs exactly one of message, view, promoted, stuck, rule.'],
    ['break: { stuck: true, rule: broken }', 'Step 1: a break needs exactly one of message, view, promoted, stuck, rule.'],
    ['fault: { name: f }', 'Step 1: a fault needs exactly one of cut, isolate, partition, drop, delay, duplicate, reorder, hold, unreliable.'],
    ['together: [{}, { get: { key: a } }]', 'Step 1: each of those together needs exactly one of put, append, get, delete, cas.'],
    ['together: [{ get: { key: a } }, { get: { key: a }, put: { key: a, value: b } }]', 'Step 1: each of those together needs exactly one of put, append, get, delete, cas.'],
  ])('%s', (step, sentence) => {
    expect(problemsOf(step)).toEqual([sentence])
  })
})
