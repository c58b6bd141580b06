// The web host accepts only its own page with its token.
import { once } from 'node:events'
import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises'
import { request as httpRequest } from 'node:http'
import { connect as connectSocket, type Socket } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { WebSocket } from 'ws'
import { connectLab, createCarrier, defaultClusterSettings, type Lab } from '../../contract'
import { formatHeader } from '../../trace'
import { headerFor } from '../live-session'
import { createFakeClusters, type FakeClusters } from '../testing/fake-cluster'
import { openLab } from '../lab'
import type { RunningLab } from '../lab-options'
import { contentSecurityPolicy } from './static-files'
import { newToken, refusalsLoggedMax } from './guard'
import { doorOf, httpConnectionsMax, startWebHost, type Door, type WebHost } from './web-host'
import { Budget } from './web-socket-port'

let folder: string
let clusters: FakeClusters
let lab: RunningLab
let host: WebHost
let door: Door
let logged: string[]

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'web-host-'))
  await mkdir(join(folder, 'renderer', 'assets'), { recursive: true })
  await writeFile(join(folder, 'renderer', 'index.html'), '<!doctype html>lab')
  await writeFile(join(folder, 'renderer', 'assets', 'index.js'), 'let lab')
  await writeFile(join(folder, 'secret.txt'), 'secret')
  await mkdir(join(folder, 'renderer-next'))
  await writeFile(join(folder, 'renderer-next', 'secret.txt'), 'secret')
  clusters = createFakeClusters()
  logged = []
  lab = await openLab({ host: 'browser', dataFolder: join(folder, 'data'), version: '1', scenariosFolder: '', programs: { node: '', switchboard: '', host: '' } }, clusters)
  door = doorOf(lab)
  host = await startWebHost({ doors: [door], rendererFolder: join(folder, 'renderer'), log: (sentence) => logged.push(sentence) })
})
afterEach(async () => {
  await lab.close()
  await host.close()
  await rm(folder, { recursive: true })
})

function get(path: string, headers: Record<string, string> = {}, method = 'GET'): Promise<{ status: number; headers: NodeJS.Dict<string | string[]>; body: string }> {
  const { hostname, port, host: name } = new URL(host.origin)
  return new Promise((resolve, reject) => {
    const request = httpRequest({ hostname, port, path, method, headers: { host: name, ...headers } }, (response) => {
      let body = ''
      response.on('data', (piece: Buffer) => { body += piece.toString() })
      response.on('end', () => resolve({ status: response.statusCode ?? 0, headers: response.headers, body }))
    })
    request.on('error', reject)
    request.end()
  })
}

const token = (): string => new URL(host.urlOf(door)).hash.replace('#token=', '')

interface Attempt { readonly protocols?: string[]; readonly origin?: string | null; readonly hostName?: string; readonly path?: string }

function openSocket({ protocols = ['lab.v1', `tok.${token()}`], origin = host.origin, hostName, path = '/ws' }: Attempt = {}): WebSocket {
  const headers = { ...(hostName === undefined ? {} : { host: hostName }) }
  return new WebSocket(`${host.origin.replace('http', 'ws')}${path}`, protocols, { ...(origin === null ? {} : { origin }), headers })
}

/** The status of a refused upgrade, or 'open'. */
async function attempt(how: Attempt): Promise<number | 'open'> {
  const socket = openSocket(how)
  return new Promise((resolve) => {
    socket.on('open', () => { socket.terminate(); resolve('open') })
    socket.on('error', () => { /* follows the refusal */ })
    socket.on('unexpected-response', (_request, response) => { response.resume(); socket.terminate(); resolve(response.statusCode ?? 0) })
  })
}

async function connect(): Promise<{ screen: Lab; socket: WebSocket }> {
  const socket = openSocket()
  await once(socket, 'open')
  const carrier = createCarrier({ send: (frame) => socket.send(JSON.stringify(frame)), close: () => socket.close() })
  socket.on('message', (data) => carrier.receiveText((data as Buffer).toString()))
  socket.on('close', () => carrier.closed())
  return { screen: connectLab(carrier.port), socket }
}

