// Serves the lab to a browser on this machine: the window's files over HTTP, the calls over a WebSocket, and files that a page brings as
// the body of a request, whose key the page was given over the WebSocket.
// Bound to 127.0.0.1. A foreign page cannot reach the lab: Host must be ours (421, against rebound names), Origin must be ours,
// and the WebSocket must bring the token (403). It must never put the token into a log or a URL's query.
import { createHash, randomBytes, timingSafeEqual } from 'node:crypto'
import { stat } from 'node:fs/promises'
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import { join } from 'node:path'
import type { Duplex } from 'node:stream'
import { WebSocketServer } from 'ws'
import type { RunningLab } from './lab-options'
import { refuse, securityHeaders, serveFile } from './static-files'
import { frameBytesMax, webSocketPort } from './web-socket-port'

export interface WebHostOptions {
  readonly lab: RunningLab
  /** The built window. */
  readonly rendererFolder: string
  /** 0 or left out: a free one. */
  readonly port?: number
  /** Sentences for whoever runs the host: refused requests. */
  readonly log: (sentence: string) => void
}

export interface WebHost {
  /** The address for a browser, with the token in its fragment, which no request carries. */
  readonly url: string
  readonly origin: string
  /** Ends every connection; the lab stays. */
  close(): Promise<void>
}

/** Connections that may be open at once, whatever they do. */
export const httpConnectionsMax = 128
/** A request's head must be whole after this long. */
export const headersTimeoutMs = 10_000
/** Refusals that are logged in a minute; more are only counted. */
export const refusalsLoggedMax = 20

/** The subprotocol of the calls; the token travels beside it as another. */
const subprotocol = 'lab.v1'
const tokenPrefix = 'tok.'
const socketPath = '/ws'
const uploadPath = '/upload/'

/** Resolves when the host listens. Rejects with one sentence where it cannot. */
export async function startWebHost(options: WebHostOptions): Promise<WebHost> {
  await requireWindow(options.rendererFolder)
  const server = createServer({ headersTimeout: headersTimeoutMs, requestTimeout: 0 })
  server.maxConnections = httpConnectionsMax
  const origin = `http://127.0.0.1:${await listen(server, options.port ?? 0)}`
  const token = randomBytes(24).toString('base64url')
  const guard = new Guard(origin, token, options.log)
  const sockets = new WebSocketServer({ noServer: true, maxPayload: frameBytesMax, perMessageDeflate: false, handleProtocols: () => subprotocol })

  server.on('request', (request, response) => {
    const refusal = guard.refusalOfRequest(request)
    if (refusal) refuse(response, refusal.status, refusal.sentence)
    else if (request.method === 'POST' && request.url?.startsWith(uploadPath)) void takeUpload(options.lab, request, response)
    else if (hasBody(request)) endWith(response, 413, 'Only a file that is awaited may have a body.')
    else void serveFile(options.rendererFolder, request, response)
  })
  server.on('upgrade', (request, socket: Duplex, head) => {
    socket.on('error', () => socket.destroy()) // A caller that goes while it is refused is no concern of ours.
    const refusal = guard.refusalOfRequest(request) ?? guard.refusalOfSocket(request)
    if (refusal) return refuseUpgrade(socket, refusal)
    sockets.handleUpgrade(request, socket, head, (webSocket) => options.lab.connect(webSocketPort(webSocket)))
  })

  return {
    url: `${origin}/#token=${token}`,
    origin,
    close: async () => {
      for (const socket of sockets.clients) socket.terminate()
      const closed = new Promise((resolve) => server.close(resolve))
      server.closeAllConnections()
      await closed
    },
  }
}

/** A file for the lab. Only a page of this origin brings one, under a key that its own calls gave it. */
async function takeUpload(lab: RunningLab, request: IncomingMessage, response: ServerResponse): Promise<void> {
  try {
    if (request.headers.origin === undefined) throw new Error('A file without an Origin is not from a page of this lab.')
    await lab.receive((request.url ?? '').slice(uploadPath.length), request as AsyncIterable<Buffer>)
    response.writeHead(204, securityHeaders).end()
  } catch (error) {
    endWith(response, 400, error instanceof Error ? error.message : String(error))
  }
}

/** A body takes as long as its sender likes, so there is none but that of a file. */
const hasBody = ({ headers }: IncomingMessage): boolean => headers['transfer-encoding'] !== undefined || Number(headers['content-length'] ?? 0) > 0

