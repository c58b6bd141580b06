// `run` as a course's CI uses it: the built program, its exit status, its reports, and what remains after an interruption.
import { spawn } from 'node:child_process'
import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { isAlive } from '../cluster/testing/cluster-harness'
import { createRecordingReader } from '../trace'
import { ReportSchema, type Report } from '../scenario/report'
import { cli, root, runCli } from '../system/testing/built'

let folder: string
beforeEach(() => { folder = mkdtempSync(join(tmpdir(), 'understudy-run-test-')) })
afterEach(() => { rmSync(folder, { recursive: true, force: true }) })

/** What a failing run keeps goes with the test's folder. */
const ownTemporary = (): NodeJS.ProcessEnv => ({ ...process.env, TMPDIR: folder })

interface Ran { readonly status: number | null; readonly stdout: string; readonly stderr: string }

function run(...parameters: string[]): Ran {
  return runCli(['run', ...parameters], { cwd: root, env: ownTemporary() })
}

function file(name: string, ...steps: string[]): string {
  const path = join(folder, name)
  writeFileSync(path, `understudy: scenario\nversion: 1\ntitle: ${name}\nsuite: S\npoints: 2\ncluster: { replicas: 2 }\nsteps:\n${steps.map((step) => `  - ${step}\n`).join('')}`)
  return path
}

/** All scenarios take more than a minute; the corner cases contain every kind of step. */
const scenarios = process.env['UNDERSTUDY_LONG'] === '1' ? { folder: 'scenarios', least: 79 } : { folder: 'scenarios/corner-cases', least: 28 }
const ready = 'wait: { view: { viewnum: 2, acked: true } }'
const reportIn = (path: string): Report => ReportSchema.parse(JSON.parse(readFileSync(path, 'utf8')))

/** All descendants of a process. */
function descendantsOf(pid: number): number[] {
  const parents = new Map<number, number>()
  for (const name of readdirSync('/proc').filter((entry) => /^\d+$/.test(entry))) {
    try {
      const parent = /^PPid:\s+(\d+)$/m.exec(readFileSync(`/proc/${name}/status`, 'utf8'))?.[1]
      parents.set(Number(name), Number(parent))
    } catch {
      // It has just ended.
    }
  }
  const children = (of: number): number[] => [...parents].filter(([, parent]) => parent === of).flatMap(([child]) => [child, ...children(child)])
  return children(pid)
}

