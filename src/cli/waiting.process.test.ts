// Messages on standard error while a command waits; standard output contains only data.
import { spawn, type ChildProcess } from 'node:child_process'
import { once } from 'node:events'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { cli as program } from '../system/testing/built'

const quick = ['--ping-interval-ms', '50', '--ping-check-interval-ms', '50', '--dead-pings', '10', '--retry-ms', '50']

interface Started {
  readonly child: ChildProcess
  out: string
  said: string
}

let folder: string
const all: Started[] = []

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'understudy-waiting-'))
})

afterEach(async () => {
  for (const { child } of all.splice(0)) await end(child)
  rmSync(folder, { recursive: true, force: true })
})

async function end(child: ChildProcess): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return
  child.kill('SIGKILL')
  await once(child, 'exit')
}

const place = (name: string): string => join(folder, name)

function start(command: string, ...words: string[]): Started {
  const child = spawn(process.execPath, [program, command, ...quick, ...words], { stdio: ['ignore', 'pipe', 'pipe'] })
  const started: Started = { child, out: '', said: '' }
  child.stdout.on('data', (data: Buffer) => { started.out += String(data) })
  child.stderr.on('data', (data: Buffer) => { started.said += String(data) })
  all.push(started)
  return started
}

async function startNode(command: string, ...words: string[]): Promise<Started> {
  const node = start(command, ...words)
  await until(node, 'out', /\n/)
  return node
}

const startViewServer = (...more: string[]): Promise<Started> => startNode('view-server', '--listen', place('vs'), ...more)
const startReplica = (name: string): Promise<Started> => startNode('replica', '--name', name, '--listen', place(name), '--view-server', place('vs'))
const client = (...words: string[]): Started => start('client', '--view-server', place('vs'), ...words)

async function until(started: Started, where: 'out' | 'said', what: RegExp): Promise<void> {
  for (const endMs = performance.now() + 40_000; !what.test(started[where]);) {
    if (performance.now() > endMs) throw new Error(`it did not come to ${what}, but to: ${started.said}${started.out}`)
    await new Promise((settle) => setTimeout(settle, 20))
  }
}

async function untilView(what: RegExp): Promise<void> {
  for (const endMs = performance.now() + 40_000; performance.now() < endMs;) {
    const asking = client('view')
    await once(asking.child, 'close')
    if (what.test(asking.out)) return
  }
  throw new Error(`the view server did not come to ${what}`)
}

test('a client says what it waits for, and again when that changes, and nothing of it where its data goes', async () => {
  const get = client('get', 'a')
  await until(get, 'said', /^It waits for the view server at .*vs: nobody answers there\.\n$/)
  await startViewServer('--new-cluster')
  await until(get, 'said', /\nIt waits for a first view: the view server at .*vs has heard of no server yet\.\n$/)
  expect(get.out).toBe('')
  await startReplica('s1')
  await once(get.child, 'close')
  expect(get.out).toBe('missing\n')
})

test('after the view server alone has started again, a client says that it waits in vain', async () => {
  const viewServer = await startViewServer('--new-cluster')
  await startReplica('s1')
  await startReplica('s2')
  await untilView(/acked: view 2/)
  await end(viewServer.child)
  await startViewServer()
  const get = client('get', 'a')
  await until(get, 'said', /^It waits in vain: the view server at .*vs was restarted and has lost its history\. .*\n$/)
  expect(get.out).toBe('')
})

test('a client names the primary and the backup that it waits for', async () => {
  await startNode('view-server', '--listen', place('vs'), '--new-cluster', '--dead-pings', '1000')
  const primary = await startReplica('s1')
  const backup = await startReplica('s2')
  await untilView(/acked: view 2/)
  backup.child.kill('SIGSTOP')
  const put = client('put', 'a', '1')
  await until(put, 'said', /^It waits for s1 \(.*s1\), primary of view 2, which has the request and answers when its backup s2 \(.*s2\) has executed it too\.\n$/)
  await end(primary.child)
  await until(put, 'said', /\nIt waits for s1 \(.*s1\), primary of view 2, which cannot be reached\.\n$/)
  expect(put.out).toBe('')
})

test('a replica says that the view server does not answer, and when it does', async () => {
  const replica = await startReplica('s1')
  await until(replica, 'said', /^s1: it waits for the view server at .*vs, which does not answer\.\n$/)
  await startViewServer('--new-cluster')
  await until(replica, 'said', /\ns1: the view server at .*vs answers\.\n$/)
  expect(replica.out).toBe(`${place('s1')}\n`)
})