/** Refuses and hangs up: what else comes is not read. */
function endWith(response: ServerResponse, status: number, sentence: string): void {
  response.setHeader('connection', 'close')
  response.on('finish', () => response.socket?.destroySoon())
  refuse(response, status, sentence)
}

async function requireWindow(rendererFolder: string): Promise<void> {
  const isThere = await stat(join(rendererFolder, 'index.html')).then((found) => found.isFile(), () => false)
  if (!isThere) throw new Error(`The window is not built: ${join(rendererFolder, 'index.html')} is missing. Run npm run build.`)
}

function listen(server: Server, port: number): Promise<number> {
  return new Promise((resolve, reject) => {
    server.once('error', (error: NodeJS.ErrnoException) => {
      const reasons: Record<string, string> = {
        EADDRINUSE: `Port ${port} is in use. Choose another with --port, or leave it out for a free one.`,
        EACCES: `Port ${port} may not be used by this user. Choose one from 1024 on with --port.`,
      }
      reject(new Error(reasons[error.code ?? ''] ?? `The lab cannot listen on 127.0.0.1: ${error.message}.`))
    })
    server.listen(port, '127.0.0.1', () => resolve((server.address() as AddressInfo).port))
  })
}

interface Refused {
  readonly status: 403 | 421
  readonly sentence: string
}

const statusWords = { 403: 'Forbidden', 421: 'Misdirected Request' } as const

function refuseUpgrade(socket: Duplex, { status, sentence }: Refused): void {
  const body = `${sentence}\n`
  socket.end(`HTTP/1.1 ${status} ${statusWords[status]}\r\nConnection: close\r\nContent-Type: text/plain; charset=utf-8\r\n`
    + `Content-Length: ${Buffer.byteLength(body)}\r\n\r\n${body}`)
}

/** Decides who is let in, and logs who is not. */
class Guard {
  readonly #origin: string
  readonly #tokenDigest: Buffer
  readonly #log: (sentence: string) => void
  #loggedThisMinute = 0
  #minute = 0

  constructor(origin: string, token: string, log: (sentence: string) => void) {
    this.#origin = origin
    this.#tokenDigest = digest(token)
    this.#log = log
  }

  /** For every request: it names this host and no other, and comes from no other page. */
  refusalOfRequest({ headers }: IncomingMessage): Refused | undefined {
    if (`http://${headers.host ?? ''}` !== this.#origin) {
      return this.#refused(421, `Host is ${quoted(headers.host)}; this lab answers only as ${this.#origin}.`)
    }
    if (headers.origin !== undefined && headers.origin !== this.#origin) {
      return this.#refused(403, `Origin is ${quoted(headers.origin)}; only this lab's own page may ask.`)
    }
    return undefined
  }

  /** For a WebSocket besides: a page of ours, which was given the token. */
  refusalOfSocket({ headers, url }: IncomingMessage): Refused | undefined {
    if (url !== socketPath) return this.#refused(403, `There is no WebSocket at ${quoted(url?.replace(/\?.*$/s, ''))}.`)
    if (headers.origin !== this.#origin) return this.#refused(403, 'A WebSocket without an Origin is not from a page of this lab.')
    const offered = (headers['sec-websocket-protocol'] ?? '').split(',').map((name) => name.trim())
    if (!offered.includes(subprotocol)) return this.#refused(403, `The WebSocket does not speak ${subprotocol}.`)
    const token = offered.find((name) => name.startsWith(tokenPrefix))?.slice(tokenPrefix.length) ?? ''
    if (!timingSafeEqual(digest(token), this.#tokenDigest)) {
      return this.#refused(403, 'The token is missing or wrong; open the address that the lab printed when it started.')
    }
    return undefined
  }

  #refused(status: Refused['status'], sentence: string): Refused {
    const minute = Math.floor(performance.now() / 60_000)
    if (minute !== this.#minute) this.#loggedThisMinute = 0
    this.#minute = minute
    if (++this.#loggedThisMinute <= refusalsLoggedMax) this.#log(`Refused with ${status}: ${sentence}`)
    else if (this.#loggedThisMinute === refusalsLoggedMax + 1) this.#log('More requests are refused; they are not logged for the rest of this minute.')
    return { status, sentence }
  }
}

/** What a stranger sent, safe for a log line. */
function quoted(text: string | undefined): string {
  return text === undefined ? 'missing' : JSON.stringify(text.slice(0, 100))
}

/** Equal lengths, so that the comparison takes equal time. */
function digest(token: string): Buffer {
  return createHash('sha256').update(token).digest()
}
