// The processes of one bench: started here, ended here by pid, whatever happens. Each one is bounded in time, and inherits nothing that
// changes how Node runs: a bundle of extra certificates alone costs 36 ms at every start.
import { spawn, type ChildProcess } from 'node:child_process'
import { once } from 'node:events'
import { rmSync } from 'node:fs'

/** A server that has not said that it is ready by then will not. */
const readyMs = 20_000
/** What is kept of a child's standard error, to say why it ended. */
const saidBytesMax = 4096
/** Output of a program that is run to its end. */
const outputBytesMax = 64 * 1024 * 1024

export interface Started {
  readonly child: ChildProcess
  readonly pid: number
  /** What it has written to its standard error, the last of it. */
  said(): string
}

export class Children {
  readonly #live = new Set<ChildProcess>()
  /** A bench that is interrupted leaves nothing behind. */
  readonly #onExit = (): void => {
    for (const child of this.#live) child.kill('SIGKILL')
  }

  constructor() {
    process.on('exit', this.#onExit)
  }

  /** Starts a program that runs until it is ended. `core` pins it to one processor core with taskset. */
  start(program: string, parameters: readonly string[], { core = -1 }: { core?: number } = {}): Started {
    const [file, ...rest] = pinned(program, parameters, core)
    const child = spawn(file, rest, { stdio: ['ignore', 'pipe', 'pipe'], env: childEnvironment() })
    this.#live.add(child)
    let said = ''
    child.on('exit', () => this.#live.delete(child))
    child.on('error', (error) => {
      said += error.message
      this.#live.delete(child)
    })
    child.stderr.on('data', (data: Buffer) => {
      said = (said + String(data)).slice(-saidBytesMax)
    })
    return { child, pid: child.pid ?? 0, said: () => said.trim() }
  }

  /** Starts a server and resolves with the first line that it prints: where it listens. */
  async startUntilLine(program: string, parameters: readonly string[], options: { core?: number } = {}): Promise<Started & { line: string }> {
    const started = this.start(program, parameters, options)
    const { child } = started
    const timer = setTimeout(() => child.kill('SIGKILL'), readyMs)
    try {
      const first = await Promise.race([
        once(child.stdout ?? child, 'data') as Promise<[Buffer]>,
        once(child, 'exit').then(() => null),
      ])
      if (!first) throw new Error(`${program} ended before it was ready: ${started.said()}`)
      child.stdout?.resume()
      return { ...started, line: String(first[0]).trim() }
    } finally {
      clearTimeout(timer)
    }
  }

  /** Runs a program to its end and resolves with what it printed; rejects with what it said if that was not well. */
  async run(program: string, parameters: readonly string[], { core = -1, timeoutMs = 60_000 }: { core?: number; timeoutMs?: number } = {}): Promise<string> {
    const started = this.start(program, parameters, { core })
    const { child } = started
    let output = ''
    child.stdout?.on('data', (data: Buffer) => {
      output += String(data)
      if (output.length > outputBytesMax) child.kill('SIGKILL')
    })
    const timer = setTimeout(() => child.kill('SIGKILL'), timeoutMs)
    try {
      const [status, signal] = await once(child, 'close') as [number | null, string | null]
      if (status !== 0) throw new Error(`${program} ${parameters.join(' ')} ended with ${signal ?? `status ${status}`}: ${started.said() || output.trimEnd().slice(-saidBytesMax)}`)
      return output
    } finally {
      clearTimeout(timer)
    }
  }

  async stop({ child }: Started): Promise<void> {
    if (!this.#live.has(child)) return
    const gone = once(child, 'exit')
    child.kill('SIGKILL')
    await gone
  }

  async close(): Promise<void> {
    await Promise.all([...this.#live].map((child) => this.stop({ child, pid: 0, said: () => '' })))
    process.off('exit', this.#onExit)
  }
}

/** A folder that is removed by the call, or else when this process exits. */
export function removedAtExit(folder: string): () => void {
  const remove = (): void => {
    process.off('exit', remove)
    rmSync(folder, { recursive: true, force: true, maxRetries: 5 })
  }
  process.on('exit', remove)
  return remove
}

function pinned(program: string, parameters: readonly string[], core: number): [string, ...string[]] {
  return core < 0 ? [program, ...parameters] : ['taskset', '-c', String(core), program, ...parameters]
}

function childEnvironment(): NodeJS.ProcessEnv {
  const environment: NodeJS.ProcessEnv = {}
  for (const name of ['PATH', 'HOME', 'TMPDIR', 'LANG', 'LD_LIBRARY_PATH']) if (process.env[name] !== undefined) environment[name] = process.env[name]
  return environment
}
