// The template of a course (examples/course): its copies of the libraries are those of examples/nodes, its scenarios can be read, and its autograder's
// JSON gives the points of a report and no others.
import { spawnSync } from 'node:child_process'
import { readdirSync, readFileSync } from 'node:fs'
import { join, resolve } from 'node:path'
import { describe, expect, it } from 'vitest'
import { readScenario, reportOf, type ReportedScenario } from '../../scenario'

const examples = resolve(import.meta.dirname, '../../../examples')
const course = join(examples, 'course')
const text = (...path: string[]): string => readFileSync(join(...path), 'utf8')

describe('the template of a course', () => {
  it.each(['python/node.py', 'go/node.go'])('has the library of examples/nodes, unchanged: %s', (path) => {
    expect(text(course, path)).toBe(text(examples, 'nodes', path))
  })

  it('has three scenarios for the program "student", with the points that its README promises', () => {
    const read = readdirSync(join(course, 'scenarios')).sort().map((name) => {
      const { scenario, problems } = readScenario(name, text(course, 'scenarios', name))
      expect(problems).toEqual([])
      expect(new Set(scenario?.slots.map(({ slot }) => slot))).toEqual(new Set(['student']))
      return { name, points: scenario?.points ?? 0 }
    })
    expect(read).toEqual([{ name: '01-views.yaml', points: 10 }, { name: '02-failover.yaml', points: 20 }, { name: '03-at-most-once.yaml', points: 20 }])
    for (const { name, points } of read) expect(text(course, 'README.md')).toMatch(new RegExp(`\`scenarios/${name}\` \\| ${points} \\|`))
  })

  it('marks the same gaps in both languages', () => {
    const gaps = (path: string): string[] => [...new Set([...text(course, path).matchAll(/TODO (\d)/g)].map(([, number = '']) => number))].sort()
    expect(gaps('python/replica.py')).toEqual(['1', '2', '3', '4'])
    expect(gaps('go/replica.go')).toEqual(['1', '2', '3', '4'])
  })
})

const reported = (state: ReportedScenario['state'], given: Partial<ReportedScenario> = {}): ReportedScenario => ({
  file: 'x.yaml', title: `it ${state}`, about: '', on: 'simulator', seed: '1', mutants: [], state, reason: '', points: 0, pointsMax: 10, seconds: 1, events: 1, seq: 1,
  recording: '', determinism: '', steps: [], lastEvents: [], ...given,
})

function convert(input: string): { status: number | null; stdout: string; stderr: string } {
  const { status, stdout, stderr } = spawnSync(process.execPath, [join(course, 'gradescope.mjs')], { input, encoding: 'utf8' })
  return { status, stdout, stderr }
}

describe('the autograder\'s JSON', () => {
  it('has the points of each scenario, and for what was not judged the reason and none', () => {
    const report = reportOf([
      { suite: 'Course', reported: reported('passed', { points: 10 }) },
      { suite: 'Course', reported: reported('failed', { reason: 'Line 3: it was lost', lastEvents: ['0.1 s1 ping'], recording: 'r.jsonl' }) },
      { suite: '', reported: reported('not-judged', { pointsMax: 0, reason: 's1 does not tell its role' }) },
    ], { createdAt: new Date(0), seconds: 1, stopped: false })
    const { status, stdout } = convert(JSON.stringify(report))
    expect(status).toBe(0)
    expect(JSON.parse(stdout)).toEqual({
      score: 10,
      output: '1 passed, 1 failed, 1 not judged: 10 of 20 points.',
      tests: [
        { name: 'Course: it passed', score: 10, max_score: 10, output: '', status: 'passed' },
        { name: 'Course: it failed', score: 0, max_score: 10, output: 'Line 3: it was lost\n0.1 s1 ping\nrecording: r.jsonl', status: 'failed' },
        { name: 'it not-judged', score: 0, max_score: 0, output: 'Not judged, no points gained or lost: s1 does not tell its role', status: 'failed' },
      ],
    })
  })

  it('is not made from a run that did not come to its end', () => {
    const report = reportOf([{ suite: '', reported: reported('passed', { points: 10 }) }, { suite: '', reported: reported('not-run') }], { createdAt: new Date(0), seconds: 1, stopped: false })
    expect(convert(JSON.stringify(report))).toEqual({ status: 2, stdout: '', stderr: 'No results: the run did not come to its end: grade it again.\n' })
  })

  it.each(['', '[]', 'null', '{"understudy":"report","version":2}'])('is not made from %j, and the status says so', (input) => {
    expect(convert(input)).toEqual({ status: 2, stdout: '', stderr: expect.stringMatching(/^No results: .+\.\n$/) as string })
  })
})
