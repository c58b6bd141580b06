// Direct-mode nodes under wrong clocks: set back between two starts, or stopped. Each name keeps only its latest incarnation, and every
// acknowledged write stays.
import { spawn, type ChildProcess } from 'node:child_process'
import { once } from 'node:events'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { pathToFileURL } from 'node:url'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { cli as program, runProgram, type Ran } from '../../system/testing/built'

const quick = ['--ping-interval-ms', '20', '--ping-check-interval-ms', '20', '--dead-pings', '25', '--retry-ms', '20']

let folder: string
const children: (ChildProcess & { said: string })[] = []

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'understudy-clock-'))
})

afterEach(async () => {
  for (const child of children.splice(0)) await ended(child, 'SIGKILL')
  rmSync(folder, { recursive: true, force: true })
})

async function ended(child: ChildProcess, signal: NodeJS.Signals): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return
  child.kill(signal)
  await once(child, 'exit')
}

const place = (name: string): string => join(folder, name)

/** `clock`: the clock of the process, as an expression of the true time `now`. */
async function start(clock: string, command: string, ...words: string[]): Promise<ChildProcess & { said: string }> {
  const shim = place(`clock-${children.length}.mjs`)
  writeFileSync(shim, `const now = Date.now.bind(Date)\nDate.now = () => ${clock.replaceAll('now', 'now()')}\n`)
  const child = Object.assign(spawn(process.execPath, ['--import', pathToFileURL(shim).href, program, command, ...quick, ...words], { stdio: ['ignore', 'pipe', 'pipe'] }), { said: '' })
  children.push(child)
  child.stderr.on('data', (data: Buffer) => { child.said += String(data) })
  const isUp = await Promise.race([once(child.stdout, 'data').then(() => true), once(child, 'exit').then(() => false)])
  if (!isUp) throw new Error(`${command} did not start: ${child.said}`)
  return child
}

const startViewServer = (...more: string[]): ReturnType<typeof start> => start('now', 'view-server', '--new-cluster', '--listen', place('vs'), ...more)
const startReplica = (clock: string, name: string, at = name, ...more: string[]): ReturnType<typeof start> =>
  start(clock, 'replica', '--name', name, '--listen', place(at), '--view-server', place('vs'), ...more)
const client = (...words: string[]): Promise<Ran> => runProgram(process.execPath, [program, 'client', '--view-server', place('vs'), '--retry-ms', '20', ...words])

async function untilView(what: RegExp): Promise<string> {
  for (let tries = 0; tries < 100; tries++) {
    const { stdout } = await client('view')
    if (what.test(stdout)) return stdout
  }
  throw new Error(`the view server did not come to ${what}, but to ${(await client('view')).stdout}`)
}

/** Waits for a later view with s2 as its backup; returns its viewnum. */
async function untilBackupAfter(viewnum: number): Promise<number> {
  for (;;) {
    const found = Number(/acked: view (\d+)/.exec(await untilView(/acked: view \d+, primary s1 .*, backup s2/))?.[1])
    if (found > viewnum) return found
  }
}

test.each([
  ['20 s', 'now - 20000'], ['a day', 'now - 86400000'], ['to the beginning of 1970', '0'],
])('a replica that starts again after the clock was set back by %s joins again, and nothing is lost', async (_, clock) => {
  await startViewServer()
  const first = await startReplica('now', 's1')
  const second = await startReplica('now', 's2')
  await untilView(/acked: view 2, primary s1 .*, backup s2/)
  expect(await client('put', 'a', '1')).toMatchObject({ status: 0 })
  await ended(second, 'SIGKILL')
  const again = await startReplica(clock, 's2')
  await untilView(/acked: view [3-9], primary s1 .*, backup s2/)
  await ended(first, 'SIGKILL')
  expect(await client('append', 'a', '2')).toMatchObject({ status: 0 })
  expect(await client('get', 'a')).toMatchObject({ stdout: '12\n' })
  expect([again.exitCode, again.said]).toEqual([null, ''])
})

test('two processes that begin at one moment of a clock that stands still do not both have the name', async () => {
  await startViewServer()
  await startReplica('now', 's1')
  const twins = await Promise.all([startReplica('1234567', 's2', 'a'), startReplica('1234567', 's2', 'b')])
  await untilView(/acked: view [2-9], primary s1 .*, backup s2/)
  const leaving = await Promise.race(twins.map(async (twin) => {
    if (twin.exitCode === null) await once(twin, 'exit')
    return twin
  }))
  expect(leaving.said).toBe('s2: a later process of this name has taken over; this one ends.\n')
  await untilView(/acked: view [2-9], primary s1 .*, backup s2/)
  expect(await client('put', 'a', '1')).toMatchObject({ status: 0 })
  expect(twins.filter(({ exitCode }) => exitCode === 1)).toHaveLength(1)
})

test('a backup that starts again at another address before the view is acked is initialised there', async () => {
  // So many dead pings that the primary may stay stopped for the whole test.
  await startViewServer('--dead-pings', '1000')
  const primary = await startReplica('now', 's1')
  await untilView(/acked: view 1, primary s1/)
  primary.kill('SIGSTOP')
  const early = await startReplica('now', 's2', 'a')
  await untilView(/current: view 2, primary s1 .*, backup s2 .*a\)/)
  await ended(early, 'SIGKILL')
  await startReplica('now', 's2', 'b')
  await untilView(/current: view 2, primary s1 .*, backup s2 .*b\)/)
  primary.kill('SIGCONT')
  await untilView(/acked: view 2, primary s1 .*, backup s2 .*b\)/)
  expect(await client('put', 'a', '1')).toMatchObject({ status: 0 })
})

test('a replica that starts again and again under a clock that stands still is a new life each time', async () => {
  await startViewServer()
  await startReplica('now', 's1')
  for (let life = 0, viewnum = 1; life < 4; life++) {
    const backup = await startReplica('1234567', 's2')
    viewnum = await untilBackupAfter(viewnum)
    expect(await client('append', 'a', String(life))).toMatchObject({ status: 0 })
    await ended(backup, 'SIGKILL')
  }
  await startReplica('1234567', 's2')
  expect(await client('get', 'a')).toMatchObject({ stdout: '0123\n' })
})

test('journals of lives whose numbers do not grow make a recording that conforms', async () => {
  const journal = (name: string): string => place(`${name}.journal`)
  const viewServer = await start('now', 'view-server', '--new-cluster', '--listen', place('vs'), '--journal', journal('vs'))
  const primary = await startReplica('now', 's1', 's1', '--journal', journal('s1'))
  const early = await startReplica('now', 's2', 's2', '--journal', journal('s2'))
  await untilView(/acked: view 2/)
  await ended(early, 'SIGKILL')
  // A new journal file, which does not contain the earlier incarnation.
  const late = await startReplica('now - 20000', 's2', 's2', '--journal', journal('s2-late'))
  await untilView(/acked: view [3-9], primary s1 .*, backup s2/)
  expect(await client('put', 'a', '1')).toMatchObject({ status: 0 })
  for (const child of [late, primary, viewServer]) await ended(child, 'SIGTERM')
  const lab = (...words: string[]): Promise<Ran> => runProgram(process.execPath, [program, ...words])
  const merged = await lab('merge', ...['vs', 's1', 's2', 's2-late'].map(journal), '--out', place('merged.jsonl'))
  expect(merged).toMatchObject({ status: 0 })
  expect(JSON.parse((await lab('conformance', place('merged.jsonl'), '--json')).stdout)).toMatchObject({ conforms: true, difference: null })
  expect(await lab('check', place('merged.jsonl'))).toMatchObject({ status: 0 })
})
