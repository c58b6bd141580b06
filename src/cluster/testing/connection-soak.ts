// Soak of connections: clients without a retry timer run one operation a connection, through proxies that close connections at the worst times.
// Meanwhile servers are killed, stopped and started. Every operation must end, none lost and none executed twice. A process test runs it for some
// seconds, and `npm run soak:connections` for ten minutes.
import { spawn, type ChildProcess } from 'node:child_process'
import { once } from 'node:events'
import { join } from 'node:path'
import { setTimeout as pause } from 'node:timers/promises'
import { createRandom, type Random } from '../../network'
import { defaultSettings, utf8ToBytes, type ByteString, type Member, type Message, type NodeName } from '../../protocol'
import { ClosingProxy } from './closing-proxy'
import { DirectClient } from '../direct/direct-client'
import { TimerlessClient } from './timerless-client'

export interface ConnectionSoakOptions {
  readonly seed: string
  readonly seconds: number
  /** The built command line, and an empty folder with a short path. */
  readonly program: string
  readonly folder: string
  /** Whether the servers keep journals in the folder. */
  readonly journals: boolean
}

export interface ConnectionSoakResult {
  readonly seed: string
  readonly seconds: number
  readonly operations: number
  readonly connections: number
  readonly closedBefore: number
  readonly closedAfter: number
  readonly kills: number
  readonly stops: number
  readonly views: number
  /** The longest that an operation took. */
  readonly slowestMs: number
  /** The problems found; empty if all is well. */
  readonly problems: readonly string[]
}

const servers = ['s1', 's2', 's3']
const clients = ['c1', 'c2', 'c3']
const shares = { before: 0.1, after: 0.2 }
/** Appends to one key, before the next key is used: so values stay small. */
const appendsPerKey = 200
/** Time limit of an operation. */
const patienceMs = 60_000
const flags = ['--ping-interval-ms', '50', '--ping-check-interval-ms', '50', '--dead-pings', '8', '--retry-ms', '100']

export async function connectionSoak(options: ConnectionSoakOptions): Promise<ConnectionSoakResult> {
  const cluster = new SoakedCluster(options)
  try {
    await cluster.start()
    return await cluster.run()
  } finally {
    await cluster.stop()
  }
}

type QueryReply = Extract<Message, { type: 'query-reply' }>

class SoakedCluster {
  readonly #options: ConnectionSoakOptions
  readonly #children = new Map<NodeName, ChildProcess>()
  readonly #proxies: readonly ClosingProxy[]
  readonly #random: Random
  readonly #operator: DirectClient
  #kills = 0
  #stops = 0

