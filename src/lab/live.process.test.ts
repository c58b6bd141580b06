// The lab over real processes, through a window's calls, in this process and over a WebSocket to `serve`.
// Needs the built programs in out/; `npm test` builds them first.
import { type ChildProcess, execFileSync, spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtemp, readFile, readdir, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import { fileURLToPath } from 'node:url'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { WebSocket } from 'ws'
import { connectLab, createCarrier, createPortPair, defaultClusterSettings, defaultWorkload, type ClusterSettings, type Lab } from '../contract'
import { createRecordingReader } from '../trace'
import { createLab } from './index'
import { Screen } from './testing/screen-harness'

const built = (name: string): string => fileURLToPath(new URL(`../../out/${name}`, import.meta.url))
const quick: ClusterSettings = { ...defaultClusterSettings, title: 'process test', clients: 1, pingIntervalMs: 25, deadPings: 20, retryMs: 25, operationTimeoutMs: 5000 }

let folder: string
beforeEach(async () => { folder = await mkdtemp(join(tmpdir(), 'live-test-')) })
afterEach(() => rm(folder, { recursive: true, force: true }))

interface Hosted { readonly screen: Screen; readonly close: () => Promise<void> }

async function inProcess(): Promise<Hosted> {
  const lab = await createLab({
    host: 'in-process', dataFolder: folder, version: 'test', scenariosFolder: built('../scenarios'), programs: { node: built('main/node.js'), switchboard: built('main/switchboard.js'), host: built('main/foreign.js') },
  })
  const [near, far] = createPortPair()
  lab.connect(far)
  return { screen: new Screen(connectLab(near)), close: () => lab.close() }
}

interface ServedOptions { readonly fileKiB?: number; readonly openFiles?: number; readonly data?: string; readonly more?: readonly string[] }
interface Served extends Hosted { readonly child: ChildProcess; readonly url: string }

/** `fileKiB`: the largest file that it may write, which acts like a full disk. `openFiles`: the limit of open files. */
async function served({ fileKiB, openFiles, data = folder, more = [] }: ServedOptions = {}): Promise<Served> {
  const command = [process.execPath, built('main/cli.js'), 'serve', '--no-open', ...more]
  const limit = fileKiB !== undefined ? `-f ${fileKiB}` : openFiles !== undefined ? `-n ${openFiles}` : ''
  const limited = limit === '' ? command : ['bash', '-c', `ulimit ${limit}; exec "$@"`, 'bash', ...command]
  const [program = '', ...args] = limited
  const child = spawn(program, args, { stdio: ['ignore', 'pipe', 'pipe'], env: { ...process.env, UNDERSTUDY_DATA: data } })
  const errors: string[] = []
  child.stderr.on('data', (piece: Buffer) => errors.push(piece.toString()))
  const ended = once(child, 'exit')
  const [url] = await Promise.race([
    once(createInterface(child.stdout), 'line') as Promise<[string]>,
    ended.then(() => { throw new Error(`serve ended: ${errors.join('')}`) }),
  ])
  return {
    child, url, screen: new Screen(await openScreen(url)),
    close: async () => {
      child.kill('SIGTERM')
      await ended
    },
  }
}

async function openScreen(url: string): Promise<Lab> {
  const { origin, hash } = new URL(url)
  const socket = new WebSocket(`${origin.replace('http', 'ws')}/ws`, ['lab.v1', hash.replace('#token=', 'tok.')], { origin })
  const carrier = createCarrier({ send: (frame) => socket.send(JSON.stringify(frame)), close: () => socket.close() })
  socket.on('message', (data) => carrier.receiveText((data as Buffer).toString()))
  socket.on('close', () => carrier.closed())
  await once(socket, 'open')
  return connectLab(carrier.port)
}

function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0)
    return true
  } catch {
    return false
  }
}

/** All processes with their parents. Debian's smallest images have no `ps`, other systems no /proc. */
async function parents(): Promise<Map<number, number>> {
  if (process.platform !== 'linux') {
    const lines = execFileSync('ps', ['-A', '-o', 'pid=,ppid='], { encoding: 'utf8' }).trim().split('\n')
    return new Map(lines.map((line) => line.trim().split(/\s+/).map(Number) as [number, number]))
  }
  const found = new Map<number, number>()
  for (const name of await readdir('/proc')) {
    if (!/^\d+$/.test(name)) continue
    // A process may end before its entry is read. The name in brackets may contain anything.
    const stat = await readFile(`/proc/${name}/stat`, 'utf8').catch(() => '')
    found.set(Number(name), Number(stat.slice(stat.lastIndexOf(')') + 4).split(' ')[0]))
  }
  return found
}