describe('files', () => {
  it('are served with the headers that fence the page in', async () => {
    const { status, headers, body } = await get('/')
    expect({ status, body }).toEqual({ status: 200, body: '<!doctype html>lab' })
    expect(headers).toMatchObject({
      'content-type': 'text/html; charset=utf-8', 'content-security-policy': contentSecurityPolicy, 'x-content-type-options': 'nosniff',
      'referrer-policy': 'no-referrer', 'cross-origin-opener-policy': 'same-origin', 'cross-origin-resource-policy': 'same-origin', 'cache-control': 'no-store',
    })
    expect(await get('/assets/index.js')).toMatchObject({ status: 200, body: 'let lab', headers: { 'content-type': 'text/javascript; charset=utf-8' } })
  })

  it.each([
    '/../secret.txt', '/%2e%2e/secret.txt', '/..%2fsecret.txt', '/assets/../../secret.txt', '/..\\secret.txt', '/../renderer-next/secret.txt',
    '/%00', '/%ff', '//etc/passwd', 'http://127.0.0.1/../secret.txt', '/assets', '/missing.js',
  ])('outside of the folder, or none, are not found: %s', async (path) => {
    const { status, body } = await get(path)
    expect({ status, body }).toEqual({ status: 404, body: 'There is no such file.\n' })
  })

  it('are only read', async () => {
    expect((await get('/', {}, 'POST')).status).toBe(405)
    expect(await get('/', {}, 'HEAD')).toMatchObject({ status: 200, body: '' })
  })
})

describe('a request', () => {
  it.each(['evil.example', 'localhost', '127.0.0.1', '127.0.0.1:1'])('for another host is refused with 421 and logged: "%s"', async (name) => {
    const { status, headers } = await get('/', { host: name })
    expect(status).toBe(421)
    expect(headers['content-security-policy']).toBe(contentSecurityPolicy)
    expect(logged).toEqual([`Refused with 421: Host is ${JSON.stringify(name)}; this lab answers only as ${host.origin}.`])
  })

  it('of another page is refused with 403 and logged', async () => {
    expect((await get('/', { origin: 'http://evil.example' })).status).toBe(403)
    expect(logged).toEqual(['Refused with 403: Origin is "http://evil.example"; only this lab\'s own page may ask.'])
  })
})

describe('a WebSocket', () => {
  it('of the own page with the token is let in', async () => {
    const { screen, socket } = await connect()
    expect(socket.protocol).toBe('lab.v1')
    expect(await screen.call('hello', {})).toMatchObject({ host: 'browser', version: '1' })
    expect(logged).toEqual([])
  })

  it.each<[string, () => Attempt, number]>([
    ['without a token', () => ({ protocols: ['lab.v1'] }), 403],
    ['with a wrong token', () => ({ protocols: ['lab.v1', `tok.${'x'.repeat(32)}`] }), 403],
    ['with an empty token', () => ({ protocols: ['lab.v1', 'tok.'] }), 403],
    ['of another version', () => ({ protocols: ['lab.v2', `tok.${token()}`] }), 403],
    ['of another page, even with the token', () => ({ origin: 'http://evil.example' }), 403],
    ['of a page on another port', () => ({ origin: 'http://127.0.0.1:1' }), 403],
    ['of a program that names no page', () => ({ origin: null }), 403],
    ['for another host', () => ({ hostName: 'evil.example' }), 421],
    ['at another path', () => ({ path: '/elsewhere' }), 403],
    ['with the token in the query', () => ({ path: `/ws?token=${token()}`, protocols: ['lab.v1'] }), 403],
  ])('%s is refused and logged, without the token', async (_how, how, status) => {
    expect(await attempt(how())).toBe(status)
    expect(logged).toHaveLength(1)
    expect(logged[0]).toMatch(new RegExp(`^Refused with ${status}: `))
    expect(logged[0]).not.toContain(token())
  })

  it('that is killed does not stop the session, and another window finds it', async () => {
    const one = await connect()
    await one.screen.call('newCluster', { ...defaultClusterSettings, title: 'mine' })
    one.socket.terminate()
    const other = await connect()
    expect((await other.screen.call('hello', {})).status).toMatchObject({ session: 1, kind: 'live', title: 'mine' })
    expect(clusters.started[0]?.asked).toEqual([])
  })

  it('is one of several windows at once', async () => {
    const [one, other] = [await connect(), await connect()]
    const seen = new Promise((resolve) => other.screen.on('status', ({ kind }) => { if (kind === 'live') resolve(kind) }))
    await one.screen.call('newCluster', defaultClusterSettings)
    expect(await seen).toBe('live')
  })

  it.each([['garbage', 'not json'], ['a foreign frame', '{"jsonrpc":"2.0"}'], ['bytes', Buffer.from([1, 2, 3])]])('that sends %s is closed, and all else goes on', async (_what, garbage) => {
    const { screen } = await connect()
    const bad = openSocket()
    await once(bad, 'open')
    bad.send(garbage)
    await once(bad, 'close')
    expect(await screen.call('hello', {})).toMatchObject({ version: '1' })
  })
})

