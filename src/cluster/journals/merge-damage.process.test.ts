// Merges journals of a real run that are cut off or damaged anywhere. The result is a valid recording or one sentence. A cut loses what came after
// it but causes no false verdict: no rule counts as violated, and the client history stays linearizable.
import { spawn, type ChildProcess } from 'node:child_process'
import { once } from 'node:events'
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { Conformance, LiveHistory, RuleMonitors } from '../../check'
import { createRandom } from '../../network'
import { createRecordingReader } from '../../trace'
import { JournalProblem } from './journal-reader'
import { mergeJournalFiles } from './merge-journals'
import { cli as program, runProgram } from '../../system/testing/built'

const quick = ['--ping-interval-ms', '20', '--ping-check-interval-ms', '20', '--dead-pings', '25', '--retry-ms', '20']
const names = ['vs', 's1', 's2', 'c1', 'c2'] as const

let folder: string
const children = new Map<string, ChildProcess>()
const place = (name: string): string => join(folder, name)
const journal = (name: string): string => place(`${name}.journal`)

async function start(name: string, words: readonly string[]): Promise<void> {
  const child = spawn(process.execPath, [program, ...words, '--listen', place(name), '--journal', journal(name), ...quick], { stdio: ['ignore', 'pipe', 'inherit'] })
  children.set(name, child)
  await once(child.stdout, 'data')
}

async function work(name: string, count: number, onAnswer: (answers: number) => void = () => undefined): Promise<void> {
  const client = spawn(process.execPath, [program, 'client', '--view-server', place('vs'), '--journal', journal(name), ...quick, '-'], { stdio: ['pipe', 'pipe', 'inherit'] })
  let answers = 0
  client.stdout.on('data', (data: Buffer) => {
    answers += String(data).split('\n').length - 1
    onAnswer(answers)
  })
  client.stdin.end(Array.from({ length: count }, (_, index) => `append k${index % 3} x\nget k${(index * 2) % 3}\n`).join(''))
  await once(client, 'exit')
}

async function ended(name: string, signal: NodeJS.Signals): Promise<void> {
  const child = children.get(name)
  if (!child || child.exitCode !== null || child.signalCode !== null) return
  child.kill(signal)
  await once(child, 'exit')
}

beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), 'understudy-damage-'))
  await start('vs', ['view-server', '--new-cluster'])
  for (const name of ['s1', 's2']) await start(name, ['replica', '--name', name, '--view-server', place('vs')])
  for (;;) {
    const { stdout } = await runProgram(process.execPath, [program, 'client', '--view-server', place('vs'), 'view'])
    if (/acked: view \d+, primary s1 .*, backup s2/.test(stdout)) break
  }
  const kill = (answers: number): void => { if (answers >= 30) children.get('s1')?.kill('SIGKILL') }
  await Promise.all([work('c1', 40, kill), work('c2', 40)])
  for (const name of ['vs', 's1', 's2']) await ended(name, 'SIGTERM')
})

afterAll(async () => {
  for (const name of children.keys()) await ended(name, 'SIGKILL')
  rmSync(folder, { recursive: true, force: true })
})

interface Found {
  readonly broken: readonly string[]
  readonly standing: string
  readonly differs: boolean
  readonly events: number
}

let merges = 0

/** Merges with these bytes in place of one journal, and runs every checker on the result. Returns the sentence if there is no result. */
function merged(name: string, bytes: Buffer): Found | string {
  const changed = place(`changed-${name}.journal`)
  writeFileSync(changed, bytes)
  const out = place(`out-${merges++}.jsonl`)
  try {
    mergeJournalFiles(names.map((each) => each === name ? changed : journal(each)), out, 't')
  } catch (error) {
    expect(error).toBeInstanceOf(JournalProblem)
    const { message } = error as JournalProblem
    expect(message).toMatch(/^[^\n]+\.$/)
    expect(message).not.toMatch(/undefined|Cannot read|\[object|is not a function/)
    return message
  }
  const reader = createRecordingReader()
  const { events } = reader.push(readFileSync(out, 'utf8'))
  const { header, count } = reader.end()
  rmSync(out)
  const conformance = new Conformance(header)
  const monitors = new RuleMonitors(header)
  const history = new LiveHistory(header)
  for (const event of events) {
    conformance.take(event)
    monitors.take(event)
    history.take(event)
  }
  const { standing } = history.finish({ stepsMax: 1_000_000, memoMax: 200_000 }, { served: monitors.served, seq: count })
  const broken = monitors.states().filter((state) => state.standing === 'broken').map(({ rule, first }) => `${rule}: ${first?.text}`)
  return { broken, standing, differs: conformance.finish().difference !== null, events: count }
}

test.each(names)('the journal of %s, cut off at any byte, takes what came after and accuses nobody', (name) => {
  const whole = readFileSync(journal(name))
  expect(merged(name, whole)).toMatchObject({ broken: [], standing: 'linearizable', differs: false })
  const random = createRandom(name, 'cuts')
  const cuts = [whole.length - 1, ...Array.from({ length: 120 }, () => random.below(whole.length))]
  let recordings = 0
  for (const cut of cuts) {
    const found = merged(name, whole.subarray(0, cut))
    if (typeof found === 'string') continue
    recordings++
    expect({ cut, ...found }).toMatchObject({ broken: [], differs: false })
    expect(['linearizable', 'not-exercised'], `cut at ${cut}`).toContain(found.standing)
  }
  expect(recordings).toBeGreaterThan(60)
})

test.each(names)('the journal of %s, damaged at any byte, makes a recording or one sentence', (name) => {
  const whole = readFileSync(journal(name))
  const random = createRandom(name, 'damage')
  for (let round = 0; round < 120; round++) {
    const bytes = Buffer.from(whole)
    for (let flips = 1 + random.below(4); flips > 0; flips--) bytes[random.below(bytes.length)] = random.below(256)
    merged(name, bytes)
  }
})

test.each([['{"type":"view-changed","view":', '{"type":"view-changed","viex":'], ['{"type":"view-changed","view":{"viewnum":', '{"type":"view-changed","view":{"viewnun":'], ['"primary":{', '"primary":7,"p":{'], ['"backups":[', '"backups":7,"b":[']])('what a view server told, damaged from %s to %s, is one sentence', (from, to) => {
  const whole = readFileSync(journal('vs')).toString('latin1')
  expect(whole).toContain(from)
  // Pads to the same length, or the frames would not be whole.
  const room = to.length - from.length
  const changed = room === 0 ? whole.replace(from, to) : whole.replace(new RegExp(`${from.replace(/[{}[\]]/g, '\\$&')}([^]{${room}})`), `${to}`)
  expect(merged('vs', Buffer.from(changed, 'latin1'))).toEqual(expect.stringMatching(/is damaged in step \d+ of vs: .*\.$/))
})

test('a journal whose first frame says other things than a life does is refused by name', () => {
  const whole = readFileSync(journal('s1'))
  const text = whole.toString('latin1')
  const life = text.indexOf('{')
  for (const [from, to] of [['"settings":{', '"settings":7,"x":{'], ['"name":"s1"', '"name":"S1"'], ['"kind":"replica"', '"kind":"rep\\u001b"'], ['"pid":', '"pix":']] as const) {
    const changed = Buffer.from(text.replace(from, to), 'latin1')
    // Corrects the lengths of the frame and of its text.
    for (const at of [0, life - 4]) changed.writeUInt32BE(whole.readUInt32BE(at) + to.length - from.length, at)
    expect(merged('s1', changed)).toMatch(/changed-s1\.journal is not a journal of a node\.$/)
  }
})