  constructor(options: ConnectionSoakOptions) {
    this.#options = options
    this.#random = createRandom(options.seed, 'connection soak')
    this.#proxies = servers.map((name) => new ClosingProxy({
      listen: this.#way(name), server: this.#place(name), random: createRandom(options.seed, `proxy of ${name}`), ...shares,
    }))
    this.#operator = new DirectClient({ viewServer: this.#place('vs'), settings: { ...defaultSettings, operationTimeoutMs: 0 }, log: () => undefined })
  }

  #place(name: NodeName): string {
    return join(this.#options.folder, name)
  }

  #way(name: NodeName): string {
    return join(this.#options.folder, `${name}-way`)
  }

  async start(): Promise<void> {
    await this.#spawn('vs', 'view-server', '--new-cluster')
    for (const name of servers) await this.#startServer(name)
    for (const proxy of this.#proxies) await proxy.start()
    await this.#untilWhole()
  }

  async stop(): Promise<void> {
    this.#operator.close()
    for (const proxy of this.#proxies) proxy.close()
    for (const child of this.#children.values()) await this.#end(child, 'SIGTERM')
  }

  async #spawn(name: NodeName, ...words: string[]): Promise<void> {
    const { program, folder, journals } = this.#options
    const journal = journals ? ['--journal', join(folder, `${name}.journal`)] : []
    const child = spawn(process.execPath, [program, ...words, '--listen', this.#place(name), ...flags, ...journal], { stdio: ['ignore', 'pipe', 'inherit'] })
    this.#children.set(name, child)
    await once(child.stdout, 'data')
  }

  #startServer(name: NodeName): Promise<void> {
    return this.#spawn(name, 'replica', '--name', name, '--view-server', this.#place('vs'))
  }

  async #end(child: ChildProcess, signal: NodeJS.Signals): Promise<void> {
    if (child.exitCode !== null || child.signalCode !== null) return
    child.kill('SIGCONT')
    child.kill(signal)
    await once(child, 'exit')
  }

  /** Waits for an acked view with a backup, so that one server may be lost. */
  async #untilWhole(): Promise<QueryReply> {
    for (const endMs = performance.now() + patienceMs; ; await pause(20)) {
      const answer = await this.#operator.query()
      if (answer.acked.viewnum === answer.current.viewnum && answer.acked.backups.length > 0) return answer
      if (performance.now() > endMs) throw new Error(`The cluster did not become whole again: ${JSON.stringify(answer)}`)
    }
  }

  async run(): Promise<ConnectionSoakResult> {
    const endMs = performance.now() + this.#options.seconds * 1000
    const appenders = clients.map((name) => new Appender(name, {
      name, viewServer: this.#place('vs'), wayTo: ({ name: server }: Member) => this.#way(server),
    }))
    const work = Promise.all(appenders.map((appender) => appender.run(endMs)))
    while (performance.now() < endMs) await this.#fault()
    await work
    const { current } = await this.#untilWhole()
    const problems: string[] = []
    for (const appender of appenders) problems.push(...appender.problems, ...await appender.whatIsWrong(this.#operator))
    const total = (of: (proxy: ClosingProxy) => number): number => this.#proxies.reduce((sum, proxy) => sum + of(proxy), 0)
    return {
      seed: this.#options.seed, seconds: this.#options.seconds, operations: appenders.reduce((sum, { number }) => sum + number, 0),
      connections: total(({ connections }) => connections), closedBefore: total(({ closedBefore }) => closedBefore), closedAfter: total(({ closedAfter }) => closedAfter),
      kills: this.#kills, stops: this.#stops, views: current.viewnum, slowestMs: Math.round(Math.max(...appenders.map(({ slowestMs }) => slowestMs))), problems,
    }
  }

  /** Injects one fault at a time, and only in a view that tolerates it: a cluster that loses more is stuck by design. */
  async #fault(): Promise<void> {
    await pause(200 + this.#random.below(1500))
    const { current: { primary, backups } } = await this.#untilWhole()
    const name = this.#random.pick([primary?.name ?? 's1', primary?.name ?? 's1', backups[0]?.name ?? 's2', this.#random.pick(servers)])
    const child = this.#children.get(name)
    if (!child) return
    if (this.#random.chance(0.3)) {
      this.#stops++
      child.kill('SIGSTOP')
      await pause(50 + this.#random.below(900))
      child.kill('SIGCONT')
      return
    }
    this.#kills++
    await this.#end(child, 'SIGKILL')
    await pause(this.#random.below(1000))
    await this.#startServer(name)
  }
}

/** Appends numbers, one after the other, to keys of its own. */
class Appender {
  number = 0
  slowestMs = 0
  readonly problems: string[] = []
  readonly #name: NodeName
  readonly #client: TimerlessClient

  constructor(name: NodeName, options: ConstructorParameters<typeof TimerlessClient>[0]) {
    this.#name = name
    this.#client = new TimerlessClient(options)
  }

  async run(endMs: number): Promise<void> {
    while (performance.now() < endMs && this.problems.length === 0) {
      const beganMs = performance.now()
      const value = utf8ToBytes(`${++this.number};`)
      const timer = new AbortController()
      const isLate = pause(patienceMs, 'late' as const, { signal: timer.signal }).catch(() => 'ended' as const)
      const result = await Promise.race([this.#client.operation({ type: 'append', key: this.#keyOf(this.number), value }), isLate])
      timer.abort()
      this.slowestMs = Math.max(this.slowestMs, performance.now() - beganMs)
      if (result === 'late') this.problems.push(`append ${this.number} of ${this.#name} has not ended after ${patienceMs / 1000} s`)
      else if (result !== 'ended' && result.type !== 'done') this.problems.push(`append ${this.number} of ${this.#name} gave ${result.type}`)
    }
  }

  #keyOf(number: number): ByteString {
    return utf8ToBytes(`${this.#name}-${Math.floor(number / appendsPerKey)}`)
  }

  /** Checks that every key holds its numbers, each once and in order; returns the problems. */
  async whatIsWrong(reader: DirectClient): Promise<string[]> {
    const expected = new Map<ByteString, string>()
    for (let number = 1; number <= this.number; number++) expected.set(this.#keyOf(number), `${expected.get(this.#keyOf(number)) ?? ''}${number};`)
    const problems: string[] = []
    for (const [key, value] of expected) {
      const outcome = await reader.operation({ type: 'get', key })
      const found = outcome.type === 'ok' && outcome.result.type === 'value' ? outcome.result.value : outcome.type
      if (found !== utf8ToBytes(value)) problems.push(`${key} holds ${found.slice(-40)} and should end with ${value.slice(-40)}`)
    }
    return problems
  }
}