describe('a file that a page brings', () => {
  const post = (path: string, body: Buffer, headers: Record<string, string>): Promise<{ status: number; body: string }> => new Promise((resolve, reject) => {
    const { hostname, port, host: name } = new URL(host.origin)
    const request = httpRequest({ hostname, port, path, method: 'POST', headers: { host: name, ...headers } }, (response) => {
      let text = ''
      response.on('data', (piece: Buffer) => { text += piece.toString() })
      response.on('end', () => resolve({ status: response.statusCode ?? 0, body: text }))
    })
    request.on('error', reject)
    request.end(body)
  })
  const recording = Buffer.from(`${formatHeader(headerFor(defaultClusterSettings, { seed: '1', createdAt: new Date(0), protocolHash: '' }))}\n`)

  it('is opened as one that came in pieces is', async () => {
    const { screen } = await connect()
    const { upload, key } = await screen.call('uploadBegin', { name: 'a.jsonl', bytes: recording.length })
    const opened = screen.call('uploadOpen', { upload, whileItComes: true })
    expect(await post(`/upload/${key}`, recording, { origin: host.origin })).toEqual({ status: 204, body: '' })
    await opened
    expect((await screen.call('hello', {})).status.kind).toBe('recorded')
  })

  it('is refused under a key that nobody was given, from another page, from no page, and beyond what was announced', async () => {
    const { screen } = await connect()
    const { key } = await screen.call('uploadBegin', { name: 'a.jsonl', bytes: 10 })
    expect(await post('/upload/guessed', recording, { origin: host.origin })).toMatchObject({ status: 400, body: 'No file is awaited under this key; begin again.\n' })
    expect((await post(`/upload/${key}`, recording, { origin: 'http://evil.example' })).status).toBe(403)
    expect((await post(`/upload/${key}`, recording, {})).status).toBe(400)
    expect(await post(`/upload/${key}`, recording, { origin: host.origin })).toMatchObject({ status: 400, body: 'The file is longer than was announced.\n' })
    expect(await post(`/upload/${key}`, recording, { origin: host.origin })).toMatchObject({ status: 400, body: 'No file is awaited under this key; begin again.\n' })
    expect(await post('/index.html', recording, { origin: host.origin })).toMatchObject({ status: 413 })
  })

  it('that breaks off is no longer awaited, and who opened it is told', async () => {
    const { screen } = await connect()
    const { upload, key } = await screen.call('uploadBegin', { name: 'a.jsonl', bytes: 1000 })
    const opened = screen.call('uploadOpen', { upload, whileItComes: true })
    const { port, host: name } = new URL(host.origin)
    const socket = connectSocket(Number(port), '127.0.0.1')
    socket.end(`POST /upload/${key} HTTP/1.1\r\nHost: ${name}\r\nOrigin: ${host.origin}\r\nContent-Length: 1000\r\n\r\n${recording.subarray(0, 20).toString()}`)
    await expect(opened).rejects.toThrow()
    await expect(screen.call('uploadOpen', { upload })).rejects.toThrow('There is no such upload; begin again.')
  })
})