/** All nodes and the switchboard of a lab, direct or indirect children. */
async function descendantsOf(pid: number, of?: Map<number, number>): Promise<number[]> {
  const all = of ?? await parents()
  const children = [...all].filter(([, parent]) => parent === pid).map(([child]) => child)
  return [...children, ...(await Promise.all(children.map((child) => descendantsOf(child, all)))).flat()]
}

function pidsOf(screen: Screen): number[] {
  return screen.events.filter((event) => event.type === 'node-started').map((event) => event.pid)
}

describe.each<[string, () => Promise<Hosted>]>([['in this process', inProcess], ['served to a browser', () => served()]])('a session of real processes, %s', (_where, open) => {
  let hosted: Hosted
  let screen: Screen
  beforeEach(async () => {
    hosted = await open()
    screen = hosted.screen
  })
  afterEach(() => hosted.close())

  it('starts every node, forms a view with a backup, and executes operations', async () => {
    await screen.start(quick)
    const { view } = await screen.ackedWithBackup()
    expect(screen.events.filter((event) => event.type === 'node-started').map((event) => event.node).sort()).toEqual(['c1', 's1', 's2', 's3', 'vs'])
    expect(await screen.invoke({ type: 'put', key: 'colour', value: 'grün' })).toMatchObject({ type: 'ok', result: { type: 'done' } })
    expect(await screen.invoke({ type: 'get', key: 'colour' })).toMatchObject({ type: 'ok', result: { type: 'value', value: 'grün' } })
    const idle = ['s1', 's2', 's3'].find((name) => name !== view.primary?.name && view.backups.every((backup) => backup.name !== name)) ?? ''
    expect(await screen.invoke({ type: 'get', key: 'colour' }, idle)).toMatchObject({ type: 'failed', reason: 'not-primary', by: idle })
  })

  it('survives the kill of the primary with its data, and takes it back after a restart', async () => {
    await screen.start({ ...quick, replicas: 2 })
    const before = await screen.ackedWithBackup()
    const primary = before.view.primary?.name ?? ''
    await screen.invoke({ type: 'append', key: 'log', value: 'a' })
    await screen.lab.call('act', { type: 'kill', node: primary })
    await expect(screen.lab.call('act', { type: 'kill', node: primary })).rejects.toThrow(`${primary} is already dead.`)
    const failover = await screen.find('view-acked', ({ view }) => view.primary?.name === before.view.backups[0]?.name, before.seq)
    await screen.invoke({ type: 'append', key: 'log', value: 'b' })
    await screen.lab.call('act', { type: 'restart', node: primary })
    const back = await screen.ackedWithBackup(failover.seq)
    expect(back.view.backups).toMatchObject([{ name: primary, incarnation: 2 }])
    expect(await screen.invoke({ type: 'get', key: 'log' })).toMatchObject({ type: 'ok', result: { type: 'value', value: 'ab' } })
  })

  it('pauses, resumes, freezes and thaws', async () => {
    await screen.start(quick)
    const before = await screen.ackedWithBackup()
    const backup = before.view.backups[0]?.name ?? ''
    await screen.lab.call('act', { type: 'pause', node: backup })
    await screen.find('node-paused', ({ node }) => node === backup)
    await screen.find('view-acked', ({ view }) => view.viewnum > before.view.viewnum, before.seq)
    await screen.lab.call('act', { type: 'resume', node: backup })
    await screen.find('node-resumed', ({ node }) => node === backup)
    await screen.lab.call('act', { type: 'freeze' })
    expect((await screen.lab.call('hello', {})).status.frozen).toBe(true)
    const frozen = await screen.find('frozen')
    await screen.lab.call('act', { type: 'thaw' })
    expect(await screen.find('thawed')).toMatchObject({ at: frozen.at, freeze: frozen.freeze })
  })

  it('runs a workload until it is stopped', async () => {
    await screen.start(quick)
    await screen.ackedWithBackup()
    await screen.lab.call('act', { type: 'start-workload', plan: { ...defaultWorkload, rate: 200 } })
    await expect.poll(() => screen.events.filter((event) => event.type === 'operation-returned').length).toBeGreaterThan(100)
    await screen.lab.call('act', { type: 'stop-workload' })
    await screen.find('workload-stopped')
  })

  it('tells the first violation of a rule in the trace, once, and freezes at it where that is asked', async () => {
    await screen.start({ ...quick, mutants: ['answers-before-backups'] })
    await screen.ackedWithBackup()
    await screen.lab.call('act', { type: 'add-break', condition: { name: 'broken', on: { type: 'rule-broken' }, stays: false, exact: false } })
    await screen.invoke({ type: 'put', key: 'a', value: '1' })
    const violation = await screen.find('violation')
    expect(violation).toMatchObject({ rule: 'rule-1', text: expect.stringMatching(/^s\d answered put a 1 as seq 1 in view \d+ before s\d, its backup/) as string })
    const guilty = screen.events.find(({ seq }) => seq === violation.evidence.at(-1))
    expect(guilty).toMatchObject({ type: 'message-sent', message: { type: 'reply' } })
    expect(await screen.find('frozen')).toMatchObject({ metBy: violation.seq, reason: expect.stringContaining('rule') as string })
    await screen.lab.call('act', { type: 'thaw' })
    for (const value of ['2', '3', '4']) await screen.invoke({ type: 'put', key: 'a', value })
    await screen.lab.call('endSession', {})
    expect(screen.events.filter(({ type }) => type === 'violation')).toHaveLength(1)
  })

  it('is exported, opened, and shows the same events', async () => {
    await screen.start(quick)
    await screen.ackedWithBackup()
    await screen.invoke({ type: 'put', key: 'a', value: '1' })
    await screen.lab.call('endSession', {})
    const text = await screen.download()
    const reader = createRecordingReader()
    const read = reader.push(text).events
    const { count, header } = reader.end()
    expect(header).toMatchObject({ title: 'process test', source: 'live' })
    await screen.find('operation-returned')
    expect(screen.events).toEqual(read.slice(0, screen.events.length))

    const bytes = Buffer.from(text)
    const { upload } = await screen.lab.call('uploadBegin', { name: 'again.jsonl', bytes: bytes.length })
    await screen.lab.call('uploadPiece', { upload, base64: bytes.toString('base64') })
    const { session } = await screen.lab.call('uploadOpen', { upload })
    screen.events.length = 0
    await screen.lab.call('subscribe', { session, since: 1 })
    await expect.poll(() => screen.events.length).toBe(count)
    expect(screen.events).toEqual(read)
    await expect(screen.lab.call('act', { type: 'kill', node: 's1' })).rejects.toThrow('This is a recording')
  })
})

