// The built programs, as tests run them.
import { execFile, spawnSync, type SpawnSyncOptions } from 'node:child_process'
import { join, resolve } from 'node:path'

/** The project's folder. */
export const root = resolve(import.meta.dirname, '../../..')
/** The command line, built. */
export const cli = join(root, 'out/main/cli.js')

/** Time limit of a program, in milliseconds. The real duration says how busy the machine is, and nothing about the program. */
export const hangsMs = 600_000

export interface Ran {
  /** Null if a signal ended it; {@link runProgram} gives -1 then. */
  readonly status: number | null
  readonly stdout: string
  readonly stderr: string
}

/** Runs the command line to its end, synchronously. */
export function runCli(words: readonly string[], options: Omit<SpawnSyncOptions, 'encoding' | 'timeout'> = {}): Ran {
  const { status, stdout, stderr } = spawnSync(process.execPath, [cli, ...words], { maxBuffer: 256 * 1024 * 1024, ...options, encoding: 'utf8', timeout: hangsMs, killSignal: 'SIGKILL' })
  return { status, stdout, stderr }
}

/** Runs a program to its end, asynchronously. */
export function runProgram(file: string, parameters: readonly string[]): Promise<Ran> {
  return new Promise((settle) => {
    execFile(file, parameters, { maxBuffer: 64 * 1024 * 1024, timeout: hangsMs, killSignal: 'SIGKILL' }, (error, stdout, stderr) => {
      settle({ status: typeof error?.code === 'number' ? error.code : error ? -1 : 0, stdout, stderr })
    })
  })
}