describe('callers that hold on', () => {
  const raw = (text: string): Socket => {
    const socket = connectSocket(Number(new URL(host.origin).port), '127.0.0.1')
    socket.on('error', () => undefined)
    socket.write(text)
    held.push(socket)
    return socket
  }
  const held: Socket[] = []
  afterEach(() => { for (const socket of held.splice(0)) socket.destroy() })
  const upgrade = (): string => `GET /ws HTTP/1.1\r\nHost: ${new URL(host.origin).host}\r\nConnection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Version: 13\r\nSec-WebSocket-Key: AAAAAAAAAAAAAAAAAAAAAA==\r\n\r\n`

  /** Restarts the host with shorter limits. */
  async function impatient(limits: { headersMs?: number; idleMs?: number }): Promise<void> {
    await host.close()
    host = await startWebHost({ doors: [door], rendererFolder: join(folder, 'renderer'), log: (sentence) => logged.push(sentence), limits })
  }

  it('after their upgrade was refused are hung up on, whether they read that or not', async () => {
    const callers = Array.from({ length: httpConnectionsMax }, () => raw(upgrade()))
    // `end` means that the host hung up; no client did.
    await Promise.all(callers.map(async (socket) => {
      socket.resume()
      await once(socket, 'end')
    }))
    expect((await get('/')).status).toBe(200)
    await host.close()
  })

  it('with requests that never become whole make room for a page at once', async () => {
    // Not because of a timeout.
    await impatient({ headersMs: 60_000 })
    let closed = 0
    for (let count = 0; count < httpConnectionsMax + 10; count++) raw(`GET / HTTP/1.1\r\nHost: x\r\nX-${count}: `).resume().once('close', () => { closed++ })
    const { screen } = await connect()
    expect(await screen.call('hello', {})).toMatchObject({ version: '1' })
    expect((await get('/')).status).toBe(200)
    // At most the limit is left, including the page's two connections.
    await expect.poll(() => closed).toBeGreaterThanOrEqual(12)
    expect(logged.filter((sentence) => sentence.includes('connections are open'))).toEqual([expect.stringMatching(/^128 connections are open, the most that may be: 1 was closed for others, which asked for nothing\.$/)])
  })

  it('do not end a page that is served', async () => {
    const { screen } = await connect()
    for (let count = 0; count < 2 * httpConnectionsMax; count++) raw('GET / HTTP/1.1\r\n')
    await get('/')
    expect(await screen.call('hello', {})).toMatchObject({ version: '1' })
  })

  it.each([['nothing', ''], ['half a head', 'GET / HTTP/1.1\r\nHost: x']])('and send %s are closed when their time is over', async (_what, text) => {
    await impatient({ headersMs: 100 })
    const socket = raw(text)
    socket.resume()
    await once(socket, 'close')
    expect((await get('/')).status).toBe(200)
  })

  it('with half a file are closed when nothing more comes, and the file is no longer awaited', async () => {
    await impatient({ idleMs: 200 })
    const { screen } = await connect()
    const { key, upload } = await screen.call('uploadBegin', { name: 'a.jsonl', bytes: 1000 })
    const socket = raw(`POST /upload/${key} HTTP/1.1\r\nHost: ${new URL(host.origin).host}\r\nOrigin: ${host.origin}\r\nContent-Length: 1000\r\n\r\nhalf`)
    socket.resume()
    await once(socket, 'close')
    await expect.poll(() => screen.call('uploadOpen', { upload }).then(() => '', (error: Error) => error.message)).toBe('There is no such upload; begin again.')
    // The WebSocket has no idle limit: the page has sent nothing either.
    expect(await screen.call('hello', {})).toMatchObject({ version: '1' })
  })
})

