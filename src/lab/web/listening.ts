// Where the web host listens, with or without TLS, and under which names browsers may reach it. The default is 127.0.0.1 alone.
// It must never listen beyond this machine unless configured to.
import { createPrivateKey, X509Certificate } from 'node:crypto'
import { createServer, type Server } from 'node:http'
import { createServer as createSecureServer } from 'node:https'
import { isIP, type AddressInfo } from 'node:net'
import { hostname, networkInterfaces } from 'node:os'
import { createSecureContext } from 'node:tls'
import { reasonOf } from '../../system'

export interface Listening {
  /** 0: a free one. */
  readonly port: number
  /** An address of this machine, or `0.0.0.0` or `::` for all of them; by default 127.0.0.1. */
  readonly host?: string
  /** Additional DNS names under which browsers may reach it. */
  readonly names?: readonly string[]
  /** PEM. Without it the traffic is not encrypted. */
  readonly tls?: { readonly cert: string; readonly key: string }
}

const thisMachine = '127.0.0.1'
/** The time limit of a TLS handshake. */
const handshakeMs = 5000

/** True for an address that no other machine can reach. */
export function isLoopback(host: string): boolean {
  return host === 'localhost' || host === '::1' || /^127\.\d+\.\d+\.\d+$/.test(host)
}

export interface HttpLimits {
  readonly headersTimeout: number
  readonly requestTimeout: number
  readonly connectionsCheckingInterval: number
}

/** Creates a server that does not listen yet. Throws one sentence if the certificate cannot be used. */
export function createHttpServer({ tls }: Listening, limits: HttpLimits): Server {
  if (tls === undefined) return createServer(limits)
  requireUsable(tls)
  // Both server types have the same interface; only the transport differs.
  return createSecureServer({ ...limits, ...tls, handshakeTimeout: handshakeMs, minVersion: 'TLSv1.2' })
}

/** One sentence why browsers will reject this certificate for `name`; undefined if they will not. */
export function certificateProblem({ cert }: { readonly cert: string }, now: Date, name?: string): string | undefined {
  const certificate = new X509Certificate(cert)
  const { validFrom, validTo } = certificate
  if (new Date(validTo) < now) return `The certificate expired on ${validTo}; browsers will refuse it.`
  if (new Date(validFrom) > now) return `The certificate is valid from ${validFrom} on only; browsers will refuse it.`
  if (name === undefined || name === '0.0.0.0' || name === '::') return undefined
  const isNamed = isIP(name) === 0 ? certificate.checkHost(name) : certificate.checkIP(name)
  return isNamed === undefined ? `The certificate is not for ${name}; browsers will refuse the addresses that are printed here.` : undefined
}

function requireUsable(tls: NonNullable<Listening['tls']>): void {
  try {
    createSecureContext(tls)
    if (!new X509Certificate(tls.cert).checkPrivateKey(createPrivateKey(tls.key))) throw new Error('the key is that of another certificate')
  } catch (error) {
    throw new Error(`The certificate and its key cannot be used (${reasonOf(error)}). Both are PEM files, and belong together.`)
  }
}

/** Resolves with the origins of this host; the first is the one to print. Rejects with one sentence. */
export async function listen(server: Server, { port, host = thisMachine, names = [], tls }: Listening): Promise<string[]> {
  const taken = await new Promise<number>((resolve, reject) => {
    server.once('error', (error: NodeJS.ErrnoException) => reject(new Error(listenProblem(error, host, port))))
    server.listen(port, host, () => resolve((server.address() as AddressInfo).port))
  })
  const hosts = new Set([...names, ...addressesOf(host)].map((name) => name.toLowerCase()))
  return [...hosts].map((name) => new URL(`${tls ? 'https' : 'http'}://${name.includes(':') ? `[${name}]` : name}:${taken}`).origin)
}

function listenProblem(error: NodeJS.ErrnoException, host: string, port: number): string {
  switch (error.code) {
    case 'EADDRINUSE': return `Port ${port} is in use. Choose another with --port, or leave it out for a free one.`
    case 'EACCES': return `Port ${port} may not be used by this user. Choose one from 1024 on with --port.`
    case 'EADDRNOTAVAIL': return `${host} is no address of this machine; its addresses are ${addressesOf('0.0.0.0').filter((name) => isIP(name) > 0).join(', ')}.`
    case 'ENOTFOUND':
    case 'EAI_AGAIN': return `${host} is no address: no machine of that name is known.`
    default: return `The lab cannot listen on ${host}: ${error.message}.`
  }
}

/** The host names of the listening address. For all addresses: first those that others can reach, then this machine's own. */
function addressesOf(host: string): string[] {
  if (host !== '0.0.0.0' && host !== '::') return [host]
  const all = Object.values(networkInterfaces()).flatMap((each) => each ?? [])
  const reached = all.filter(({ internal, scopeid = 0, family }) => !internal && scopeid === 0 && (family === 'IPv4' || host === '::'))
  return [...reached.map(({ address }) => address), hostname(), thisMachine, 'localhost', ...host === '::' ? ['::1'] : []]
}
