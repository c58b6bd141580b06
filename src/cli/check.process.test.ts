// `check` as a course's CI uses it: the built program, its exit status, and its report for each rule.
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import type { Envelope } from '../network'
import { defaultSettings, utf8ToBytes, type Settings } from '../protocol'
import { randomFaultsRecording } from '../sim/testing/random-faults-recording'
import { recordingText } from '../sim/testing/random-recording'
import { World } from '../sim/world'
import { formatEvent, formatHeader } from '../trace'
import { runCli } from '../system/testing/built'

let folder: string
beforeEach(() => { folder = mkdtempSync(join(tmpdir(), 'understudy-check-test-')) })
afterEach(() => { rmSync(folder, { recursive: true, force: true }) })

function recording(name: string, settings: Partial<Settings>): string {
  const path = join(folder, `${name}.jsonl`)
  writeFileSync(path, recordingText(randomFaultsRecording('check', 40, settings)))
  return path
}

function check(...args: string[]): { status: number | null; stdout: string; stderr: string } {
  return runCli(['check', ...args])
}

/** A recording: two appends of one client, one of another, then a duplicate of the first request arrives. */
function lateCopy(name: string, settings: Partial<Settings>): string {
  const lines: string[] = []
  const sent: Envelope[] = []
  const world = new World({
    title: name, seed: name, replicas: 2, clients: 2, settings: { ...defaultSettings, ...settings },
    onEvent: (event) => lines.push(formatEvent(event)), onSend: (envelope) => sent.push(envelope),
  })
  world.run(1000)
  const append = (client: string, key: string, value: string): void => {
    world.invoke(client, { type: 'append', key: utf8ToBytes(key), value: utf8ToBytes(value) })
    world.run(50)
  }
  append('c1', 'a', 'x')
  append('c1', 'a', 'y')
  append('c2', 'b', 'z')
  world.resend(sent.find(({ message }) => message.type === 'request') as Envelope)
  world.run(100)
  const path = join(folder, `${name}.jsonl`)
  writeFileSync(path, [formatHeader(world.header), ...lines, ''].join('\n'))
  return path
}

