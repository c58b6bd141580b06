// `serve` for a class, and beyond this machine: its output, its access control, its refusals, and that it ends completely.
import { spawn, type ChildProcessByStdio } from 'node:child_process'
import { once } from 'node:events'
import { mkdirSync, mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import type { Readable } from 'node:stream'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { ClassList, defaultClusterSettings, defaultWorkload, type Lab } from '../contract'
import { openScreen } from '../lab'
import { cli, runCli } from '../system/testing/built'

let folder: string
let env: NodeJS.ProcessEnv
let server: ChildProcessByStdio<null, Readable, Readable> | undefined
const screens: Lab[] = []
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'understudy-serve-'))
  env = { ...process.env, UNDERSTUDY_DATA: join(folder, 'data') }
})
afterEach(async () => {
  for (const screen of screens.splice(0)) screen.close()
  if (server && server.exitCode === null && server.signalCode === null) {
    server.kill('SIGTERM')
    await once(server, 'exit')
  }
  server = undefined
  rmSync(folder, { recursive: true, force: true })
})

/** Starts `serve` and resolves with so many lines of its standard output. */
async function serve(words: readonly string[], lines: number): Promise<string[]> {
  server = spawn(process.execPath, [cli, 'serve', '--no-open', ...words], { env, stdio: ['ignore', 'pipe', 'pipe'] })
  const read = createInterface(server.stdout)[Symbol.asyncIterator]()
  const printed: string[] = []
  while (printed.length < lines) printed.push((await read.next()).value as string)
  return printed
}

const said = (words: readonly string[]): { status: number | null; stdout: string; stderr: string } =>
  runCli(['serve', '--no-open', ...words], { env })

async function open(address: string): Promise<Lab> {
  const screen = await openScreen(address)
  screens.push(screen)
  return screen
}

async function listAt(teacher: string): Promise<ClassList> {
  const { origin, hash } = new URL(teacher)
  const answer = await fetch(`${origin}/class`, { headers: { authorization: `Bearer ${hash.replace('#token=', '')}` } })
  return ClassList.parse(await answer.json())
}

describe('a class', () => {
  it('is served by one process: an address for the teacher and one for each lab, each a lab of its own', async () => {
    const [teacher = '', one = '', two = ''] = (await serve(['--class', '2', '--lab-rate', '40'], 3)).map((line) => line.replace(/^(teacher|lab \d+) /, ''))
    expect(new URL(teacher).pathname).toBe('/class.html')
    expect((await fetch(teacher)).status).toBe(200)
    const [first, second] = [await open(one), await open(two)]
    await first.call('newCluster', { ...defaultClusterSettings, title: 'first' })
    await second.call('newCluster', { ...defaultClusterSettings, title: 'second', replicas: 2 })
    await first.call('act', { type: 'start-workload', plan: { ...defaultWorkload, rate: 0 } })
    expect((await first.call('hello', {})).status.workload?.rate).toBe(40)
    await first.call('act', { type: 'kill', node: 's1' })
    // The killed node no longer counts, once its lab has noticed.
    await expect.poll(async () => (await listAt(teacher)).labs.map(({ processes }) => processes)).toEqual([6, 6])
    const { labs } = await listAt(teacher)
    expect(labs.map(({ number, state, title, screens: count, processes }) => ({ number, state, title, count, processes }))).toEqual([
      { number: 1, state: 'live', title: 'first', count: 1, processes: 6 }, { number: 2, state: 'live', title: 'second', count: 1, processes: 6 },
    ])
    const watcher = await open(labs[0]?.watchAddress ?? '')
    await expect(watcher.call('act', { type: 'kill', node: 's2' })).rejects.toThrow('only the own address of Lab 1 can change it')
    expect(readdirSync(join(folder, 'data', 'class')).sort()).toEqual(['lab-01', 'lab-02'])
    server?.kill('SIGTERM')
    await once(server as NonNullable<typeof server>, 'exit')
    expect(server?.exitCode).toBe(0)
    expect(readdirSync(join(folder, 'data', 'class', 'lab-02', 'recordings'))).toHaveLength(1)
  })

  it('is not disturbed by a lab that floods: its workload is held to the rate, and its screen to a pace', async () => {
    const [, one = '', two = ''] = (await serve(['--class', '2', '--lab-rate', '50'], 3)).map((line) => line.replace(/^(teacher|lab \d+) /, ''))
    const [flooding, calm] = [await open(one), await open(two)]
    await Promise.all([flooding, calm].map((screen) => screen.call('newCluster', defaultClusterSettings)))
    await flooding.call('act', { type: 'start-workload', plan: { ...defaultWorkload, rate: 0, inFlight: 64 } })
    const byHand = Promise.allSettled(Array.from({ length: 200 }, () => flooding.call('act', { type: 'invoke', client: 'c1', operation: { type: 'get', key: 'a' }, target: '' })))
    const flood = Promise.allSettled(Array.from({ length: 900 }, () => flooding.call('hello', {})))
    const began = performance.now()
    for (let asked = 0; asked < 10; asked++) await calm.call('hello', {})
    const calmMs = performance.now() - began
    await flood
    const floodMs = performance.now() - began
    // 900 calls at 300 a second; the first second's share is served at once.
    expect(floodMs).toBeGreaterThan(1500)
    expect(calmMs).toBeLessThan(floodMs)
    const { status } = await flooding.call('hello', {})
    await flooding.call('endSession', {})
    await byHand
    // About ten events for an operation, plus heartbeats; without the limit it would be tens of thousands.
    expect(status.latest).toBeLessThan(20_000)
  })
})

