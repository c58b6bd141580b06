// A cluster of direct mode for a bench: a view server and replicas, each a measured node (measured-node.ts) in a process of its own, on Unix
// sockets in a folder of its own. Everything is gone when it is closed, and also when the bench dies.
import { fork, type ChildProcess } from 'node:child_process'
import { once } from 'node:events'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as pause } from 'node:timers/promises'
import { DirectClient } from '../cluster'
import { defaultSettings, viewServerName, type Report, type Settings, type View } from '../protocol'
import type { MeasuredNodeStart, NodeFacts, NodeQuestion } from './measured-node'

/** A fact that has not come by then will not come. */
export const patienceMs = 60_000

/** Paths of sockets may have 107 bytes; some of them are for the names of nodes. */
const folderBytesMax = 80

export interface MeasuredClusterOptions {
  /** The built program of a measured node. */
  readonly program: string
  readonly settings: Partial<Settings>
  readonly watchesLoop?: boolean
}

export class MeasuredCluster {
  readonly folder = benchFolder()
  readonly settings: Settings
  readonly #options: MeasuredClusterOptions
  readonly #children = new Map<string, ChildProcess>()
  readonly #clients: DirectClient[] = []
  #incarnation = Date.now()

  constructor(options: MeasuredClusterOptions) {
    this.#options = options
    this.settings = { ...defaultSettings, ...options.settings }
  }

  addressOf(name: string): string {
    return join(this.folder, name)
  }

  pidOf(name: string): number {
    return this.#childOf(name).pid ?? 0
  }

  /** Starts a node and waits until it listens. */
  async start(name: string): Promise<void> {
    const start: MeasuredNodeStart = {
      kind: name === viewServerName ? 'view-server' : 'replica', name, listen: this.addressOf(name), viewServer: this.addressOf(viewServerName),
      settings: this.settings, incarnation: ++this.#incarnation, watchesLoop: this.#options.watchesLoop ?? false,
    }
    const child = startProgram(this.#options.program, [JSON.stringify(start)])
    this.#children.set(name, child)
    await firstMessage(child, name)
  }

  /** A client that never gives an operation up; closed with the cluster. */
  client(settings: Partial<Settings> = {}, onReport: (report: Report) => void = () => undefined): DirectClient {
    const client = new DirectClient({
      viewServer: this.addressOf(viewServerName), settings: { ...this.settings, operationTimeoutMs: 0, ...settings }, log: () => undefined, onReport,
    })
    this.#clients.push(client)
    return client
  }

  /** SIGKILL, at once. */
  kill(name: string): void {
    this.#childOf(name).kill('SIGKILL')
  }

  async facts(name: string, { forget = false } = {}): Promise<NodeFacts> {
    const child = this.#childOf(name)
    const question: NodeQuestion = { ask: 'facts', forget }
    const answer = once(child, 'message')
    child.send(question)
    const [facts] = await answer as [NodeFacts]
    return facts
  }

  async close(): Promise<void> {
    for (const client of this.#clients) client.close()
    await Promise.all([...this.#children.values()].map(end))
    rmSync(this.folder, { recursive: true, force: true })
  }

  #childOf(name: string): ChildProcess {
    const child = this.#children.get(name)
    if (!child) throw new Error(`${name} was never started`)
    return child
  }
}

/**
 * Waits for an acked view with so many backups in which nothing has changed for a while. An idle server that was just started is there once
 * it has pinged; nothing tells an operator so, but a view at rest does.
 */
export async function viewAtRest(client: DirectClient, backups: number, restMs = 150): Promise<View> {
  const end = performance.now() + patienceMs
  let quietSince = performance.now()
  let last = -1
  for (;;) {
    const { current, acked } = await client.query()
    if (current.viewnum !== last) quietSince = performance.now()
    last = current.viewnum
    if (current.viewnum === acked.viewnum && acked.backups.length === backups && performance.now() - quietSince > restMs) return acked
    if (performance.now() > end) throw new Error(`the cluster did not come to an acked view with ${backups} backups`)
    await pause(5)
  }
}

export function benchFolder(): string {
  return mkdtempSync(join(Buffer.byteLength(tmpdir()) < folderBytesMax ? tmpdir() : '/tmp', 'understudy-bench-'))
}

/** A program of the bench with a channel to it, by which it also notices that the bench has ended. */
export function startProgram(program: string, parameters: readonly string[]): ChildProcess {
  const { NODE_EXTRA_CA_CERTS: _, ...environment } = process.env // Parsed at every start, for nothing: no node speaks TLS.
  return fork(program, parameters, { env: environment, stdio: ['ignore', 'inherit', 'inherit', 'ipc'], execArgv: [] })
}

/** Resolves with the first message of a program, which says that it is up. */
export async function firstMessage(child: ChildProcess, name: string): Promise<unknown> {
  const ended = once(child, 'exit').then(() => {
    throw new Error(`${name} could not be started`)
  })
  ended.catch(() => undefined) // It ends sometime; only before it is up that is a mistake.
  const [message] = await Promise.race([once(child, 'message'), ended]) as [unknown]
  return message
}

export async function end(child: ChildProcess): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return
  child.kill('SIGKILL')
  await once(child, 'exit')
}
