// Merges journals of real processes after the kill of a primary. The recording matches what the nodes did, violates no rule, and is linearizable.
// With journals of the clients, and without.
import { spawn, type ChildProcess } from 'node:child_process'
import { once } from 'node:events'
import { mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join, resolve } from 'node:path'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { cli as program, runProgram, type Ran } from '../../system/testing/built'

const python = resolve(import.meta.dirname, '../../../examples/python_client.py')
/** A server is dead after half a second of silence: a busy machine may freeze a process for 100 ms at times. */
const quick = ['--ping-interval-ms', '20', '--ping-check-interval-ms', '20', '--dead-pings', '25', '--retry-ms', '20']

let folder: string
const children = new Map<string, ChildProcess>()

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'understudy-journals-'))
})

afterEach(async () => {
  for (const child of children.values()) await ended(child, 'SIGKILL')
  children.clear()
  rmSync(folder, { recursive: true, force: true })
})

async function ended(child: ChildProcess | undefined, signal: NodeJS.Signals): Promise<void> {
  if (!child || child.exitCode !== null || child.signalCode !== null) return
  child.kill(signal)
  await once(child, 'exit')
}

const run = (file: string, parameters: readonly string[]): Promise<Ran> => runProgram(file, parameters)
const lab = (...parameters: string[]): Promise<Ran> => run(process.execPath, [program, ...parameters])
const place = (name: string): string => join(folder, name)
const journal = (name: string): string => place(`${name}.journal`)

async function start(name: string, words: readonly string[]): Promise<void> {
  const child = spawn(process.execPath, [program, ...words, '--listen', place(name), '--journal', journal(name), ...quick], { stdio: ['ignore', 'pipe', 'inherit'] })
  children.set(name, child)
  await once(child.stdout, 'data')
}

const startReplica = (name: string): Promise<void> => start(name, ['replica', '--name', name, '--view-server', place('vs')])

async function startCluster(): Promise<void> {
  await start('vs', ['view-server', '--new-cluster'])
  for (const name of ['s1', 's2', 's3']) await startReplica(name)
  for (let tries = 0; ; tries++) {
    const { stdout } = await lab('client', '--view-server', place('vs'), 'view')
    if (/acked: view \d+, primary s1 .*, backup s2/.test(stdout)) return
    if (tries > 60) throw new Error(`there is no backup: ${stdout}`)
  }
}

/** Sends operations on few keys, and resolves when all have ended. `onAnswers` gets the number of answers so far. */
async function work(more: readonly string[], onAnswers: (answers: number) => void = () => undefined): Promise<void> {
  const client = spawn(process.execPath, [program, 'client', '--view-server', place('vs'), ...more, ...quick, '-'], { stdio: ['pipe', 'pipe', 'inherit'] })
  let answers = 0
  client.stdout.on('data', (data: Buffer) => {
    answers += String(data).split('\n').length - 1
    onAnswers(answers)
  })
  const lines = Array.from({ length: 300 }, (_, index) => [`put k${index % 9} ${index}`, `append k${index % 9} x`, `get k${(index * 2) % 9}`])
  client.stdin.end(`${lines.flat().join('\n')}\n`)
  const [status] = await once(client, 'exit') as [number]
  expect({ status, answers }).toEqual({ status: 0, answers: 900 })
}

const killAt = (count: number): ((answers: number) => void) => (answers) => {
  if (answers >= count) children.get('s1')?.kill('SIGKILL')
}

async function endServers(): Promise<void> {
  for (const child of children.values()) await ended(child, 'SIGTERM')
}

interface Judged {
  readonly broken: readonly string[]
  readonly held: readonly string[]
  readonly standing: string
  readonly operations: number
}

async function merged(journals: readonly string[]): Promise<Judged & { stderr: string }> {
  const out = place('merged.jsonl')
  const { status, stderr } = await lab('merge', ...journals, '--out', out)
  expect({ status, stderr }).toMatchObject({ status: 0 })
  const conformance = await lab('conformance', out, '--json')
  expect(JSON.parse(conformance.stdout)).toMatchObject({ conforms: true, difference: null, note: '', sameProtocol: true })
  const checked = await lab('check', out, '--json')
  const { rules, linearizability } = JSON.parse(checked.stdout) as { rules: { rule: string; standing: string }[]; linearizability: { standing: string; invoked: number } }
  expect(checked.status).toBe(0)
  return {
    stderr, broken: rules.filter(({ standing }) => standing === 'broken').map(({ rule }) => rule), held: rules.filter(({ standing }) => standing === 'held').map(({ rule }) => rule),
    standing: linearizability.standing, operations: linearizability.invoked,
  }
}

const servers = ['vs', 's1', 's2', 's3']
const all = ['rule-1', 'rule-2', 'rule-3', 'rule-4', 'rule-5', 'rule-6', 'no-lost-write', 'equal-copies', 'backup-not-ahead', 'one-primary']

describe('journals of a cluster whose primary is killed in the middle', () => {
  test('with journals of its clients make a recording that conforms, breaks no rule, and is linearizable', async () => {
    await startCluster()
    await Promise.all([work(['--journal', journal('c1')], killAt(300)), work(['--journal', journal('c2')])])
    expect(children.get('s1')?.signalCode).toBe('SIGKILL')
    await startReplica('s1')
    await work(['--journal', journal('c1')])
    await endServers()
    const { stderr, broken, held, standing, operations } = await merged([...servers, 'c1', 'c2'].map(journal))
    expect({ broken, held, standing, operations }).toEqual({ broken: [], held: expect.arrayContaining(all) as string[], standing: 'linearizable', operations: 2700 })
    expect(stderr).toMatch(/^[\d ]+ events of 8 lives in .*merged\.jsonl\.\n$/)
    const text = readFileSync(place('merged.jsonl'), 'utf8')
    expect(text.match(/"type":"node-exited","node":"s1"/g)).toHaveLength(2)
  })

  test('without journals of some clients are judged as far as the servers tell', async () => {
    await startCluster()
    await Promise.all([work([], killAt(300)), work(['--journal', journal('c1')]), work([])])
    expect(await run('python3', [python, '--view-server', place('vs'), 'put', 'k1', 'python'])).toMatchObject({ status: 0 })
    await endServers()
    const { broken, held, standing, operations } = await merged([...servers, 'c1'].map(journal))
    expect({ broken, held, standing, operations }).toEqual({ broken: [], held: expect.arrayContaining(all) as string[], standing: 'linearizable', operations: 2701 })
  })
})

test('a journal that cannot be written is told, and the node goes on without', async () => {
  await startCluster()
  const { status, stdout, stderr } = await lab('client', '--view-server', place('vs'), '--journal', '/dev/full', 'put', 'a', '1')
  expect({ status, stdout, stderr }).toEqual({ status: 0, stdout: 'ok\n', stderr: 'There is no journal /dev/full: it is no file. It goes on without.\n' })
})

test('what is no journal is refused in one sentence, with status 2, and no recording is left', async () => {
  const out = place('merged.jsonl')
  expect(await lab('merge', program, '--out', out)).toEqual({ status: 2, stdout: '', stderr: `${program} is not a journal of a node.\n` })
  expect(await lab('merge', place('none'), '--out', out)).toMatchObject({ status: 2, stderr: expect.stringContaining('cannot be read') as string })
  expect(() => readFileSync(out)).toThrow('ENOENT')
})