describe('a limit of a class holds below everything that could pass it', () => {
  const one = async (...words: string[]): Promise<Lab> => {
    const [, line = ''] = await serve(['--class', '1', ...words], 2)
    return open(line.replace(/^lab 1 /, ''))
  }

  it('operations by hand, of the workload and of a scenario come no faster together than the rate', async () => {
    const screen = await one('--lab-rate', '20')
    let invoked = 0
    screen.on('events', ({ session, batch, text }) => {
      invoked += text.split('"type":"operation-invoked"').length - 1
      // The last ack is in flight when the connection ends.
      screen.call('ackBatch', { session, batch }).catch(() => undefined)
    })
    const scenario = ['understudy: scenario', 'version: 1', 'title: t', 'cluster: { replicas: 2, clients: 2 }', 'steps:',
      '  - workload: { mix: { put: 100 }, inFlight: 8 }', '  - repeat: { times: 200, steps: [{ put: { key: a, value: b, from: c1 } }] }'].join('\n')
    await screen.call('runScenario', { name: 'fast.yaml', text: scenario })
    const beganMs = performance.now()
    await screen.call('subscribe', { session: 1, since: 1 })
    const byHand = Promise.allSettled(Array.from({ length: 200 }, () => screen.call('act', { type: 'invoke', client: 'c2', operation: { type: 'get', key: 'a' }, target: '' })))
    await expect.poll(() => invoked).toBeGreaterThan(60)
    // One second's share may come at once.
    expect((invoked - 20) / ((performance.now() - beganMs) / 1000)).toBeLessThan(30)
    await screen.call('endSession', {})
    await byHand
  })

  it('a scenario starts no more processes than a hand may', async () => {
    const screen = await one('--lab-starts', '12', '--lab-processes', '12')
    const failed = new Promise<string>((resolve) => { screen.on('status', ({ scenario }) => { if (scenario?.state === 'failed') resolve(scenario.reason) }) })
    const text = ['understudy: scenario', 'version: 1', 'title: t', 'cluster: { replicas: 2, clients: 1 }', 'steps:', '  - repeat: { times: 30, steps: [{ restart: s2 }] }'].join('\n')
    await screen.call('runScenario', { name: 'restarts.yaml', text })
    expect(await failed).toMatch(/may start 12 processes a minute; this may be done in \d+ s/)
  })

  it('no interval is shorter, of a scenario neither', async () => {
    const screen = await one()
    const text = ['understudy: scenario', 'version: 1', 'title: t', 'cluster: { replicas: 2, retryMs: 1 }', 'steps:', '  - run: 1'].join('\n')
    await expect(screen.call('runScenario', { name: 'quick.yaml', text })).rejects.toThrow('No interval of a lab of this class is shorter than 20 ms; retryMs is 1.')
  })
})

