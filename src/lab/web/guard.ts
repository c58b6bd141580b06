// Authorises requests to the web host by their Host, their Origin and their token, and logs refusals.
// It must never put a token into a log.
import { createHash, randomBytes, timingSafeEqual } from 'node:crypto'
import type { IncomingMessage } from 'node:http'

/** Refusals that are logged in one minute; more are only counted. */
export const refusalsLoggedMax = 20

/** The WebSocket subprotocol of the calls; the token is sent as a second subprotocol. */
export const subprotocol = 'lab.v1'
const tokenPrefix = 'tok.'
const socketPath = '/ws'

export interface Refused {
  readonly status: 403 | 421 | 503
  readonly sentence: string
}

/** A random token of 192 bits, safe in a URL and as a subprotocol. */
export function newToken(): string {
  return randomBytes(24).toString('base64url')
}

/** Anything that a token gives access to. */
export interface Keyed {
  readonly token: string
}

export interface GuardOptions {
  /** The origins under which browsers may reach this host, such as `http://127.0.0.1:8080`. Any other Host or Origin is refused. */
  readonly origins: readonly string[]
  readonly log: (sentence: string) => void
}

export class Guard {
  readonly #options: GuardOptions
  /** Origins by the value of the Host header. */
  readonly #origins: ReadonlyMap<string, string>
  #loggedThisMinute = 0
  #minute = 0

  constructor(options: GuardOptions) {
    this.#options = options
    this.#origins = new Map(options.origins.map((origin) => [new URL(origin).host, origin]))
  }

  /** Checks every request: its Host must be this host, and its Origin, if any, must be ours. */
  refusalOfRequest({ headers }: IncomingMessage): Refused | undefined {
    const origin = this.#originOf(headers.host)
    if (origin === undefined) return this.#refused(421, `Host is ${quoted(headers.host)}; this lab answers only as ${this.#options.origins.join(', ')}.`)
    if (headers.origin !== undefined && headers.origin !== origin) {
      return this.#refused(403, `Origin is ${quoted(headers.origin)}; only this lab's own page may ask.`)
    }
    return undefined
  }

  /** Also checks a WebSocket: our Origin and a valid token. Returns what the token opens, or the refusal. */
  letIn<Door extends Keyed>({ headers, url }: IncomingMessage, doors: readonly Door[]): Door | Refused {
    if (url !== socketPath) return this.#refused(403, `There is no WebSocket at ${quoted(url?.replace(/\?.*$/s, ''))}.`)
    if (headers.origin === undefined || headers.origin !== this.#originOf(headers.host)) return this.#refused(403, 'A WebSocket without an Origin is not from a page of this lab.')
    const offered = (headers['sec-websocket-protocol'] ?? '').split(',').map((name) => name.trim())
    if (!offered.includes(subprotocol)) return this.#refused(403, `The WebSocket does not speak ${subprotocol}.`)
    return this.#opened(offered.find((name) => name.startsWith(tokenPrefix))?.slice(tokenPrefix.length) ?? '', doors)
  }

  /** Checks a request with `Authorization: Bearer TOKEN`. */
  letInBearer<Door extends Keyed>({ headers }: IncomingMessage, doors: readonly Door[]): Door | Refused {
    return this.#opened(/^Bearer ([\w-]+)$/.exec(headers.authorization ?? '')?.[1] ?? '', doors)
  }

  /** A refusal that is not the caller's fault. */
  busy(sentence: string): Refused {
    return this.#refused(503, sentence)
  }

  #originOf(host: string | undefined): string | undefined {
    return this.#origins.get((host ?? '').toLowerCase())
  }

  /** Compares with all tokens in constant time. */
  #opened<Door extends Keyed>(token: string, doors: readonly Door[]): Door | Refused {
    const shown = digest(token)
    const [opened] = doors.filter((door) => timingSafeEqual(shown, digest(door.token)))
    return opened ?? this.#refused(403, 'The token is missing or wrong; open the address that the lab printed when it started.')
  }

  #refused(status: Refused['status'], sentence: string): Refused {
    const { log } = this.#options
    const minute = Math.floor(performance.now() / 60_000)
    if (minute !== this.#minute) this.#loggedThisMinute = 0
    this.#minute = minute
    if (++this.#loggedThisMinute <= refusalsLoggedMax) log(`Refused with ${status}: ${sentence}`)
    else if (this.#loggedThisMinute === refusalsLoggedMax + 1) log('More requests are refused; they are not logged for the rest of this minute.')
    return { status, sentence }
  }
}

/** Quotes text of an unauthenticated client for a log line. */
function quoted(text: string | undefined): string {
  return text === undefined ? 'missing' : JSON.stringify(text.slice(0, 100))
}

/** Hashes give equal lengths, which a constant-time comparison needs. */
function digest(token: string): Buffer {
  return createHash('sha256').update(token).digest()
}
