// The supervisor, in the lab's own process: starts the switchboard and the nodes as child processes and tells the switchboard how
// they end. Signals are the switchboard's business, so that every kill has its place in the one order of events.
import { spawn, type ChildProcess } from 'node:child_process'
import { randomBytes } from 'node:crypto'
import { mkdtempSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { NodeName } from '../protocol'

/** Linux takes 107 bytes and macOS 103, and Node cuts a longer path without a word. */
export const socketPathBytesMax = 103
/** What is kept of a process's standard error. */
const stderrBytesMax = 4096

export interface ChildExit {
  readonly code: number | null
  readonly signal: string | null
  readonly stderr: string
}

export interface Child {
  /** Undefined if the process could not be started. */
  readonly pid: number | undefined
  /** Descriptor 3, for the switchboard. */
  readonly pipe: NodeJS.ReadWriteStream | undefined
  /** Settles when the process has ended and its standard error was read; or could not be started (then `stderr` says why). */
  readonly exited: Promise<ChildExit>
  kill(): void
}

/** A private folder with a short path for the switchboard's socket; on Windows the name of a pipe. */
export function createSocketPath(): string {
  if (process.platform === 'win32') return `\\\\.\\pipe\\understudy-${randomBytes(12).toString('hex')}`
  const name = 'understudy-XXXXXX/s'
  const base = Buffer.byteLength(join(tmpdir(), name)) <= socketPathBytesMax ? tmpdir() : '/tmp'
  // mkdtemp makes it 0700.
  return join(mkdtempSync(join(base, 'understudy-')), 's')
}

export function startSwitchboardProcess(program: string): Child {
  return start(program, [], {}, true)
}

export function startNodeProcess(program: string, socketPath: string, secret: string, name: NodeName, incarnation: number): Child {
  return start(program, [socketPath, name, String(incarnation)], { UNDERSTUDY_SECRET: secret }, false)
}

function start(program: string, parameters: readonly string[], extra: NodeJS.ProcessEnv, withPipe: boolean): Child {
  const child = spawn(process.execPath, [program, ...parameters], {
    stdio: ['ignore', 'ignore', 'pipe', ...(withPipe ? ['pipe' as const] : [])],
    env: { ...cleanEnvironment(), ...extra },
    windowsHide: true,
  })
  return {
    pid: child.pid,
    pipe: withPipe ? child.stdio[3] as NodeJS.ReadWriteStream | undefined : undefined,
    exited: exitOf(child),
    kill: () => child.kill('SIGKILL'),
  }
}

/**
 * What a child inherits: nothing that changes how Node runs or that is secret. A bundle of extra certificates costs 36 ms at every
 * start. Under Electron its own binary is the Node, which it must be told.
 */
function cleanEnvironment(): NodeJS.ProcessEnv {
  const kept = ['PATH', 'HOME', 'TMPDIR', 'TEMP', 'TMP', 'LANG', 'LC_ALL', 'SystemRoot', 'SYSTEMROOT', 'LD_LIBRARY_PATH']
  const environment: NodeJS.ProcessEnv = {}
  for (const name of kept) if (process.env[name] !== undefined) environment[name] = process.env[name]
  if (process.versions['electron']) environment['ELECTRON_RUN_AS_NODE'] = '1'
  return environment
}

function exitOf(child: ChildProcess): Promise<ChildExit> {
  let stderr = ''
  child.stderr?.setEncoding('utf8').on('data', (text: string) => {
    stderr = (stderr + text).slice(-stderrBytesMax)
  })
  return new Promise((settle) => {
    child.once('error', (error) => settle({ code: null, signal: null, stderr: error.message }))
    child.once('close', (code, signal) => settle({ code, signal, stderr: stderr.trimEnd() }))
  })
}
