// Direct mode as a user runs it: the built command line and the Python example, over Unix sockets and TCP.
import { spawn, type ChildProcess } from 'node:child_process'
import { once } from 'node:events'
import { existsSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { connect, createServer } from 'node:net'
import { tmpdir } from 'node:os'
import { join, resolve } from 'node:path'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { cli as program, runProgram, type Ran } from '../../system/testing/built'

const python = resolve(import.meta.dirname, '../../../examples/python_client.py')
/** A server is dead after half a second of silence: a busy machine may freeze a process for 100 ms at times. */
const quick = ['--ping-interval-ms', '20', '--ping-check-interval-ms', '20', '--dead-pings', '25', '--retry-ms', '20']

let folder: string
const children = new Map<string, ChildProcess & { said: string }>()

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'understudy-direct-'))
})

afterEach(async () => {
  for (const child of children.values()) {
    if (child.exitCode !== null || child.signalCode !== null) continue
    child.kill('SIGKILL')
    await once(child, 'exit')
  }
  children.clear()
  rmSync(folder, { recursive: true, force: true })
})

const run = (file: string, parameters: readonly string[]): Promise<Ran> => runProgram(file, parameters)
const lab = (...parameters: string[]): Promise<Ran> => run(process.execPath, [program, ...parameters])

/** Starts a node and resolves with the address that it prints. */
async function start(label: string, parameters: readonly string[]): Promise<string> {
  const child = Object.assign(spawn(process.execPath, [program, ...parameters], { stdio: ['ignore', 'pipe', 'pipe'] }), { said: '' })
  children.set(label, child)
  child.stderr?.on('data', (data: Buffer) => { child.said += String(data) })
  const [line] = await once(child.stdout, 'data') as [Buffer]
  return String(line).trim()
}

async function said(label: string, what: RegExp): Promise<void> {
  for (let tries = 0; !what.test(children.get(label)?.said ?? ''); tries++) {
    if (tries > 4000) throw new Error(`${label} did not say ${what}, it said: ${children.get(label)?.said}`)
    await new Promise((settle) => setTimeout(settle, 10))
  }
}

type Kind = 'Unix sockets' | 'TCP'
const addressOf = (kind: Kind, name: string): string => kind === 'TCP' ? '127.0.0.1:0' : join(folder, name)

async function startCluster(kind: Kind): Promise<string> {
  const viewServer = await start('vs', ['view-server', '--new-cluster', '--listen', addressOf(kind, 'vs'), ...quick])
  for (const name of ['s1', 's2', 's3']) {
    await start(name, ['replica', '--name', name, '--listen', addressOf(kind, name), '--view-server', viewServer, ...quick])
  }
  await untilView(viewServer, /acked: view \d+, primary s1 .*, backup s2/)
  return viewServer
}

async function untilView(viewServer: string, what: RegExp): Promise<string> {
  for (let tries = 0; tries < 60; tries++) {
    const { stdout } = await lab('client', '--view-server', viewServer, 'view')
    if (what.test(stdout)) return stdout
  }
  throw new Error(`the view server did not come to ${what}`)
}

for (const kind of ['Unix sockets', 'TCP'] as const) {
  describe(`direct mode across ${kind}`, () => {
    test('serves the command line and the Python example alike, also after its primary was killed', async () => {
      const viewServer = await startCluster(kind)
      const client = (...words: string[]): Promise<Ran> => lab('client', '--view-server', viewServer, ...words)
      const py = (...words: string[]): Promise<Ran> => run('python3', [python, '--view-server', viewServer, ...words])
      expect(await client('put', 'a', '1')).toMatchObject({ status: 0, stdout: 'ok\n' })
      expect(await py('get', 'a')).toMatchObject({ status: 0, stdout: '1\n' })
      expect(await py('append', 'a', '2ü')).toMatchObject({ status: 0, stdout: 'ok\n' })
      expect(await client('get', 'a')).toMatchObject({ status: 0, stdout: '12ü\n' })
      expect(await py('cas', 'a', 'x', 'y')).toMatchObject({ status: 0, stdout: 'mismatch: 12ü\n' })
      expect(await py('view')).toMatchObject({ stdout: expect.stringMatching(/acked: view \d+, primary s1/) as string })
      expect(await py('ping')).toMatchObject({ stdout: expect.stringMatching(/^view \d+, primary s1/) as string })
      children.get('s1')?.kill('SIGKILL')
      expect(await py('delete', 'a')).toMatchObject({ status: 0, stdout: 'ok\n' })
      expect(await client('get', 'a')).toMatchObject({ status: 0, stdout: 'missing\n' })
      expect(await py('view')).toMatchObject({ stdout: expect.stringMatching(/primary s2/) as string })
    })

    test('1,000 puts of the client through a kill -9 of the primary all end ok', async () => {
      const viewServer = await startCluster(kind)
      const client = spawn(process.execPath, [program, 'client', '--view-server', viewServer, ...quick, '-'], { stdio: ['pipe', 'pipe', 'inherit'] })
      let answers = ''
      client.stdout.on('data', (data: Buffer) => {
        if (answers.length < 300 && answers.length + data.length >= 300) children.get('s1')?.kill('SIGKILL')
        answers += String(data)
      })
      client.stdin.end(Array.from({ length: 1000 }, (_, index) => `put key${index} value${index}\n`).join(''))
      const [status] = await once(client, 'exit') as [number]
      expect(children.get('s1')?.signalCode).toBe('SIGKILL')
      expect({ status, ok: answers.split('\n').filter((line) => line === 'ok').length }).toEqual({ status: 0, ok: 1000 })
      expect(await lab('client', '--view-server', viewServer, 'get', 'key999')).toMatchObject({ stdout: 'value999\n' })
    })
  })
}

