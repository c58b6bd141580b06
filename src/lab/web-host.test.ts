// The web host lets in its own page with its token, and nobody else.
import { once } from 'node:events'
import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises'
import { request as httpRequest } from 'node:http'
import { connect as connectSocket } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { WebSocket } from 'ws'
import { connectLab, createCarrier, defaultClusterSettings, type Lab } from '../contract'
import { formatHeader } from '../trace'
import { headerFor } from './live-session'
import { createFakeClusters, type FakeClusters } from './fake-cluster'
import { openLab } from './lab'
import type { RunningLab } from './lab-options'
import { contentSecurityPolicy } from './static-files'
import { refusalsLoggedMax, startWebHost, type WebHost } from './web-host'

let folder: string
let clusters: FakeClusters
let lab: RunningLab
let host: WebHost
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
  lab = await openLab({ host: 'browser', dataFolder: join(folder, 'data'), version: '1', scenariosFolder: '', programs: { node: '', switchboard: '' } }, clusters)
  host = await startWebHost({ lab, rendererFolder: join(folder, 'renderer'), log: (sentence) => logged.push(sentence) })
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

const token = (): string => new URL(host.url).hash.replace('#token=', '')

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
  await expect(startWebHost({ lab, rendererFolder: join(folder, 'renderer'), port, log: () => {} }))
    .rejects.toThrow(`Port ${port} is in use. Choose another with --port, or leave it out for a free one.`)
})

it('a window that is not built is refused with a sentence', async () => {
  await expect(startWebHost({ lab, rendererFolder: join(folder, 'nowhere'), log: () => {} })).rejects.toThrow('The window is not built')
})
