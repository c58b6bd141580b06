// The supervisor, in the lab's own process: starts the switchboard and the nodes as child processes and reports their ends to the switchboard. It
// must never signal a running node: the switchboard does, so that every kill has a position in the order of events.
import { spawn, type ChildProcess } from 'node:child_process'
import { existsSync } from 'node:fs'
import { join } from 'node:path'
import type { NodeName } from '../../protocol'
import { killChild } from '../../system/kill-child'
import { reasonOf } from '../../system/reasons'
import { hostEnvironment, type HostedProgram } from '../foreign/program-spec'
import { ClusterFolder, folderVariable } from './cluster-folder'

/** Bytes kept of a process's standard error. */
const stderrBytesMax = 4096

export interface ChildExit {
  readonly code: number | null
  readonly signal: string | null
  readonly stderr: string
}

/** The lab's end of the pipe to its switchboard. */
export type ControlPipe = Pick<NodeJS.ReadWriteStream, 'on' | 'write' | 'end'>

export interface Child {
  /** Undefined if the process could not be started. */
  readonly pid: number | undefined
  /** Descriptor 3, for the switchboard. */
  readonly pipe: ControlPipe | undefined
  /** Settles when the process has ended and its standard error was read. Also settles when it could not be started; then `stderr` is the reason, in words. */
  readonly exited: Promise<ChildExit>
  kill(): void
}

/** What every process of a cluster is started with. */
export interface Belonging {
  readonly program: string
  /** The cluster's folder, which identifies its processes; see cluster-folder.ts. Empty where there is none. */
  readonly folder: string
}

/** Where a cluster's processes run: the operating system, or memory (testing/memory-host.ts). */
export interface ProcessHost {
  /** Throws a CannotRun where there is no room for it. */
  openFolder(): Pick<ClusterFolder, 'path' | 'socketPath' | 'note' | 'remove'>
  startSwitchboard(belonging: Belonging): Child
  startNode(start: NodeStart): Child
}

export const systemHost: ProcessHost = { openFolder: () => new ClusterFolder(), startSwitchboard: startSwitchboardProcess, startNode: startNodeProcess }

function startSwitchboardProcess({ program, folder }: Belonging): Child {
  return start(program, [], { [folderVariable]: folder }, ['ignore', 'ignore', 'pipe', 'pipe'])
}

export interface NodeStart extends Belonging {
  readonly socketPath: string
  readonly secret: string
  readonly name: NodeName
  readonly incarnation: number
  /** The switchboard's identity, as process-identity.ts writes it. A node kills a hanging switchboard when the lab has gone. */
  readonly switchboard: string
  /** The program that this node is; then `program` is the host that runs it. */
  readonly hosted?: Omit<HostedProgram, 'hidden'> | undefined
}

/** The node's standard input is a pipe to the lab, which writes nothing. Its end shows the node that the lab has gone. */
function startNodeProcess({ program, folder, socketPath, secret, name, incarnation, switchboard, hosted }: NodeStart): Child {
  const own = hosted ? hostEnvironment(hosted, process.env) : {}
  const environment = { ...own, UNDERSTUDY_SECRET: secret, UNDERSTUDY_SWITCHBOARD: switchboard, [folderVariable]: folder }
  return start(program, [socketPath, name, String(incarnation)], environment, ['pipe', 'ignore', 'pipe'])
}

function start(program: string, parameters: readonly string[], extra: NodeJS.ProcessEnv, stdio: ('pipe' | 'ignore')[]): Child {
  const { runtime, environment } = nodeRuntime()
  let child: ChildProcess
  try {
    child = spawn(runtime, [program, ...parameters], { stdio, env: { ...cleanEnvironment(), ...environment, ...extra }, windowsHide: true })
  } catch (error) {
    // The system reports most failures as an event; some are thrown.
    return { pid: undefined, pipe: undefined, exited: Promise.resolve({ code: null, signal: null, stderr: reasonOf(error) }), kill: () => undefined }
  }
  // If too many files are open there are no pipes at all, whatever the types say.
  const pipes = child.stdio as ChildProcess['stdio'] | undefined
  // Nothing is written to this pipe, and its end comes with the child's end.
  child.stdin?.on('error', () => undefined)
  return {
    pid: child.pid,
    pipe: pipes?.[3] as ControlPipe | undefined,
    exited: exitOf(child),
    kill: () => killChild(child, 'SIGKILL'),
  }
}

/**
 * The runtime for our programs. In Node: this Node. In a packaged app: the Node that it ships, because its Electron cannot run as Node
 * (docs/decisions/packaged-app.md). In an unpackaged Electron: Electron itself, with a variable that makes it run as Node.
 */
function nodeRuntime(): { readonly runtime: string; readonly environment: NodeJS.ProcessEnv } {
  if (!process.versions['electron']) return { runtime: process.execPath, environment: {} }
  const { resourcesPath = '' } = process as { readonly resourcesPath?: string }
  const packaged = join(resourcesPath, 'runtime', process.platform === 'win32' ? 'node.exe' : 'node')
  return existsSync(packaged) ? { runtime: packaged, environment: {} } : { runtime: process.execPath, environment: { ELECTRON_RUN_AS_NODE: '1' } }
}

/** The variables that a child inherits: nothing that changes how Node runs, and nothing secret. A bundle of extra certificates would cost 36 ms at every start. */
function cleanEnvironment(): NodeJS.ProcessEnv {
  const kept = ['PATH', 'HOME', 'TMPDIR', 'TEMP', 'TMP', 'LANG', 'LC_ALL', 'SystemRoot', 'SYSTEMROOT', 'LD_LIBRARY_PATH', 'UNDERSTUDY_STACK']
  const environment: NodeJS.ProcessEnv = {}
  for (const name of kept) if (process.env[name] !== undefined) environment[name] = process.env[name]
  return environment
}

function exitOf(child: ChildProcess): Promise<ChildExit> {
  let stderr = ''
  child.stderr?.setEncoding('utf8').on('data', (text: string) => {
    stderr = (stderr + text).slice(-stderrBytesMax)
  })
  return new Promise((settle) => {
    child.once('error', (error) => settle({ code: null, signal: null, stderr: reasonOf(error) }))
    child.once('close', (code, signal) => settle({ code, signal, stderr: stderr.trimEnd() }))
  })
}