it('a flood of refusals is logged only in part, and that is said', async () => {
  for (let count = 0; count < refusalsLoggedMax + 5; count++) await get('/', { host: 'evil.example' })
  expect(logged).toHaveLength(refusalsLoggedMax + 1)
  expect(logged.at(-1)).toBe('More requests are refused; they are not logged for the rest of this minute.')
})

it('garbage in the place of HTTP ends that connection only', async () => {
  const socket = connectSocket(Number(new URL(host.origin).port), '127.0.0.1')
  socket.write('\u0000\u0001garbage\r\n\r\n')
  socket.resume()
  await once(socket, 'close')
  expect((await get('/')).status).toBe(200)
})

it('a port that is in use is refused with a sentence', async () => {
  const port = Number(new URL(host.origin).port)
  await expect(startWebHost({ doors: [door], rendererFolder: join(folder, 'renderer'), listening: { port }, log: () => {} }))
    .rejects.toThrow(`Port ${port} is in use. Choose another with --port, or leave it out for a free one.`)
})

it('a window that is not built is refused with a sentence', async () => {
  await expect(startWebHost({ doors: [door], rendererFolder: join(folder, 'nowhere'), log: () => {} })).rejects.toThrow('The window is not built')
})

describe('several labs behind one host', () => {
  it('are reached by their tokens alone, and a file goes to the one that awaits it', async () => {
    const second = await openLab({ host: 'browser', dataFolder: join(folder, 'second'), version: '2', scenariosFolder: '', programs: { node: '', switchboard: '', host: '' } }, clusters)
    const doors = [door, doorOf(second)]
    await host.close()
    host = await startWebHost({ doors, rendererFolder: join(folder, 'renderer'), log: (sentence) => logged.push(sentence) })
    const screens = []
    for (const each of doors) {
      door = each
      screens.push((await connect()).screen)
    }
    expect((await Promise.all(screens.map((screen) => screen.call('hello', {})))).map(({ version }) => version)).toEqual(['1', '2'])
    await screens[1]?.call('newCluster', { ...defaultClusterSettings, title: 'second' })
    expect((await Promise.all(screens.map((screen) => screen.call('hello', {})))).map(({ status }) => status.title)).toEqual(['', 'second'])
    await second.close()
  })

  it('a list is answered to its own token, and to none of a lab\'s', async () => {
    const list = { token: 'teacher-token', read: (urlOf: WebHost['urlOf']) => Promise.resolve({ address: urlOf(door) }) }
    await host.close()
    host = await startWebHost({ doors: [door], list, rendererFolder: join(folder, 'renderer'), log: (sentence) => logged.push(sentence) })
    expect(JSON.parse((await get('/class', { authorization: 'Bearer teacher-token' })).body)).toEqual({ address: host.urlOf(door) })
    expect(logged).toEqual([])
    for (const authorization of [`Bearer ${token()}`, 'Bearer ', 'teacher-token', 'Bearer teacher-token2']) expect((await get('/class', { authorization })).status).toBe(403)
    expect((await get('/class')).status).toBe(403)
    expect((await get('/class', { authorization: 'Bearer teacher-token', host: 'evil.example' })).status).toBe(421)
    expect(logged.join()).not.toContain('teacher-token')
    // The teacher's token gives no access to a lab.
    expect(await attempt({ protocols: ['lab.v1', 'tok.teacher-token'] })).toBe(403)
  })

  it('a host without a class has no list', async () => {
    expect((await get('/class', { authorization: `Bearer ${token()}` })).status).toBe(404)
  })
})

