// The listening flags of `serve` and their consistency.
// It must never listen beyond this machine unless `--listen` says so, with TLS or with `--insecure`.
import { readFileSync } from 'node:fs'
import { isIP } from 'node:net'
import type { Command } from 'commander'
import { certificateProblem, isLoopback, type Listening } from '../lab'
import { reasonOf } from '../system'
import { CannotRun, wholeNumber } from './cannot-run'

export interface ListenFlags {
  readonly port: number
  readonly listen?: string
  readonly hostName: readonly string[]
  readonly tlsCert?: string
  readonly tlsKey?: string
  readonly insecure?: boolean
}

export function addListenFlags(command: Command): void {
  command
    .option('--port <number>', 'port; 0 takes a free one', wholeNumber('--port', 0, 65_535), 0)
    .option('--listen <address>', 'an address of this machine that others reach, or 0.0.0.0 for all of them; needs TLS or --insecure (127.0.0.1 without it)')
    .option('--host-name <name>', 'a name under which browsers ask for this host besides its addresses; may be repeated', collect, [])
    .option('--tls-cert <file>', 'the certificate, and those that it stands on, as PEM')
    .option('--tls-key <file>', 'its private key, as PEM')
    .option('--insecure', 'listens beyond this machine without TLS: whoever is on the way can read everything, tokens too')
}

function collect(name: string, before: readonly string[]): string[] {
  return [...before, name]
}

/** Throws a CannotRun if the flags do not fit together or a file cannot be used. Doubtful settings are logged. */
export function listeningOf({ port, listen, hostName, tlsCert, tlsKey, insecure = false }: ListenFlags, log: (sentence: string) => void): Listening {
  if ((tlsCert === undefined) !== (tlsKey === undefined)) throw new CannotRun(`${tlsCert === undefined ? '--tls-key needs --tls-cert' : '--tls-cert needs --tls-key'}: TLS takes a certificate and its key.`)
  const tls = tlsCert === undefined || tlsKey === undefined ? undefined : { cert: readPem(tlsCert), key: readPem(tlsKey) }
  for (const name of hostName) requireName('--host-name', name)
  const host = listen === undefined ? undefined : addressOf(listen)
  const isLocal = host === undefined || isLoopback(host)
  if (insecure && host === undefined) throw new CannotRun('--insecure goes with --listen: without that only this machine is served.')
  if (!isLocal && tls === undefined && !insecure) {
    throw new CannotRun(`--listen ${host} can be reached by others: give --tls-cert and --tls-key, or say --insecure if whoever is on the way may read everything, tokens too.`)
  }
  if (tls) warnOfCertificate(tls, hostName[0] ?? host, log)
  else if (!isLocal) log('What browsers and this host say to each other can be read and changed on the way (--insecure).')
  return { port, names: hostName, ...(host === undefined ? {} : { host }), ...(tls ? { tls } : {}) }
}

function readPem(path: string): string {
  try {
    return readFileSync(path, 'utf8')
  } catch (error) {
    throw new CannotRun(`${path} cannot be read (${reasonOf(error)}).`)
  }
}

function warnOfCertificate(tls: { readonly cert: string; readonly key: string }, name: string | undefined, log: (sentence: string) => void): void {
  if (/ENCRYPTED/.test(tls.key)) throw new CannotRun('The key is encrypted with a passphrase, which nobody is asked for here; give one that is not.')
  if (![tls.cert, tls.key].every((text) => text.includes('-----BEGIN '))) throw new CannotRun('The certificate and its key must be PEM files, which have lines such as "-----BEGIN CERTIFICATE-----".')
  try {
    const problem = certificateProblem(tls, new Date(), name)
    if (problem !== undefined) log(problem)
  } catch (error) {
    throw new CannotRun(`The certificate cannot be used (${reasonOf(error)}). It is a PEM file.`)
  }
}

/** An IPv6 address may be in brackets, as in a browser. */
function addressOf(listen: string): string {
  const host = listen.replace(/^\[(.*)\]$/, '$1')
  if (isIP(host) === 0) requireName('--listen', host)
  return host
}

/** A host name must have a letter: a number would be read as an address. */
function requireName(flag: string, name: string): void {
  const isName = /^(?!.*\.\.)[\p{L}\p{N}]([\p{L}\p{N}.-]{0,251}[\p{L}\p{N}])?$/u.test(name) && /\p{L}/u.test(name) && URL.canParse(`http://${name}`)
  if (!isName) throw new CannotRun(`${flag} takes ${flag === '--listen' ? 'an address, or ' : ''}a name such as lab.example.edu, without a port, not ${JSON.stringify(name.slice(0, 100))}.`)
}
