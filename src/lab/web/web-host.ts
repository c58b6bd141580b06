// Serves labs to browsers: the window's files over HTTP, and the calls over a WebSocket whose token selects the lab.
// Uploads come as request bodies with a key that the page got over its WebSocket.
// A foreign page cannot reach a lab: Host must be ours (421, against DNS rebinding), Origin must be ours, and the WebSocket needs a token (403).
// It must never put a token into a log or a URL's query.
import { stat } from 'node:fs/promises'
import type { IncomingMessage, Server, ServerResponse } from 'node:http'
import type { Socket } from 'node:net'
import { join } from 'node:path'
import { WebSocketServer } from 'ws'
import { classPath, type Port } from '../../contract'
import { reasonOf } from '../../system'
import type { RunningLab } from '../lab-options'
import { ConnectionPlaces } from './connection-places'
import { Guard, newToken, subprotocol, type Keyed, type Refused } from './guard'
import { createHttpServer, listen, type Listening } from './listening'
import { refuse, securityHeaders, serveFile } from './static-files'
import { frameBytesMax, webSocketPort, type Budget } from './web-socket-port'

/** What a token gives access to. */
export interface Door extends Keyed {
  connect(port: Port): void
  /** Why another connection is refused now; empty if it is not. */
  problem(): string
  /** The rate limit that its screens share; without it there is none. */
  readonly budget?: Budget
  /** Takes uploads outside of the calls; without it there are none. */
  readonly files?: Pick<RunningLab, 'awaits' | 'receive'>
}

/** A door to a lab with a new token. */
export function doorOf(lab: RunningLab): Door {
  return { token: newToken(), connect: (port) => lab.connect(port), problem: () => lab.screenProblem(false), files: lab }
}

export interface WebHostOptions {
  readonly doors: readonly Door[]
  /** Answers `GET /class` with JSON for requests with this token. */
  readonly list?: Keyed & { read(urlOf: WebHost['urlOf']): Promise<unknown> }
  /** The folder of the built window. */
  readonly rendererFolder: string
  /** By default 127.0.0.1 and a free port. */
  readonly listening?: Listening
  /** The longest frame of a screen; `frameBytesMax` without it. */
  readonly frameBytesMax?: number
  /** The limit of open connections of any kind. */
  readonly connectionsMax?: number
  /** Receives sentences for the operator of the host, such as refused requests. */
  readonly log: (sentence: string) => void
  /** Shorter in tests. */
  readonly limits?: Partial<WebHostLimits>
}

export interface WebHostLimits {
  /** The time limit for the headers of a request. */
  readonly headersMs: number
  /** A connection without traffic is closed after this long, also in the middle of an upload or of an answer that nobody reads. */
  readonly idleMs: number
}

export interface WebHost {
  /** The first of the origins; this one is printed. */
  readonly origin: string
  /** The address for a browser, with the token in its fragment, which browsers never send. */
  urlOf(door: Keyed, page?: string): string
  /** Closes every connection; the labs keep running. */
  close(): Promise<void>
}

/** The default of `connectionsMax`. */
export const httpConnectionsMax = 128
const usualLimits: WebHostLimits = { headersMs: 5000, idleMs: 30_000 }
/** How often Node checks its time limits; its default is 30 s. */
const limitsLookedMs = 500
const uploadPath = '/upload/'

/** Resolves when the host listens. Rejects with one sentence if it cannot. */
export async function startWebHost(options: WebHostOptions): Promise<WebHost> {
  await requireWindow(options.rendererFolder)
  const { headersMs, idleMs } = { ...usualLimits, ...options.limits }
  const listening = options.listening ?? { port: 0 }
  const server = createHttpServer(listening, { headersTimeout: headersMs, requestTimeout: 0, connectionsCheckingInterval: Math.min(limitsLookedMs, headersMs) })
  server.setTimeout(idleMs)
  const places = new ConnectionPlaces({ max: options.connectionsMax ?? httpConnectionsMax, log: options.log })
  takePlaces(server, places)
  const [origin = '', ...others] = await listen(server, listening)
  const urlOf: WebHost['urlOf'] = ({ token }, page = '') => `${origin}/${page}#token=${token}`
  const guard = new Guard({ origins: [origin, ...others], log: options.log })
  const maxPayload = options.frameBytesMax ?? frameBytesMax
  const sockets = new WebSocketServer({ noServer: true, maxPayload, perMessageDeflate: false, handleProtocols: () => subprotocol })

  server.on('request', (request, response) => {
    const refusal = guard.refusalOfRequest(request)
    if (refusal) return endWith(response, refusal.status, refusal.sentence)
    response.once('close', places.serve(request.socket))
    if (request.method === 'POST' && request.url?.startsWith(uploadPath)) void takeUpload(options.doors, request, response)
    else if (hasBody(request)) endWith(response, 413, 'Only a file that is awaited may have a body.')
    else if (options.list && request.url === classPath) void answerList(options.list, { guard, urlOf }, request, response)
    else void serveFile(options.rendererFolder, request, response)
  })
  server.on('upgrade', (request, duplex, head) => {
    const socket = duplex as Socket // This server always has a network socket.
    socket.on('error', () => socket.destroy()) // A client that disconnects during a refusal is not an error.
    const door = guard.refusalOfRequest(request) ?? guard.letIn(request, options.doors)
    if ('sentence' in door) return refuseUpgrade(socket, door)
    const problem = door.problem()
    if (problem !== '') return refuseUpgrade(socket, guard.busy(problem))
    places.serve(socket)
    sockets.handleUpgrade(request, socket, head, (webSocket) => door.connect(webSocketPort(webSocket, door.budget)))
  })

  return {
    origin,
    urlOf,
    close: async () => {
      for (const socket of sockets.clients) socket.terminate()
      const closed = new Promise((resolve) => server.close(resolve))
      server.closeAllConnections()
      await closed
    },
  }
}

