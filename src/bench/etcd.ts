// Three etcd members on the loopback with data in memory, and a closed loop of puts to the leader through its JSON gateway.
import { existsSync, mkdtempSync } from 'node:fs'
import { Agent, request } from 'node:http'
import { join } from 'node:path'
import type { BenchPlace } from './bench'
import { removedAtExit, type Started } from './children'
import { freePort } from './redis-pair'
import { until } from './until'

export interface Etcd {
  /** Measures puts: operations a second, and their latencies in microseconds. */
  put(load: { connections: number; seconds: number; warmSeconds: number }): Promise<{ ops_s: number; p50_us: number; p99_us: number; errors: number }>
}

const keyCount = 100_000
const encoded = (text: string): string => Buffer.from(text).toString('base64')

export async function startEtcd({ folder, children, atEnd }: BenchPlace): Promise<Etcd> {
  // A put is written to disk, but the disk is not what is compared here.
  const data = mkdtempSync(join(existsSync('/dev/shm') ? '/dev/shm' : folder, 'understudy-etcd-'))
  const members: { name: string; port: number; peer: string }[] = []
  for (const name of ['n1', 'n2', 'n3']) members.push({ name, port: await freePort(), peer: `http://127.0.0.1:${await freePort()}` })
  const started: Started[] = []
  for (const { name, port, peer } of members) {
    const url = `http://127.0.0.1:${port}`
    started.push(children.start('etcd', [
      '--name', name, '--data-dir', join(data, name), '--listen-client-urls', url, '--advertise-client-urls', url, '--listen-peer-urls', peer, '--initial-advertise-peer-urls', peer,
      '--initial-cluster', members.map((one) => `${one.name}=${one.peer}`).join(','), '--initial-cluster-state', 'new', '--log-level', 'error',
    ]))
  }
  const agent = new Agent({ keepAlive: true, maxSockets: 1000 })
  const removeData = removedAtExit(data)
  atEnd(async () => {
    agent.destroy()
    await Promise.all(started.map((member) => children.stop(member)))
    removeData()
  })
  const leader = await until('A leader of etcd', async () => {
    for (const { port } of members) {
      const status = JSON.parse(await post(agent, port, '/v3/maintenance/status', '{}')) as { leader?: string; header?: { member_id?: string } }
      if (status.leader !== undefined && status.leader === status.header?.member_id) return port
    }
    return undefined
  })
  return { put: (load) => putInLoop(agent, leader, load) }
}

async function putInLoop(agent: Agent, port: number, load: Parameters<Etcd['put']>[0]): ReturnType<Etcd['put']> {
  const { connections, seconds, warmSeconds } = load
  const value = encoded('x'.repeat(64))
  const warmUntil = performance.now() + warmSeconds * 1000
  const end = warmUntil + seconds * 1000
  const latencies: number[] = []
  let errors = 0
  const loop = async (): Promise<void> => {
    for (let now = performance.now(); now < end;) {
      const began = now
      const key = encoded(`key:${String(Math.floor(Math.random() * keyCount)).padStart(12, '0')}`)
      const isDone = await post(agent, port, '/v3/kv/put', JSON.stringify({ key, value })).then(() => true, () => false)
      now = performance.now()
      if (!isDone) errors++
      else if (now >= warmUntil && now < end) latencies.push((now - began) * 1000)
    }
  }
  await Promise.all(Array.from({ length: connections }, loop))
  latencies.sort((one, other) => one - other)
  const quantile = (share: number): number => Math.round(latencies[Math.floor(latencies.length * share)] ?? 0)
  return { ops_s: latencies.length / seconds, p50_us: quantile(0.5), p99_us: quantile(0.99), errors }
}

function post(agent: Agent, port: number, path: string, body: string): Promise<string> {
  return new Promise((resolve, reject) => {
    const headers = { 'content-type': 'application/json', 'content-length': Buffer.byteLength(body) }
    const asked = request({ host: '127.0.0.1', port, path, method: 'POST', agent, headers, timeout: 5000 }, (answer) => {
      let text = ''
      answer.on('data', (data: Buffer) => {
        text += String(data)
      })
      answer.on('end', () => answer.statusCode === 200 ? resolve(text) : reject(new Error(text)))
    })
    asked.on('timeout', () => asked.destroy(new Error('etcd did not answer in 5 s')))
    asked.on('error', reject)
    asked.end(body)
  })
}
