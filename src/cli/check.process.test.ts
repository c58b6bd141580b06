// `check` as a course's CI uses it: the built program, its exit status, and what it says of each rule.
import { spawnSync } from 'node:child_process'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join, resolve } from 'node:path'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import type { Settings } from '../protocol'
import { randomFaultsRecording } from '../sim/random-faults-recording'
import { recordingText } from '../sim/random-recording'

const cli = join(resolve(import.meta.dirname, '../..'), 'out/main/cli.js')

let folder: string
beforeEach(() => { folder = mkdtempSync(join(tmpdir(), 'understudy-check-test-')) })
afterEach(() => { rmSync(folder, { recursive: true, force: true }) })

function recording(name: string, settings: Partial<Settings>): string {
  const path = join(folder, `${name}.jsonl`)
  writeFileSync(path, recordingText(randomFaultsRecording('check', 40, settings)))
  return path
}

function check(...args: string[]): { status: number | null; stdout: string; stderr: string } {
  const { status, stdout, stderr } = spawnSync(process.execPath, [cli, 'check', ...args], { encoding: 'utf8', timeout: 60_000 })
  return { status, stdout, stderr }
}

describe('check', () => {
  it('a run that kept the rules: status 0, and how often each could have been broken', () => {
    const { status, stdout } = check(recording('kept', { replication: 'synchronous' }))
    expect(status).toBe(0)
    expect(stdout).toMatch(/kept\.jsonl: no rule was broken \([\d ]+ events\)\.\n {2}Rule 1 \[1\] +held \d+ times\./)
  })

  it('a broken rule: status 1, the event, the proof and the sentence, as text and as JSON', () => {
    const path = recording('broken', { replication: 'synchronous', mutants: ['answers-before-backups'] })
    const { status, stdout } = check(path)
    expect(status).toBe(1)
    expect(stdout).toMatch(/Rule 1.* broken .*Broken on purpose: answers-before-backups\./)
    expect(stdout).toMatch(/#\d+: s\d answered .* before s\d, its backup, had said that it executed it\. \(events #/)
    const judged = JSON.parse(check(path, '--json').stdout) as { broken: boolean; rules: { rule: string; standing: string }[] }
    expect([judged.broken, judged.rules[0]]).toMatchObject([true, { rule: 'rule-1', standing: 'broken' }])
  })

  it('asynchronous replication: not promised, and no failure', () => {
    const { status, stdout } = check(recording('asynchronous', { replication: 'asynchronous' }))
    expect([status, stdout]).toEqual([0, expect.stringContaining('not promised in asynchronous replication') as string])
  })

  it('a file that cannot be judged is status 2 with one sentence, and the others are judged all the same', () => {
    const foreign = join(folder, 'foreign.jsonl')
    writeFileSync(foreign, 'no\n')
    const { status, stdout, stderr } = check(foreign, recording('kept', { replication: 'synchronous' }))
    expect([status, stderr]).toEqual([2, `${foreign}: This file is not an Understudy recording.\n`])
    expect(stdout).toContain('no rule was broken')
  })
})