describe('a node of its own', () => {
  test('closes garbage, another version, a half greeting with a logged reason, and goes on', async () => {
    const viewServer = await start('vs', ['view-server', '--new-cluster', '--listen', join(folder, 'vs'), ...quick])
    const knock = (bytes: Buffer): Promise<Buffer> => new Promise((settle) => {
      const pieces: Buffer[] = []
      const socket = connect(viewServer, () => socket.write(bytes))
      socket.on('data', (data) => pieces.push(data))
      socket.on('error', () => undefined)
      socket.on('close', () => settle(Buffer.concat(pieces)))
    })
    expect(String(await knock(Buffer.from('GET / HTTP/1.1\r\n\r\n')))).toContain('over the limit')
    await said('vs', /closed: a frame of \d+ bytes is over the limit/)
    expect(String(await knock(Buffer.from([0, 0, 0, 8, 0, 0x55, 0x53, 0x54, 0x59, 0, 9, 3])))).toContain('it speaks version 9, this is version 1')
    await said('vs', /speaks version 9/)
    const slow = knock(Buffer.from([0, 0]))
    await slow
    await said('vs', /did not greet in time/)
    expect(await lab('client', '--view-server', viewServer, 'view')).toMatchObject({ status: 0 })
  })

  test('refuses a socket path that is too long, a live one and a file, and replaces a stale one', async () => {
    const long = join(folder, 'x'.repeat(120))
    expect(await lab('view-server', '--listen', long)).toMatchObject({ status: 2, stderr: expect.stringMatching(/has \d+ bytes; the system takes 103/) as string })
    const path = join(folder, 'vs')
    await start('vs', ['view-server', '--new-cluster', '--listen', path])
    expect(await lab('view-server', '--listen', path)).toMatchObject({ status: 2, stderr: expect.stringContaining('another process listens there') as string })
    const file = join(folder, 'file')
    writeFileSync(file, '')
    expect(await lab('view-server', '--listen', file)).toMatchObject({ status: 2, stderr: expect.stringContaining('no socket') as string })
    children.get('vs')?.kill('SIGKILL')
    await once(children.get('vs') as ChildProcess, 'exit')
    expect(existsSync(path)).toBe(true)
    await start('again', ['view-server', '--new-cluster', '--listen', path])
  })

  test('leaves a path alone that is no longer its own', async () => {
    const path = join(folder, 'vs')
    await start('vs', ['view-server', '--new-cluster', '--listen', path])
    rmSync(path)
    const other = createServer().listen(path)
    await once(other, 'listening')
    children.get('vs')?.kill('SIGTERM')
    await once(children.get('vs') as ChildProcess, 'exit')
    expect(existsSync(path)).toBe(true)
    other.close()
  })

  test('ends when a later process of its name has pinged', async () => {
    const viewServer = await start('vs', ['view-server', '--new-cluster', '--listen', join(folder, 'vs'), ...quick])
    await start('first', ['replica', '--name', 's1', '--listen', join(folder, 'a'), '--view-server', viewServer, ...quick])
    await start('second', ['replica', '--name', 's1', '--listen', join(folder, 'b'), '--view-server', viewServer, ...quick])
    const [status] = await once(children.get('first') as ChildProcess, 'exit') as [number]
    expect(status).toBe(1)
    expect(children.get('first')?.said).toContain('a later process of this name has taken over')
  })

  test('refuses bad usage in one sentence, with status 2', async () => {
    const cases: [string[], RegExp][] = [
      [['replica', '--name', 'S 1', '--listen', 'x', '--view-server', 'y'], /cannot have the name "S 1"/],
      [['view-server', '--listen', join(folder, 'x'), '--dead-pings', '0'], /--dead-pings must be a whole number from 1 to 1000, not "0"/],
      [['view-server', '--listen', join(folder, 'x'), '--nonsense'], /[Uu]nknown option/],
      [['client', '--view-server', join(folder, 'x'), 'fly', 'a'], /There is no operation "fly"/],
      [['client', '--view-server', join(folder, 'x'), 'put', 'a'], /It reads: put KEY VALUE/],
      [['client', '--view-server', '127.0.0.1:99999', 'get', 'a'], /no port from 0 to 65535/],
      [['fly'], /[Uu]nknown command/],
    ]
    for (const [parameters, sentence] of cases) {
      const { status, stdout, stderr } = await lab(...parameters)
      expect({ status, stdout, lines: stderr.trim().split('\n').length }, parameters.join(' ')).toEqual({ status: 2, stdout: '', lines: 1 })
      expect(stderr).toMatch(sentence)
    }
  })
})