describe('run', () => {
  it(`every scenario of ${scenarios.folder} passes on real processes, with points, in all forms of report`, () => {
    const { status, stderr } = run(scenarios.folder, '--on', 'processes', '--report', 'json', 'junit', 'html', 'text', '--out', join(folder, 'report'))
    const report = reportIn(join(folder, 'report.json'))
    const reasons = report.suites.flatMap(({ scenarios }) => scenarios.filter(({ state }) => state !== 'passed').map(({ file: name, reason }) => `${name}: ${reason}`))
    const stalls = reasons.flatMap((reason) => /This machine stalled for .*/.exec(reason) ?? [])
    // vitest runs the test again then (vitest.config.ts).
    if (stalls.length > 0 && stalls.length === reasons.length) throw new Error(stalls[0])
    expect(reasons).toEqual([])
    expect({ status, failed: report.failed, points: report.points }).toEqual({ status: 0, failed: 0, points: report.pointsMax })
    expect(report.passed).toBeGreaterThanOrEqual(scenarios.least)
    expect(readdirSync(folder).sort()).toEqual(['report.html', 'report.json', 'report.txt', 'report.xml'])
    console.log(stderr.trim().split('\n').at(-1))
  })

  it('a scenario that fails: status 1, what was seen, and a recording that opens', () => {
    const bad = file('bad.yaml', ready, 'put: { key: a, value: "1" }', 'get: { key: a, gives: { value: "2" } }')
    const { status } = run(bad, '--report', 'json', '--out', join(folder, 'r.json'))
    const scenario = reportIn(join(folder, 'r.json')).suites[0]?.scenarios[0]
    expect({ status, state: scenario?.state, points: scenario?.points, pointsMax: scenario?.pointsMax }).toEqual({ status: 1, state: 'failed', points: 0, pointsMax: 2 })
    expect(scenario?.reason).toBe('Line 10: get a from c1: "2": it gave "1", not "2"')
    const reader = createRecordingReader()
    reader.push(readFileSync(scenario?.recording ?? '', 'utf8'))
    expect(reader.end().count).toBeGreaterThanOrEqual(scenario?.seq ?? 1)
    rmSync(scenario?.recording ?? '')
  })

  it('keeps the recording of one that passes when it is asked to, on the simulator too', () => {
    const good = file('good.yaml', ready)
    expect(run(good, '--on', 'simulator', '--record', join(folder, 'kept.jsonl'))).toMatchObject({ status: 0 })
    expect(run(good, '--on', 'processes', '--record', join(folder, 'kept2.jsonl'))).toMatchObject({ status: 0 })
    expect([existsSync(join(folder, 'kept.jsonl')), existsSync(join(folder, 'kept2.jsonl'))]).toEqual([true, true])
  })

  it.each(['simulator', 'processes'])('with a mutant on the %s: the violation is in the trace, and the report marks it', (on) => {
    const broken = file('broken.yaml', ready, 'put: { key: a, value: "1" }', 'wait: { broken: rule-1 }\n    within: 2000')
    const kept = join(folder, 'kept.jsonl')
    const { status, stdout } = run(broken, '--on', on, '--mutant', 'answers-before-backups', '--mutant', 'reads-without-backups', '--record', kept)
    expect(stdout).toContain('ok   broken.yaml [BROKEN ON PURPOSE: answers-before-backups, reads-without-backups]')
    expect(status).toBe(0)
    const reader = createRecordingReader()
    const { events } = reader.push(readFileSync(kept, 'utf8'))
    expect(reader.header?.settings.mutants).toEqual(['answers-before-backups', 'reads-without-backups'])
    expect(events.filter(({ type }) => type === 'violation')).toMatchObject([{ rule: 'rule-1' }])
    // Without the mutant nothing breaks, so the file's wait for a violation fails.
    expect(run(broken, '--on', on).status).toBe(1)
  })

  it.each<[string, () => string[], RegExp]>([
    ['a file that is not there', () => [join(folder, 'none.yaml')], /There is no file or folder .*none\.yaml\.\n$/],
    ['a folder without scenarios', () => [folder], /There is no scenario for this in/],
    ['an unknown step', () => [file('x.yaml', 'kil: s1')], /x\.yaml:8:5: There is no step "kil"; did you mean "kill"\?\n$/],
    ['a file of 10 MB', () => {
      writeFileSync(join(folder, 'big.yaml'), 'x'.repeat(10 * 1024 * 1024))
      return [join(folder, 'big.yaml')]
    }, /big\.yaml:1:1: It is 10240 KB long; a scenario has at most 256 KB\.\n$/],
    ['bytes that are no text', () => {
      writeFileSync(join(folder, 'b.yaml'), Buffer.from([0xff, 0xfe, 0x00]))
      return [join(folder, 'b.yaml')]
    }, /b\.yaml:1:1: It cannot be read: it is not UTF-8 text\.\n$/],
    ['a mutant that is none', () => [file('a.yaml', ready), '--mutant', 'nobody-acks'], /There is no mutant "nobody-acks"; there are answers-before-backups, .*\.\n$/],
    ['a stage that is none', () => [file('a.yaml', ready), '--on', 'paper'], /Allowed choices are processes, simulator\.\n$/],
  ])('%s: status 2 and one sentence', (_what, parameters, sentence) => {
    const { status, stdout, stderr } = run(...parameters())
    expect({ status, stdout }).toEqual({ status: 2, stdout: '' })
    expect(stderr).toMatch(sentence)
  })

  it('interrupted: the children are gone, the report of what ran is written, status 130', async () => {
    const paths = [file('quick.yaml', ready), ...[1, 2, 3].map((number) => file(`slow-${number}.yaml`, ready, 'pause: s1', 'run: 60000'))]
    const child = spawn(process.execPath, [cli, 'run', ...paths, '--jobs', '2', '--report', 'json', '--out', join(folder, 'r.json')], { cwd: root, env: ownTemporary(), stdio: ['ignore', 'ignore', 'pipe'] })
    let stderr = ''
    await new Promise<void>((settle) => {
      child.stderr.on('data', (text: Buffer) => {
        stderr += text.toString()
        if (/ok quick/.test(stderr)) settle()
      })
    })
    // Two workers, each with a switchboard and four nodes. The slow scenarios are up or starting; both must end.
    await expect.poll(() => descendantsOf(child.pid as number).length).toBeGreaterThanOrEqual(10)
    const children = descendantsOf(child.pid as number)
    child.kill('SIGINT')
    const status = await new Promise((settle) => child.on('exit', settle))
    const report = reportIn(join(folder, 'r.json'))
    expect({ status, stopped: report.stopped, passed: report.passed, failed: report.failed, notRun: report.notRun })
      .toEqual({ status: 130, stopped: true, passed: 1, failed: 0, notRun: 3 })
    // The switchboards end the processes of a killed worker.
    await expect.poll(() => children.filter(isAlive)).toEqual([])
  })
})
