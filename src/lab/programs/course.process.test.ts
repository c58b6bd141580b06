// The template of a course (examples/course), as a teacher uses it: its scenarios pass with a whole replica, its skeleton has some points from the start,
// and a folder of submissions becomes a table, whatever is in it. The long form also runs them as processes, and the skeleton in Go.
import { spawnSync } from 'node:child_process'
import { copyFileSync, existsSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, readlinkSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join, resolve } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import type { Report } from '../../scenario'
import { runCli } from '../../system/testing/built'

const examples = resolve(import.meta.dirname, '../../../examples')
const course = join(examples, 'course')
const scenarios = join(course, 'scenarios')
const isLong = process.env['UNDERSTUDY_LONG'] === '1'
const stages = isLong ? ['simulator', 'processes'] : ['simulator']

let folder = ''
beforeAll(() => { folder = mkdtempSync(join(tmpdir(), 'understudy-course-')) })
afterAll(() => rmSync(folder, { recursive: true, force: true }))

/** The points of each scenario in `paths`. */
function pointsOf(command: string, stage: string, slot: string, ...paths: string[]): Record<string, number> {
  const { stdout, stderr } = runCli(['run', ...paths, '--on', stage, '--program', `${slot}=${command}`, '--report', 'json'])
  if (stdout === '') throw new Error(stderr)
  const { suites } = JSON.parse(stdout) as Report
  return Object.fromEntries(suites.flatMap((suite) => suite.scenarios.map(({ title, points }) => [title, points])))
}

const python = (path: string): string => `python3 '${join(examples, path)}'`
/** In the short form the two that decide: one that the skeleton passes, one that it does not. */
const viewService = isLong ? ['scenarios/mit-view-service'] : ['1-first-primary', '2-first-backup'].map((name) => `scenarios/mit-view-service/${name}.yaml`)
const hasGo = spawnSync('which', ['go'], { stdio: 'ignore' }).status === 0

describe('the scenarios of the course', () => {
  it.each(stages)('give all their points to the example replica, on %s', (stage) => {
    expect(Object.values(pointsOf(python('nodes/python/replica.py'), stage, 'student', scenarios))).toEqual([10, 20, 20])
  })

  it('give the first ones to the skeleton in Python, and the view service some', () => {
    expect(Object.values(pointsOf(python('course/python/replica.py'), 'simulator', 'student', scenarios))).toEqual([10, 0, 0])
    const points = Object.values(pointsOf(python('course/python/replica.py'), 'simulator', 'replicas', ...viewService))
    expect(points.reduce((sum, own) => sum + own)).toBe(5)
  })

  it.runIf(hasGo && isLong)('give the same to the skeleton in Go', () => {
    const built = join(folder, 'replica')
    expect(spawnSync('go', ['build', '-o', built, 'replica.go', 'node.go'], { cwd: join(course, 'go'), env: { ...process.env, GO111MODULE: 'off' } }).status).toBe(0)
    expect(Object.values(pointsOf(`'${built}'`, 'simulator', 'student', scenarios))).toEqual([10, 0, 0])
  })
})

interface Row {
  readonly name: string
  readonly points: number
  readonly pointsMax: number
  readonly failed: number
  readonly reason: string
  readonly recordings: readonly string[]
}

/** Processes that run in this folder or below it. */
function processesIn(path: string): string[] {
  return (existsSync('/proc') ? readdirSync('/proc') : []).filter((pid) => /^\d+$/.test(pid)).filter((pid) => {
    try {
      return readlinkSync(`/proc/${pid}/cwd`).startsWith(path)
    } catch {
      return false // It has ended, or is another user's.
    }
  })
}

describe('a grading run', () => {
  it.each(stages)('has a row for each submission, one that does not start included, and leaves no process: on %s', (stage) => {
    const submissions = join(folder, stage)
    for (const [name, from] of [['a-whole', 'nodes/python'], ['b-skeleton', 'course/python'], ['c-broken', 'course/python']] as const) {
      mkdirSync(join(submissions, name), { recursive: true })
      for (const file of ['node.py', 'replica.py']) copyFileSync(join(examples, from, file), join(submissions, name, file))
    }
    writeFileSync(join(submissions, 'c-broken', 'replica.py'), 'raise SystemExit("I was never finished")\n')
    const table = join(folder, `${stage}.json`)
    const { status } = runCli([
      'test', '-w', 'primary-backup', '--bin', 'python3 replica.py', '--submissions', submissions, '--scenarios', scenarios, '--on', stage,
      '--record', join(folder, `recordings-${stage}`), '--out', table,
    ])
    expect(status).toBe(1)
    const rows = JSON.parse(readFileSync(table, 'utf8')) as Row[]
    expect(rows.map(({ name, points, pointsMax, failed }) => [name, points, pointsMax, failed])).toEqual([['a-whole', 50, 50, 0], ['b-skeleton', 10, 50, 2], ['c-broken', 0, 50, 3]])
    expect(rows[0]?.reason).toBe('')
    expect(rows[1]?.reason).toContain('not acked')
    expect(rows[2]?.reason).toContain(stage === 'simulator' ? 's1 ended by itself, status 1' : 's1 ended before it had started. It said: I was never finished')
    for (const path of rows.flatMap(({ recordings }) => recordings)) expect(existsSync(path), path).toBe(true)
    expect(processesIn(submissions)).toEqual([])
    const again = runCli(['test', '-w', 'primary-backup', '--bin', 'python3 replica.py', '--submissions', submissions, '--record', join(folder, `recordings-${stage}`), '--out', table])
    expect([again.status, again.stderr]).toEqual([2, expect.stringContaining('is not empty; choose another --record.')])
    expect(JSON.parse(readFileSync(table, 'utf8'))).toEqual(rows)
  })

  it('fails a program that ends in its start on real processes, and takes that for no failure of the machine', () => {
    writeFileSync(join(folder, 'broken.py'), 'raise SystemExit("I was never finished")\n')
    const { status, stdout } = runCli(['run', 'scenarios/mit-view-service/3-backup-takes-over.yaml', '--on', 'processes', '--program', 'replicas=python3 broken.py', '--cwd', folder])
    expect([status, stdout]).toEqual([1, expect.stringMatching(/FAIL .*\n.*s\d ended before it had started\. It said: I was never finished\n/)])
  })
})

it('an autograder\'s script writes the results of a submission', () => {
  const bin = join(folder, 'bin')
  mkdirSync(bin)
  writeFileSync(join(bin, 'understudy'), `#!/bin/sh\nexec '${process.execPath}' '${join(examples, '../bin/understudy.mjs')}' "$@"\n`, { mode: 0o755 })
  const results = join(folder, 'graded', 'results.json')
  const { status, stderr } = spawnSync('sh', [join(course, 'autograde.sh'), join(course, 'python'), results], {
    cwd: folder, env: { ...process.env, PATH: `${bin}:${process.env['PATH']}`, STAGE: 'simulator' }, encoding: 'utf8',
  })
  expect([status, status === 0 ? '' : stderr]).toEqual([0, ''])
  expect(JSON.parse(readFileSync(results, 'utf8'))).toMatchObject({ score: 10, tests: [{ status: 'passed' }, { status: 'failed' }, { status: 'failed' }] })
  expect(readdirSync(join(folder, 'graded', 'grading')).sort()).toEqual(['recordings', 'report.html', 'report.json'])
})
