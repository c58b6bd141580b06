// A direct-mode cluster for a bench: a view server and replicas, each a measured node (measured-node.ts) in a process of its own, on Unix sockets
// in a folder of its own. It must never leave a process or file behind, also when the bench dies.
import { fork, type ChildProcess } from 'node:child_process'
import { once } from 'node:events'
import { join } from 'node:path'
import { setTimeout as pause } from 'node:timers/promises'
import { DirectClient } from '../cluster'
import { defaultSettings, viewServerName, type Report, type Settings, type View } from '../protocol'
import { type TemporaryFolder, killChild, makeTemporaryFolder } from '../system'
import type { MeasuredNodeStart, NodeFacts, NodeQuestion } from './measured-node'

/** Time limit for an expected state. */
export const patienceMs = 60_000

/** As long as any node name. */
const longestName = 'x'.repeat(20)

export interface MeasuredClusterOptions {
  /** The built program of a measured node. */
  readonly program: string
  readonly settings: Partial<Settings>
  readonly watchesLoop?: boolean
}

export class MeasuredCluster {
  readonly #folder = benchFolder()
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
    return join(this.#folder.path, name)
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

  /** A client without an operation timeout; closed with the cluster. */
  client(settings: Partial<Settings> = {}, onReport: (report: Report) => void = () => undefined): DirectClient {
    const client = new DirectClient({
      viewServer: this.addressOf(viewServerName), settings: { ...this.settings, operationTimeoutMs: 0, ...settings }, log: () => undefined, onReport,
    })
    this.#clients.push(client)
    return client
  }

  /** SIGKILL, at once. */
  kill(name: string): void {
    killChild(this.#childOf(name), 'SIGKILL')
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
    this.#folder.remove()
  }

  #childOf(name: string): ChildProcess {
    const child = this.#children.get(name)
    if (!child) throw new Error(`${name} was never started`)
    return child
  }
}

/**
 * Waits for an acked view with this many backups that has not changed for `restMs`. A newly started idle server appears once it has pinged. No
 * message tells an operator so; a stable view shows it.
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

/** A temporary folder in which nodes listen. */
export function benchFolder(): TemporaryFolder {
  return makeTemporaryFolder('bench', { inside: longestName })
}

/** Starts a program of the bench with an IPC channel, whose end also shows the program that the bench has ended. */
export function startProgram(program: string, parameters: readonly string[]): ChildProcess {
  const { NODE_EXTRA_CA_CERTS: _, ...environment } = process.env // Parsed at every start without use: no node speaks TLS.
  return fork(program, parameters, { env: environment, stdio: ['ignore', 'inherit', 'inherit', 'ipc'], execArgv: [] })
}

/** Resolves with a program's first message, which says that it is up. */
export async function firstMessage(child: ChildProcess, name: string): Promise<unknown> {
  const ended = once(child, 'exit').then(() => {
    throw new Error(`${name} could not be started`)
  })
  ended.catch(() => undefined) // Every program ends; only an end before the first message is an error.
  const [message] = await Promise.race([once(child, 'message'), ended]) as [unknown]
  return message
}

export async function end(child: ChildProcess): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return
  killChild(child, 'SIGKILL')
  await once(child, 'exit')
}
