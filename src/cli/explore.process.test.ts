// `explore` and `rerun` as a person calls them: what is found in the simulator is reproduced on real processes, every time.
import { spawn } from 'node:child_process'
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { ExplorationPool } from '../lab'
import { defaultSettings } from '../protocol'
import { defaultPlan } from '../sim'
import { cli } from '../system/testing/built'

const worker = fileURLToPath(new URL('../../out/main/explore-worker.js', import.meta.url))
const small = ['--replicas', '2', '--clients', '1', '--workers', '2']
let folder: string

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'explore-test-'))
})
afterAll(() => rm(folder, { recursive: true, force: true }))

interface Ran { readonly status: number | null; readonly stdout: string; readonly stderr: string }

function lab(...args: string[]): Promise<Ran> {
  return new Promise((resolve) => {
    const child = spawn(process.execPath, [cli, ...args], { cwd: folder })
    const [out, err]: string[][] = [[], []]
    child.stdout.on('data', (text: Buffer) => out?.push(text.toString()))
    child.stderr.on('data', (text: Buffer) => err?.push(text.toString()))
    child.on('close', (status) => resolve({ status, stdout: out?.join('') ?? '', stderr: err?.join('') ?? '' }))
  })
}

test.each([
  ['takes-any-forward', 'Rule 3', small], ['executes-in-transfer', 'Rule 4', small], ['view-without-ack', 'Rule 6', small], ['deposed-executes', 'Rule 5', small],
  ['waits-for-one-backup', 'Rule 1', ['--replicas', '3', '--clients', '1', '--backups-wanted', '2', '--workers', '2']],
])('%s: the shortest counterexample breaks %s again on real processes, five times out of five', async (mutant, rule, flags) => {
  const path = join(folder, `${mutant}.jsonl`)
  const found = await lab('explore', '--mutant', mutant, '--record', path, ...flags)
  expect(found, found.stderr).toMatchObject({ status: 1 })
  expect(found.stdout).toMatch(new RegExp(`^Broken after \\d+ steps: [a-z0-9-]+\\..*Broken on purpose: ${mutant}\\.`))
  expect(found.stdout).toContain(`${rule}: `)
  const again = await lab('rerun', path, '--times', '5')
  expect(again, again.stderr).toMatchObject({ status: 0 })
  const lines = again.stdout.trimEnd().split('\n')
  expect(lines).toHaveLength(5)
  for (const line of lines) expect(line).toMatch(new RegExp(`^\\d: the same, \\d+ ms\\. .*${rule}: `))
})

test('the protocol as it is breaks nothing as far as it is looked, and says how far that was', async () => {
  const { status, stdout } = await lab('explore', ...small, '--depth', '6', '--json')
  expect(status).toBe(0)
  expect(JSON.parse(stdout)).toMatchObject({ end: 'bound: depth', depth: 6, monitors: [] })
})

test('where the recording cannot be written a sentence says so, and what was found is told all the same', async () => {
  const { status, stdout, stderr } = await lab('explore', '--mutant', 'promotes-idle', '--record', join(folder, 'nowhere', 'x.jsonl'), ...small)
  expect(status).toBe(2)
  expect(stdout).toMatch(/^Broken after 4 steps: rule-2\./)
  expect(stderr).toMatch(/x\.jsonl cannot be written: .*\.\n$/)
})

test('a recording that does not end frozen is refused; with the protocol mended the same steps break nothing, which is not the same', async () => {
  const path = join(folder, 'going.jsonl')
  const text = await readFile(join(folder, 'takes-any-forward.jsonl'), 'utf8')
  await writeFile(path, text.split('\n').slice(0, 40).join('\n').concat('\n'))
  const going = await lab('rerun', path)
  expect(going).toMatchObject({ status: 2, stdout: '' })
  expect(going.stderr).toMatch(/^.*going\.jsonl: The cluster is not frozen at the end of this recording; .*\.\n$/)
  const mended = join(folder, 'mended.jsonl')
  await writeFile(mended, text.replace('"mutants":["takes-any-forward"]', '"mutants":[]'))
  const other = await lab('rerun', mended)
  expect(other, other.stderr).toMatchObject({ status: 1 })
  expect(other.stdout).toMatch(/^1: NOT the same, \d+ ms\. No rule was broken, and what the clients saw is linearizable\.\n$/)
})

test.each([
  [['--replicas', '9'], '--replicas must be a whole number from 1 to 7, not "9".\n'],
  [['--mutant', 'none'], /^There is no mutant "none"; there are answers-before-backups, /],
  [['--goal', 'win'], '--goal is violation, stuck or finish, not "win".\n'],
  [['--program', 'append,jump'], '--program has append, get and delete, separated by commas, not "jump".\n'],
  [['--replication', 'asynchronous'], 'Asynchronous replication loses acknowledged writes by design: there is nothing to look for.\n'],
])('refuses %j with one sentence', async (args, sentence) => {
  const { status, stdout, stderr } = await lab('explore', ...args)
  expect({ status, stdout }).toEqual({ status: 2, stdout: '' })
  if (typeof sentence === 'string') expect(stderr).toBe(sentence)
  else expect(stderr).toMatch(sentence)
})

test('workers may be as many as wanted, pause, and be stopped; what is found is the same', async () => {
  const plan = {
    ...defaultPlan, replicas: 2, clients: 1, program: ['append', 'get'] as const, settings: { ...defaultSettings, mutants: ['reads-without-backups'] as const },
  }
  const ends = await Promise.all([1, 3].map(async (workers) => {
    const pool = new ExplorationPool({ plan, workers, program: worker, onProgress: () => undefined })
    pool.pause()
    pool.resume()
    return pool.ended
  }))
  expect(ends[0]).toMatchObject({ type: 'found' })
  expect(ends[0]?.type === 'found' && ends[0].path.length).toBe(ends[1]?.type === 'found' && ends[1].path.length)
  const cancelled = new ExplorationPool({ plan, workers: 1, program: worker, onProgress: () => cancelled.cancel() })
  expect(await cancelled.ended).toEqual({ type: 'cancelled' })
})