describe('beyond this machine', () => {
  it('answers under each of its names and to no other, each with its own Origin', async () => {
    await host.close()
    host = await startWebHost({ doors: [door], listening: { port: 0, host: '0.0.0.0', names: ['Lab.Example'] }, rendererFolder: join(folder, 'renderer'), log: (sentence) => logged.push(sentence) })
    const { port } = new URL(host.origin)
    expect(host.origin).toBe(`http://lab.example:${port}`)
    const ask = (name: string, origin?: string): Promise<number> => new Promise((resolve, reject) => {
      httpRequest({ hostname: '127.0.0.1', port, path: '/', headers: { host: name, ...(origin === undefined ? {} : { origin }) } }, (response) => { response.resume(); resolve(response.statusCode ?? 0) }).on('error', reject).end()
    })
    expect(await ask(`lab.example:${port}`)).toBe(200)
    expect(await ask(`LAB.example:${port}`, `http://lab.example:${port}`)).toBe(200)
    expect(await ask(`127.0.0.1:${port}`, `http://127.0.0.1:${port}`)).toBe(200)
    expect(await ask(`lab.example:${port}`, `http://127.0.0.1:${port}`)).toBe(403)
    expect(await ask('lab.example')).toBe(421)
    expect(await ask(`evil.example:${port}`)).toBe(421)
  })

  it('is refused where the address is none of this machine, in one sentence', async () => {
    await expect(startWebHost({ doors: [door], listening: { port: 0, host: '203.0.113.7' }, rendererFolder: join(folder, 'renderer'), log: () => {} }))
      .rejects.toThrow(/^203\.0\.113\.7 is no address of this machine; its addresses are .*127\.0\.0\.1\.$/)
  })
})

describe('screens that ask faster than their pace', () => {
  it('wait, together, and are refused nothing, and one of another lab does not', async () => {
    const second = await openLab({ host: 'browser', dataFolder: join(folder, 'second'), version: '2', scenariosFolder: '', programs: { node: '', switchboard: '', host: '' } }, clusters)
    const pace = { framesPerSecond: 50, bytesPerSecond: 1_000_000, busyShare: 1 }
    const [own, other] = [{ ...door, budget: new Budget(pace) }, { ...doorOf(second), budget: new Budget(pace) }]
    await host.close()
    host = await startWebHost({ doors: [own, other], rendererFolder: join(folder, 'renderer'), log: (sentence) => logged.push(sentence) })
    const flooding = [await connect(), await connect()]
    door = other
    const calm = await connect()
    const began = performance.now()
    const asked = Promise.all(flooding.flatMap(({ screen }) => Array.from({ length: 100 }, () => screen.call('hello', {}))))
    await once(flooding[0]?.socket as WebSocket, 'message')
    await calm.screen.call('hello', {})
    const calmMs = performance.now() - began
    await asked
    const floodMs = performance.now() - began
    expect(floodMs).toBeGreaterThan(2500)
    expect(calmMs).toBeLessThan(floodMs / 2)
    await second.close()
  })
})

describe('a lab whose places are taken', () => {
  it('refuses the next window before it is one, with a sentence, and one that watches has a place of its own', async () => {
    const small = await openLab({ host: 'browser', dataFolder: join(folder, 'small'), version: '2', scenariosFolder: '', programs: { node: '', switchboard: '', host: '' }, name: 'Lab 3', screensMax: 2 }, clusters)
    const own = doorOf(small)
    const watch: Door = { token: newToken(), connect: (port) => small.connect(port, { readOnly: true }), problem: () => small.screenProblem(true) }
    await host.close()
    host = await startWebHost({ doors: [own, watch], rendererFolder: join(folder, 'renderer'), log: (sentence) => logged.push(sentence) })
    door = own
    const first = await connect()
    await connect()
    for (let count = 0; count < 30; count++) expect(await attempt({})).toBe(503)
    expect(logged).toHaveLength(refusalsLoggedMax + 1)
    expect(logged[0]).toBe('Refused with 503: 2 screens of Lab 3 are connected, the most that may be; close one.')
    door = watch
    expect(await (await connect()).screen.call('hello', {})).toMatchObject({ readOnly: true })
    door = own
    first.socket.close()
    await once(first.socket, 'close')
    await expect.poll(() => attempt({})).toBe('open')
    await small.close()
  })
})