describe('serve', () => {
  it('told to end leaves no process and says so with status 0', async () => {
    const { child, screen } = await served()
    await screen.start(quick)
    await screen.ackedWithBackup()
    const pids = [...pidsOf(screen), ...await descendantsOf(child.pid ?? 0)]
    expect(pids.length).toBeGreaterThan(5)
    child.kill('SIGTERM')
    expect(await once(child, 'exit')).toEqual([0, null])
    expect(pids.filter(isAlive)).toEqual([])
  })

  it('killed with SIGKILL leaves no process after a moment, not even a paused one, and a recording that holds what was shown', async () => {
    const { child, screen } = await served()
    await screen.start(quick)
    const { view } = await screen.ackedWithBackup()
    await screen.lab.call('act', { type: 'pause', node: view.backups[0]?.name ?? '' })
    await screen.find('node-paused')
    const pids = [...pidsOf(screen), ...await descendantsOf(child.pid ?? 0)]
    expect(pids.length).toBeGreaterThan(5)
    child.kill('SIGKILL')
    await once(child, 'exit')
    await expect.poll(() => pids.filter(isAlive)).toEqual([])
    const [name = ''] = await readdir(join(folder, 'recordings'))
    const reader = createRecordingReader()
    const recorded = [...reader.push(await readFile(join(folder, 'recordings', name), 'utf8')).events]
    recorded.push(...reader.end().events)
    expect(recorded.slice(0, screen.events.length)).toEqual(screen.events)
  })

  it('whose recording can no longer be written says so and goes on; all events can be shown and exported', async () => {
    const { screen, close, url } = await served({ fileKiB: 64 })
    await screen.start(quick)
    await screen.ackedWithBackup()
    const problems: string[] = []
    screen.lab.on('status', ({ recording }) => { if (recording?.problem) problems.push(recording.problem) })
    await screen.lab.call('act', { type: 'start-workload', plan: { ...defaultWorkload, rate: 200 } })
    await expect.poll(() => problems[0]).toMatch(/^Recording stopped/)
    await screen.lab.call('act', { type: 'stop-workload' })
    expect(await screen.invoke({ type: 'put', key: 'a', value: '1' })).toMatchObject({ type: 'ok' })
    const next = new Screen(await openScreen(url))
    await next.lab.call('subscribe', { session: 1, since: 1 })
    await expect.poll(() => next.events.length).toBeGreaterThanOrEqual(screen.events.length)
    expect(next.events.slice(0, screen.events.length)).toEqual(screen.events)
    const exported = createRecordingReader()
    // The cluster continues during the read: the file must contain all events shown so far.
    const shown = [...screen.events]
    expect(exported.push(await screen.download()).events.slice(0, shown.length)).toEqual(shown)
    // The recording file itself is valid, except for a truncated last line.
    const [name = ''] = await readdir(join(folder, 'recordings'))
    const reader = createRecordingReader()
    reader.push(await readFile(join(folder, 'recordings', name), 'utf8'))
    expect(reader.end().count).toBeGreaterThan(10)
    await close()
  })

  it('whose switchboard is killed ends the session and says so; the recording is whole and opens', async () => {
    const { screen, child, close } = await served()
    await screen.start(quick)
    await screen.ackedWithBackup()
    const ended = new Promise<string>((resolve) => screen.lab.on('status', ({ kind, reason }) => { if (kind === 'ended') resolve(reason) }))
    const nodes = pidsOf(screen)
    const [switchboard] = (await descendantsOf(child.pid ?? 0)).filter((pid) => !nodes.includes(pid))
    process.kill(switchboard ?? 0, 'SIGKILL')
    expect(await ended).toMatch(/^The switchboard ended/)
    await expect.poll(() => nodes.filter(isAlive)).toEqual([])
    const text = await screen.download()
    const reader = createRecordingReader()
    const shown = reader.push(text).events
    expect(reader.end().note).toBe('')
    expect(shown.slice(0, screen.events.length)).toEqual(screen.events)
    // The next cluster can start.
    await screen.lab.call('newCluster', quick)
    await close()
  })

  it('with mutants tells them to every screen as what the next cluster begins with', async () => {
    const { screen, close } = await served({ more: ['--mutant', 'any-ping-acks', '--mutant', 'backup-answers'] })
    const { lastSettings } = await screen.lab.call('hello', {})
    expect(lastSettings.mutants).toEqual(['any-ping-acks', 'backup-answers'])
    // A cluster with other settings does not change them.
    await screen.start(quick)
    expect((await screen.lab.call('hello', {})).lastSettings.mutants).toEqual(['any-ping-acks', 'backup-answers'])
    await close()
  })

  it('goes on when a window is killed, and the next one finds the session as it was', async () => {
    const { screen, close, url } = await served()
    await screen.start(quick)
    await screen.ackedWithBackup()
    await screen.invoke({ type: 'put', key: 'a', value: '1' })
    screen.lab.close()
    const next = new Screen(await openScreen(url))
    const { status } = await next.lab.call('hello', {})
    expect(status).toMatchObject({ session: 1, kind: 'live' })
    await next.lab.call('subscribe', { session: 1, since: 1 })
    expect(await next.invoke({ type: 'get', key: 'a' })).toMatchObject({ type: 'ok', result: { value: '1' } })
    await close()
  })

  it.each([
    [['serve', '--port', '99999'], 'port must be a whole number from 0 to 65535, not "99999".'],
    [['serve', '--prot', '1'], "Unknown option '--prot'"],
    [['serv'], "Unknown command 'serv'"],
    [['serve', '--mutant', 'nobody-acks'], 'There is no mutant "nobody-acks"; there are answers-before-backups, '],
  ])('refuses bad usage %j with status 2 and one sentence', async (args, sentence) => {
    const child = spawn(process.execPath, [built('main/cli.js'), ...args], { stdio: ['ignore', 'pipe', 'pipe'] })
    let said = ''
    child.stderr.on('data', (piece: Buffer) => { said += piece.toString() })
    expect(await once(child, 'close')).toEqual([2, null])
    expect(said).toContain(sentence)
  })

  it('stays where too few files may be open for a cluster, and says so', async () => {
    const { screen, close, child } = await served({ openFiles: 29 })
    for (let time = 0; time < 2; time++) await expect(screen.lab.call('newCluster', quick)).rejects.toThrow(/^(The switchboard|vs|s\d|c\d) could not be started: too many files are open\.$/)
    expect((await screen.lab.call('hello', {})).status).toMatchObject({ kind: 'ended', reason: expect.stringContaining('too many files are open') as string })
    expect(child.exitCode).toBeNull()
    await close()
  })

  it.runIf(process.platform === 'linux')('records elsewhere, and says so, where its data folder is in /proc', async () => {
    const { screen, close } = await served({ data: '/proc/x' })
    await screen.start(quick)
    const { recording } = (await screen.lab.call('hello', {})).status
    expect(recording?.problem).toMatch(/^Recordings cannot be written to \/proc\/x\/recordings \(no such file\); this one is written to .*understudy-recordings-/)
    await close()
    expect(await readFile(recording?.path ?? '', 'utf8')).toContain('"node-started"')
    await rm(join(recording?.path ?? '', '..'), { recursive: true })
  })

  it('refuses a port that is in use with status 2', async () => {
    const { close, url } = await served()
    const child = spawn(process.execPath, [built('main/cli.js'), 'serve', '--no-open', '--port', new URL(url).port], {
      stdio: ['ignore', 'pipe', 'pipe'], env: { ...process.env, UNDERSTUDY_DATA: folder },
    })
    let said = ''
    child.stderr.on('data', (piece: Buffer) => { said += piece.toString() })
    expect(await once(child, 'close')).toEqual([2, null])
    expect(said).toBe(`Port ${new URL(url).port} is in use. Choose another with --port, or leave it out for a free one.\n`)
    await close()
  })
})