describe('check', () => {
  it('a run that kept the rules: status 0, and how often each could have been broken', () => {
    const { status, stdout } = check(recording('kept', { replication: 'synchronous' }))
    expect(status).toBe(0)
    expect(stdout).toMatch(/kept\.jsonl: no rule was broken, and what the clients saw is linearizable \([\d ]+ events\)\.\n {2}Rule 1 \[1\] +held \d+ times\./)
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

  it('the first line is the verdict of all: what the primary holds at the end counts, though no client read it', () => {
    const path = lateCopy('late-copy', { mutants: ['forgets-requests'] })
    const { status, stdout } = check(path)
    expect(status).toBe(1)
    expect(stdout.split('\n')[0]).toMatch(/late-copy\.jsonl: At most once, Linearizability broken \(/)
    expect(stdout).toContain('the judge\'s get returned xyx, but the append of y was acknowledged to c1 before it began. (what the primary holds at the end)')
    expect(JSON.parse(check(path, '--json').stdout)).toMatchObject({ verdict: 'broken', broken: true, linearizability: { standing: 'not-linearizable' } })
    expect(check(lateCopy('kept-copy', {})).stdout.split('\n')[0]).toContain('no rule was broken, and what the clients saw is linearizable')
  })

  it('a row that was evicted is named as the cause, with its setting', () => {
    const { status, stdout } = check(lateCopy('evicted', { tableClientsMax: 1 }))
    expect(status).toBe(1)
    expect(stdout).toContain('had been evicted from the at-most-once table (tableClientsMax)')
  })

  it('a message of a node that the first line does not have: status 2 with the line', () => {
    const path = recording('strange', { replication: 'synchronous' })
    const lines = readFileSync(path, 'utf8').split('\n')
    const at = lines.findIndex((line, index) => index > 100 && line.includes('"type":"message-sent"') && line.includes('"from":"s1"'))
    writeFileSync(path, lines.with(at, (lines[at] ?? '').replace('"from":"s1"', '"from":"s7"')).join('\n'))
    const { status, stdout, stderr } = check(path)
    expect([status, stdout, stderr]).toEqual([2, '', `${path}: Line ${at + 1} tells of a message from s7, which is none of the nodes of the first line (vs, s1, s2, s3, c1, c2).\n`])
  })

  it('asynchronous replication: not promised, and no failure', () => {
    const { status, stdout } = check(recording('asynchronous', { replication: 'asynchronous' }))
    expect([status, stdout]).toEqual([0, expect.stringContaining('not promised in asynchronous replication') as string])
    expect(stdout).toMatch(/Linearizability +not promised in this mode\. Asynchronous replication does not promise it\. (Key|Here)/)
  })

  it('what the clients saw: in order, not exercised, and of an imported history without rules', () => {
    const path = recording('kept', { replication: 'synchronous' })
    expect(check(path).stdout).toMatch(/Linearizability +held\. [\d ]+ operations on [\d ]+ keys can be put in order\./)
    const quiet = join(folder, 'quiet.jsonl')
    writeFileSync(quiet, recordingText({ ...randomFaultsRecording('check', 0), events: [] }))
    expect(check(quiet, '--json').stdout).toContain('"linearizability":{"standing":"not-exercised"')
    const imported = join(folder, 'imported.jsonl')
    runCli(['import', edn('foreign', lost), '--out', imported])
    const { status, stdout } = check(imported)
    expect(status).toBe(1)
    expect(stdout).toMatch(/imported history tells nothing .*\n {2}Linearizability +BROKEN\. Key x: c2's get returned 1, but 2 was acknowledged to c1 before it began\./)
  })

  it('a file that cannot be judged is status 2 with one sentence, and the others are judged all the same', () => {
    const foreign = join(folder, 'foreign.jsonl')
    writeFileSync(foreign, 'no\n')
    const { status, stdout, stderr } = check(foreign, recording('kept', { replication: 'synchronous' }))
    expect([status, stderr]).toEqual([2, `${foreign}: This file is not an Understudy recording.\n`])
    expect(stdout).toContain('no rule was broken')
  })
})

const lost = [
  '{:process 0, :type :invoke, :f :write, :key "x", :value "1"}', '{:process 0, :type :ok, :f :write, :key "x", :value "1"}',
  '{:process 0, :type :invoke, :f :write, :key "x", :value "2"}', '{:process 0, :type :ok, :f :write, :key "x", :value "2"}',
  '{:process 1, :type :invoke, :f :read, :key "x", :value nil}', '{:process 1, :type :ok, :f :read, :key "x", :value "1"}',
]

function edn(name: string, lines: readonly string[]): string {
  const path = join(folder, `${name}.edn`)
  writeFileSync(path, lines.join('\n'))
  return path
}

describe('check --history', () => {
  it('a register that can be explained: status 0', () => {
    const path = edn('good', [
      '{:process 0, :type :invoke, :f :write, :value 1}', '{:process 1, :type :invoke, :f :read, :value nil}', '{:process 0, :type :ok, :f :write, :value 1}',
      '{:process 1, :type :ok, :f :read, :value nil}',
    ])
    expect(check('--history', path)).toEqual({ status: 0, stdout: `${path}: linearizable (2 operations, 1 key).\n`, stderr: '' })
  })

  it('a lost write: status 1, the sentence and its line, as text and as JSON', () => {
    const path = edn('lost', lost)
    const { status, stdout } = check('--history', path)
    expect([status, stdout]).toEqual([1, `${path}: not linearizable (3 operations, 1 key).\n`
      + "  Key x: process 1's get returned 1, but 2 was acknowledged to process 0 before it began. It began in line 5; 2 operations can be put in order before it.\n"])
    expect(JSON.parse(check('--history', path, '--json').stdout)).toMatchObject({ verdict: 'not-linearizable', keys: [{ key: 'x', unplacedLine: 5, orderLines: [1, 3] }] })
  })

  it('a value that was never written, and an append that was done twice', () => {
    const never = edn('never', ['{:process 0, :type :invoke, :f :read, :value nil}', '{:process 0, :type :ok, :f :read, :value 7}'])
    expect(check('--history', never)).toMatchObject({ status: 1, stdout: expect.stringContaining("process 0's get returned 7, which no operation had written.") as string })
    const twice = edn('twice', [
      '{:process 0, :type :invoke, :f :append, :value ["k" "a"]}', '{:process 0, :type :ok, :f :append, :value ["k" "a"]}',
      '{:process 1, :type :invoke, :f :read, :value ["k" nil]}', '{:process 1, :type :ok, :f :read, :value ["k" "aa"]}',
    ])
    expect(check('--history', twice)).toMatchObject({ status: 1, stdout: expect.stringContaining('the key holds a.') as string })
  })

  it('a search that comes to its limit: status 2, and "unknown" on standard output', () => {
    const path = edn('hard', [
      ...Array.from({ length: 40 }, (_, index) => `{:process ${index}, :type :invoke, :f :append, :value ["k" "${index}"]}`),
      '{:process 98, :type :invoke, :f :write, :value ["k" ""]}', '{:process 99, :type :invoke, :f :read, :value ["k" nil]}', `{:process 99, :type :ok, :f :read, :value ["k" "0123456789101112131415?"]}`,
    ])
    const { status, stdout, stderr } = check('--history', path, '--time-limit', '1')
    expect([status, stderr]).toEqual([2, ''])
    expect(stdout).toMatch(/^.*: unknown \(42 operations, 1 key\)\.\n {2}Key k: The (time|search) /)
  })

  it('a bad file: status 2, nothing on standard output, and one sentence', () => {
    const open = '{:process 0, :type :invoke, :f :read, :value nil}'
    const bad = [
      [['{:process 0, :type :ok, :f :read, :value 1}'], /Line 1, column \d+: Process 0 has no open operation that could end here\.\n$/],
      [[open, open], /Line 2, column \d+: Process 0 invokes while its operation of line 1 is open\.\n$/],
      [['{:process'], /Line 1, column 1: This \{ is never closed\.\n$/],
    ] as const
    for (const [lines, sentence] of bad) {
      expect(check('--history', edn('bad', lines))).toEqual({ status: 2, stdout: '', stderr: expect.stringMatching(sentence) as string })
    }
    expect(check('--history', join(folder, 'none.edn'))).toMatchObject({ status: 2, stdout: '' })
    expect(check()).toEqual({ status: 2, stdout: '', stderr: 'Name a recording, or a history with --history FILE.\n' })
  })
})
