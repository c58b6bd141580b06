// The child processes of one bench: starts them, and ends them by pid in any case. Each has a time limit. A child must never inherit a variable
// that changes how Node runs: a bundle of extra certificates alone costs 36 ms at every start.
import { spawn, type ChildProcess } from 'node:child_process'
import { once } from 'node:events'
import { rmSync } from 'node:fs'
import { atEnd, killChild } from '../system'

/** Time limit for a server to report that it is ready. */
const readyMs = 20_000
/** A child that was asked to end is killed after this time. */
const endMs = 10_000
/** Bytes kept of a child's standard error, to say why it ended. */
const saidBytesMax = 4096
/** Most output of a program that runs to its end. */
const outputBytesMax = 64 * 1024 * 1024

export interface Started {
  readonly child: ChildProcess
  readonly pid: number
  /** The last part of its standard error. */
  said(): string
}

export interface StartOptions {
  readonly core?: number
  readonly env?: NodeJS.ProcessEnv
}

export class Children {
  readonly #live = new Set<ChildProcess>()
  /** An interrupted bench must kill its children before the folders that they write to are removed. */
  readonly #takeBackEnd = atEnd(() => {
    for (const child of this.#live) killChild(child, 'SIGKILL')
  })

  /** Starts a program that runs until it is ended. `core` pins it to one processor core with taskset; `env`: variables beyond the few that every child gets. */
  start(program: string, parameters: readonly string[], { core = -1, env = {} }: StartOptions = {}): Started {
    const [file, ...rest] = pinned(program, parameters, core)
    const child = spawn(file, rest, { stdio: ['ignore', 'pipe', 'pipe'], env: { ...childEnvironment(), ...env } })
    if (child.pid !== undefined) this.#live.add(child)
    let said = ''
    child.on('exit', () => this.#live.delete(child))
    child.on('error', (error) => {
      said += error.message
      this.#live.delete(child)
    })
    // If too few files may be open there are no pipes, whatever the types say.
    const stderr = child.stderr as typeof child.stderr | undefined
    stderr?.on('data', (data: Buffer) => {
      said = (said + String(data)).slice(-saidBytesMax)
    })
    return { child, pid: child.pid ?? 0, said: () => said.trim() }
  }

  /** Starts a server and resolves with the first line that it prints: where it listens. */
  async startUntilLine(program: string, parameters: readonly string[], options: StartOptions = {}): Promise<Started & { line: string }> {
    const started = this.start(program, parameters, options)
    const { child } = started
    const timer = setTimeout(() => killChild(child, 'SIGKILL'), readyMs)
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

  /** Runs a program to its end and resolves with its output; rejects with its error output if it fails. */
  async run(program: string, parameters: readonly string[], { core = -1, timeoutMs = 60_000 }: { core?: number; timeoutMs?: number } = {}): Promise<string> {
    const started = this.start(program, parameters, { core })
    const { child } = started
    let output = ''
    child.stdout?.on('data', (data: Buffer) => {
      output += String(data)
      if (output.length > outputBytesMax) killChild(child, 'SIGKILL')
    })
    const timer = setTimeout(() => killChild(child, 'SIGKILL'), timeoutMs)
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
    killChild(child, 'SIGKILL')
    await gone
  }

  /** Asks it to end with a signal, as a user does, so that it can clean up. */
  async end({ child }: Started): Promise<void> {
    if (!this.#live.has(child)) return
    const gone = once(child, 'exit')
    const timer = setTimeout(() => killChild(child, 'SIGKILL'), endMs)
    killChild(child, 'SIGTERM')
    await gone
    clearTimeout(timer)
  }

  async close(): Promise<void> {
    await Promise.all([...this.#live].map((child) => this.stop({ child, pid: 0, said: () => '' })))
    this.#takeBackEnd()
  }
}

/** Returns a function that removes the folder; otherwise it is removed when this process exits. */
export function removedAtExit(folder: string): () => void {
  const remove = (): void => rmSync(folder, { recursive: true, force: true, maxRetries: 5 })
  const takeBack = atEnd(remove)
  return () => {
    takeBack()
    remove()
  }
}

function pinned(program: string, parameters: readonly string[], core: number): [string, ...string[]] {
  return core < 0 ? [program, ...parameters] : ['taskset', '-c', String(core), program, ...parameters]
}

function childEnvironment(): NodeJS.ProcessEnv {
  const environment: NodeJS.ProcessEnv = {}
  for (const name of ['PATH', 'HOME', 'TMPDIR', 'LANG', 'LD_LIBRARY_PATH']) if (process.env[name] !== undefined) environment[name] = process.env[name]
  return environment
}
