// TLS at the web host: a browser's behaviour with a certificate that it trusts, and the sentences for unusable certificates.
import { execFileSync } from 'node:child_process'
import { mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { mkdir, writeFile } from 'node:fs/promises'
import { request } from 'node:https'
import { connect, type Socket } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { WebSocket } from 'ws'
import type { Port } from '../../contract'
import { newToken } from './guard'
import { certificateProblem, isLoopback } from './listening'
import { startWebHost, type WebHost } from './web-host'

let folder: string
let cert: string
let key: string

const pem = (name: string, days: number): { cert: string; key: string } => {
  execFileSync('openssl', ['req', '-x509', '-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:prime256v1', '-nodes', '-days', String(days), '-subj', '/CN=lab', '-addext', 'subjectAltName=IP:127.0.0.1',
    '-keyout', join(folder, `${name}.key`), '-out', join(folder, `${name}.crt`)], { stdio: 'ignore' })
  return { cert: readFileSync(join(folder, `${name}.crt`), 'utf8'), key: readFileSync(join(folder, `${name}.key`), 'utf8') }
}

beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), 'tls-'))
  ;({ cert, key } = pem('own', 30))
  await mkdir(join(folder, 'renderer'))
  await writeFile(join(folder, 'renderer', 'index.html'), 'lab')
})
afterAll(() => rmSync(folder, { recursive: true }))

const start = (ports: Port[], more: object = {}): Promise<WebHost> => startWebHost({
  doors: [{ token: newToken(), connect: (port) => void ports.push(port), problem: () => '' }], listening: { port: 0, tls: { cert, key } }, rendererFolder: join(folder, 'renderer'), log: () => undefined, ...more,
})

describe('with TLS', () => {
  it('serves the page and its WebSocket, and closes', async () => {
    const ports: Port[] = []
    const door = { token: newToken(), connect: (port: Port) => void ports.push(port), problem: () => '' }
    const host = await start(ports, { doors: [door] })
    expect(host.origin).toMatch(/^https:\/\/127\.0\.0\.1:\d+$/)
    const status = await new Promise((resolve, reject) => {
      request(`${host.origin}/`, { ca: cert }, (response) => { response.resume(); resolve(response.statusCode) }).on('error', reject).end()
    })
    expect(status).toBe(200)
    const socket = new WebSocket(`${host.origin.replace('https', 'wss')}/ws`, ['lab.v1', `tok.${door.token}`], { origin: host.origin, ca: cert })
    await new Promise((resolve, reject) => { socket.on('open', resolve); socket.on('error', reject) })
    expect(ports).toHaveLength(1)
    await host.close()
  })

  it('a caller that never shakes hands keeps no place: others are let in when all are taken', async () => {
    const host = await start([], { connectionsMax: 4 })
    const { port } = new URL(host.origin)
    const held: Socket[] = []
    for (let count = 0; count < 8; count++) held.push(connect(Number(port), '127.0.0.1').on('error', () => undefined))
    for (let count = 0; count < 3; count++) {
      const status = await new Promise((resolve, reject) => {
        request(`${host.origin}/`, { ca: cert, agent: false }, (response) => { response.resume(); resolve(response.statusCode) }).on('error', reject).end()
      })
      expect(status).toBe(200)
    }
    for (const socket of held) socket.destroy()
    await host.close()
  })

  it('a certificate and a key that cannot be used together are refused in one sentence', async () => {
    const other = pem('other', 30)
    for (const tls of [{ cert, key: other.key }, { cert: 'x', key }, { cert: '', key: '' }, { cert: key, key: cert }]) {
      await expect(start([], { listening: { port: 0, tls } })).rejects.toThrow(/^The certificate and its key cannot be used \([^\n]+\)\. Both are PEM files, and belong together\.$/)
    }
  })

  it('an expired certificate is told', () => {
    expect(certificateProblem({ cert }, new Date())).toBeUndefined()
    expect(certificateProblem({ cert }, new Date(), '127.0.0.1')).toBeUndefined()
    for (const name of ['lab.example', '10.0.0.1']) expect(certificateProblem({ cert }, new Date(), name)).toBe(`The certificate is not for ${name}; browsers will refuse the addresses that are printed here.`)
    expect(certificateProblem({ cert }, new Date(Date.now() + 40 * 24 * 3600 * 1000))).toMatch(/^The certificate expired on .+; browsers will refuse it\.$/)
    expect(certificateProblem({ cert }, new Date(0))).toMatch(/^The certificate is valid from .+ on only; browsers will refuse it\.$/)
  })
})

it('what other machines cannot reach', () => {
  expect(['127.0.0.1', '127.8.8.8', '::1', 'localhost'].map(isLoopback)).toEqual([true, true, true, true])
  expect(['0.0.0.0', '::', '10.0.0.1', '128.0.0.1', 'lab.example', '127.0.0.1.evil.example'].map(isLoopback)).toEqual([false, false, false, false, false, false])
})
