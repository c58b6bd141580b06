// `simulate` as people use it: the built program, its exit status, its output, and the files that it saves.
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { mutantNames } from '../protocol'
import { runCli } from '../system/testing/built'

let folder: string
beforeEach(() => { folder = mkdtempSync(join(tmpdir(), 'understudy-simulate-test-')) })
afterEach(() => { rmSync(folder, { recursive: true, force: true }) })

function lab(...args: string[]): { status: number | null; stdout: string; stderr: string } {
  // What a failing run keeps goes with the test's folder.
  return runCli(args, { env: { ...process.env, TMPDIR: folder } })
}

interface Line {
  readonly type: string
  readonly seed: number
  readonly operations: number
  readonly faults: number
  readonly virtualMs: number
}

/** JSON lines without the durations, which differ from run to run. */
function jsonLines(stdout: string): Line[] {
  return stdout.trim().split('\n').map((line) => JSON.parse(line, (name, value: unknown) => name === 'ms' || name === 'seconds' ? undefined : value) as Line)
}

describe('simulate', () => {
  it('many seeds of the protocol as it is: status 0, and what happened in numbers', () => {
    const { status, stdout, stderr } = lab('simulate', '--seeds', '1..60')
    expect(status).toBe(0)
    expect(stdout).toMatch(/^60 seeds \(1\.\.60\) in [\d.]+ s: no violation[.,][^\n]*\n {2}operations a seed {2}2\d\d to \d+;/)
    expect(stdout).toMatch(/not stuck +5\d of 60 at the end/)
    expect(stderr).toContain('60/60 seeds\n')
  })

  it('what the runs have reached, as a table and as lines of JSON', () => {
    const { status, stdout } = lab('simulate', '--seeds', '1..10', '--coverage')
    expect(status).toBe(0)
    expect(stdout).toMatch(/^setting +seeds +times$/m)
    expect(stdout).toMatch(/^ {2}replication synchronous +\d+ +\d+$/m)
    expect(stdout).toMatch(/^ {2}put: larger than may be +never$/m)
    const lines = jsonLines(lab('simulate', '--seeds', '1..10', '--coverage', '--json').stdout)
    expect(lines.slice(0, 10).every((line) => line.type === 'seed' && !('reached' in line))).toBe(true)
    expect(lines.find((line) => 'kind' in line && line.kind === 'replication synchronous')).toMatchObject({ type: 'coverage', group: 'setting' })
    expect(lab('simulate', '--each-mutant', '--coverage').status).toBe(2)
  })

  it('lines of JSON, the same for any number of threads', () => {
    const one = jsonLines(lab('simulate', '--seeds', '5..44', '--json', '--jobs', '1').stdout)
    expect(jsonLines(lab('simulate', '--seeds', '5..44', '--json', '--jobs', '3').stdout)).toEqual(one)
    expect(one.map(({ type }) => type)).toEqual([...Array.from({ length: 40 }, () => 'seed'), 'summary'])
    for (const line of one.slice(0, 40)) {
      expect(line.operations).toBeGreaterThanOrEqual(200)
      expect(line.faults).toBeGreaterThanOrEqual(10)
      expect(line.virtualMs).toBeGreaterThanOrEqual(10_000)
    }
  })

  it('a broken rule: status 1; the small run is saved, and scenario and recording show the same', () => {
    const { status, stdout } = lab('simulate', '--seeds', '1..50', '--mutant', 'answers-before-backups', '--stop-at-first', '--save', join(folder, 'found'))
    expect(status).toBe(1)
    expect(stdout).toMatch(/^1 seed \(1\.\.1\) in [\d.]+ s: 1 is bad: Rule 1 in 1\.\n {2}first +seed 1, Rule 1: s\d answered .*\n {2}made small +1 operation, 0 faults, /)
    const name = join(folder, 'found', 'answers-before-backups-seed-1-rule-1')
    expect(stdout).toContain(`saved              ${name}.yaml, ${name}.jsonl`)
    const sentence = / {2}which shows +(.*)\n/.exec(stdout)?.[1] ?? 'none'
    const played = lab('run', `${name}.yaml`)
    expect([played.status, played.stdout]).toEqual([1, expect.stringContaining(`Rule 1 is broken: ${sentence}`) as string])
    const checked = lab('check', `${name}.jsonl`)
    expect([checked.status, checked.stdout]).toEqual([1, expect.stringMatching(/Rule 1 .*BROKEN/) as string])
    const last: unknown = JSON.parse(readFileSync(`${name}.jsonl`, 'utf8').trim().split('\n').at(-1) ?? '')
    expect(last).toMatchObject({ type: 'violation', rule: 'rule-1', text: sentence })
    // Without the mutant the saved scenario passes.
    const mended = join(folder, 'mended.yaml')
    writeFileSync(mended, readFileSync(`${name}.yaml`, 'utf8').replace('mutants: [ answers-before-backups ]', 'mutants: [ ]'))
    expect(lab('run', mended).status).toBe(0)
  })

  it('one check alone: what the clients saw, which the recording and the scenario show too', () => {
    const { status, stdout } = lab('simulate', '--seeds', '1..60', '--mutant', 'gives-up-on-backup', '--check', 'linearizability', '--stop-at-first', '--save', folder)
    expect(status).toBe(1)
    expect(stdout).toMatch(/1 is bad: Linearizability in 1\.\n[^]* {2}first +seed \d+, Linearizability: Key .+: /)
    const name = / {2}saved +(\S+)\.yaml, /.exec(stdout)?.[1] ?? 'none'
    expect([lab('run', `${name}.yaml`).status, lab('check', `${name}.jsonl`).stdout]).toEqual([1, expect.stringMatching(/Linearizability .*BROKEN/) as string])
  })

  it('for each mutant the first seed that shows it: a table, or a line of JSON for each; status 1 if one was not found', () => {
    const { status, stdout } = lab('simulate', '--each-mutant', '--seeds', '7', '--check', 'rule-2')
    expect(status).toBe(1)
    expect(stdout).toMatch(/^mutant +seed {2}found by .*\nanswers-before-backups +- {2}not in 1 seed /)
    expect(stdout).toMatch(/\npromotes-idle +7 {2}Rule 2 +0 +1 /)
    const rows = lab('simulate', '--each-mutant', '--seeds', '7', '--check', 'rule-2', '--json').stdout.trim().split('\n')
      .map((line) => JSON.parse(line) as { type: string; mutant: string; shrunk: { size: { faults: number } } | null })
    expect(rows.map(({ mutant }) => mutant)).toEqual(mutantNames)
    expect(rows.find(({ mutant }) => mutant === 'promotes-idle')).toMatchObject({ type: 'mutant', shrunk: { size: { faults: 1 } } })
  })

  it.each([
    [['--seeds', '5..1'], '--seeds is a number or a range as 1..2000, up to 1000000000, not "5..1".'],
    [['--seeds', 'all'], '--seeds is a number or a range as 1..2000, up to 1000000000, not "all".'],
    [['--mutant', 'none'], 'There is no mutant "none"; there are answers-before-backups,'],
    [['--replicas', '2', '--backups', '2'], '2 replicas leave room for 1 backups.'],
    [['--duration', '10'], '--duration must be a whole number from 500 to 600000, not "10".'],
    [['--check', 'rule-9'], 'Allowed choices are rule-1, '],
    [['--each-mutant', '--mutant', 'promotes-idle'], 'cannot be used with'],
  ])('%j is status 2 with one sentence, and nothing is run', (args, sentence) => {
    const { status, stdout, stderr } = lab('simulate', ...args)
    expect([status, stdout]).toEqual([2, ''])
    expect(stderr).toContain(sentence)
    expect(stderr.trim().split('\n')).toHaveLength(1)
  })

  it('a folder that cannot be written is status 2 with one sentence', () => {
    const file = join(folder, 'file')
    writeFileSync(file, '')
    const { status, stderr } = lab('simulate', '--seeds', '1', '--mutant', 'reads-without-backups', '--save', join(file, 'found'))
    expect([status, stderr.trim().split('\n').at(-1)]).toEqual([2, expect.stringMatching(/^It could not be saved in .*\.$/) as string])
  })
})