describe('programs of others', () => {
  it.each([
    ['of this machine alone', [], ''], ['on a loopback address', ['--listen', '127.0.0.1'], ''],
    ['with a name, for a proxy', ['--listen', '127.0.0.1', '--host-name', 'lab.example'], 'This lab serves other people'],
    ['beyond this machine', ['--listen', '0.0.0.0', '--insecure'], 'This lab serves other people'],
  ])('a lab %s', async (_where, words, problem) => {
    const [address = ''] = await serve(words, 1)
    const url = new URL(address)
    url.hostname = '127.0.0.1'
    const screen = await open(url.href)
    const { programs } = await screen.call('hello', {})
    expect(programs.problem.startsWith(problem) && (programs.problem === '') === (problem === '')).toBe(true)
  })
})

describe('beyond this machine', () => {
  it.each([
    [['--listen', '0.0.0.0'], /^--listen 0\.0\.0\.0 can be reached by others: give --tls-cert and --tls-key, or say --insecure if whoever is on the way may read everything, tokens too\.\n$/],
    [['--listen', '0.0.0.0', '--tls-cert', 'a'], /^--tls-cert needs --tls-key: TLS takes a certificate and its key\.\n$/],
    [['--tls-key', 'a'], /^--tls-key needs --tls-cert: TLS takes a certificate and its key\.\n$/],
    [['--tls-cert', '/no/such', '--tls-key', '/no/such'], /^\/no\/such cannot be read \(.+\)\.\n$/],
    [['--listen', '203.0.113.7', '--insecure'], /^What browsers .*\n203\.0\.113\.7 is no address of this machine; its addresses are .+\.\n$/],
    [['--listen', 'no.such.host.invalid', '--insecure'], /^What browsers .*\nno\.such\.host\.invalid is no address: no machine of that name is known\.\n$/],
    [['--listen', '', '--insecure'], /^--listen takes an address, or a name such as lab\.example\.edu, without a port, not ""\.\n$/],
    [['--listen', '0', '--insecure'], /^--listen takes an address, or a name such as lab\.example\.edu, without a port, not "0"\.\n$/],
    [['--host-name', '1'], /^--host-name takes a name such as lab\.example\.edu, without a port, not "1"\.\n$/],
    [['--host-name', '..'], /^--host-name takes a name .* not "\.\."\.\n$/],
    [['--insecure'], /^--insecure goes with --listen: without that only this machine is served\.\n$/],
    [['--lab-rate', '10'], /^--lab-rate goes with --class: a lab of your own has no such limit\.\n$/],
    [['--class', '2', '--lab-starts', '1'], /^With --lab-starts 1 no cluster of 12 processes could ever start: it must be at least --lab-processes\.\n$/],
    [['--port', '70000'], /^--port must be a whole number from 0 to 65535, not "70000"\.\n$/],
    [['--host-name', 'a:80'], /^--host-name takes a name such as lab\.example\.edu, without a port, not "a:80"\.\n$/],
    [['--class', '0'], /^--class must be a whole number from 1 to 100, not "0"\.\n$/],
    [['--class', '2', '--lab-disk-mib', 'x'], /^--lab-disk-mib must be a whole number from 1 to 1000000, not "x"\.\n$/],
  ])('%j is refused in one sentence', (words, sentence) => {
    const { status, stdout, stderr } = said(words)
    expect(stderr).toMatch(sentence)
    expect({ status, stdout }).toEqual({ status: 2, stdout: '' })
  })

  it('a file that is no certificate is refused', () => {
    writeFileSync(join(folder, 'a.pem'), 'none')
    expect(said(['--tls-cert', join(folder, 'a.pem'), '--tls-key', join(folder, 'a.pem')])).toMatchObject({ status: 2, stdout: '', stderr: expect.stringMatching(/^The certificate and its key must be PEM files, which have lines such as "-----BEGIN CERTIFICATE-----"\.\n$/) as string })
  })

  it('a class whose folder cannot be written is refused', () => {
    mkdirSync(join(folder, 'data'))
    writeFileSync(join(folder, 'data', 'class'), '')
    expect(said(['--class', '1'])).toMatchObject({ status: 2, stdout: '', stderr: expect.stringMatching(/^The folder of a lab cannot be made in .*lab-01 \(.+\)\.\n$/) as string })
  })

  it('listens where it was told to, says that it can be read, and prints an address that others reach first', async () => {
    const [address = ''] = await serve(['--listen', '0.0.0.0', '--insecure', '--host-name', 'lab.example'], 1)
    expect(address).toMatch(/^http:\/\/lab\.example:\d+\/#token=[\w-]{32}$/)
    const { port } = new URL(address)
    expect((await fetch(`http://127.0.0.1:${port}/`)).status).toBe(200)
  })
})