/** Counts each connection. With TLS the raw connection counts until its handshake is done; then the secure connection replaces it. */
function takePlaces(server: Server, places: ConnectionPlaces): void {
  const shaking = new Map<string, Socket>()
  const callerOf = ({ remoteAddress, remotePort }: Socket): string => `${remoteAddress} ${remotePort}`
  server.on('connection', (socket: Socket) => {
    places.take(socket)
    const caller = callerOf(socket)
    shaking.set(caller, socket)
    socket.once('close', () => shaking.delete(caller))
  })
  server.on('secureConnection', (secure: Socket) => {
    const raw = shaking.get(callerOf(secure))
    if (raw) places.follow(raw, secure)
  })
}

/** Answers the list for requests with its token. */
async function answerList(list: NonNullable<WebHostOptions['list']>, { guard, urlOf }: { guard: Guard; urlOf: WebHost['urlOf'] }, request: IncomingMessage, response: ServerResponse): Promise<void> {
  const door = guard.letInBearer(request, [list])
  if ('sentence' in door) return endWith(response, door.status, door.sentence)
  try {
    response.writeHead(200, { ...securityHeaders, 'content-type': 'application/json' }).end(JSON.stringify(await door.read(urlOf)))
  } catch (error) {
    endWith(response, 500, reasonOf(error))
  }
}

/** Receives an upload for a lab. Only a page of our origin may send one, with the key from its own calls. */
async function takeUpload(doors: readonly Door[], request: IncomingMessage, response: ServerResponse): Promise<void> {
  try {
    if (request.headers.origin === undefined) throw new Error('A file without an Origin is not from a page of this lab.')
    const key = (request.url ?? '').slice(uploadPath.length)
    const files = doors.map((door) => door.files).find((each) => each?.awaits(key))
    if (!files) throw new Error('No file is awaited under this key; begin again.')
    await files.receive(key, request as AsyncIterable<Buffer>)
    response.writeHead(204, securityHeaders).end()
  } catch (error) {
    endWith(response, 400, error instanceof Error ? error.message : String(error))
  }
}

/** Only uploads may have a body, as a sender can make a body arbitrarily slow. */
const hasBody = ({ headers }: IncomingMessage): boolean => headers['transfer-encoding'] !== undefined || Number(headers['content-length'] ?? 0) > 0

/** Refuses and closes the connection without reading the rest. */
function endWith(response: ServerResponse, status: number, sentence: string): void {
  response.setHeader('connection', 'close')
  response.on('finish', () => response.socket?.destroySoon())
  refuse(response, status, sentence)
}

async function requireWindow(rendererFolder: string): Promise<void> {
  const isThere = await stat(join(rendererFolder, 'index.html')).then((found) => found.isFile(), () => false)
  if (!isThere) throw new Error(`The window is not built: ${join(rendererFolder, 'index.html')} is missing. Run npm run build.`)
}

const statusWords = { 403: 'Forbidden', 421: 'Misdirected Request', 503: 'Service Unavailable' } as const

/** Closes the connection after the answer; a client that kept it open would occupy a place. */
function refuseUpgrade(socket: Socket, { status, sentence }: Refused): void {
  const body = `${sentence}\n`
  socket.end(`HTTP/1.1 ${status} ${statusWords[status]}\r\nConnection: close\r\nContent-Type: text/plain; charset=utf-8\r\n`
    + `Content-Length: ${Buffer.byteLength(body)}\r\n\r\n${body}`, () => socket.destroy())
}
