// The host of one program in a lab: `node foreign.js SOCKET NAME INCARNATION`, with the session's secret and the program in the environment. It starts
// the program, connects to the switchboard, and lives as long as both. It must never outlive the lab, nor let the program outlive it.
import { connect } from 'node:net'
import { appendFileSync, mkdirSync, rmSync } from 'node:fs'
import { join } from 'node:path'
import { performance } from 'node:perf_hooks'
import { watchLab } from '../node/lab-watch'
import { folderFiles, folderVariable } from '../supervisor/cluster-folder'
import { identifyProcess, identityText } from '../supervisor/process-identity'
import { hostMicros } from '../switchboard/stalls'
import { FrameSplitter } from '../wire/frame'
import { labFrameBytesMax } from '../wire/lab-frames'
import { ForeignNode } from './foreign-node'
import { lifeVariable, programEnvironment, programVariable, type HostedProgram } from './program-spec'

const exitBroken = 3
const exitNoConnection = 2
/** While more than this waits for the switchboard, the program's output is not read. */
const behindBytes = 8 * 1024 * 1024

const [socketPath = '', name = '', incarnation = ''] = process.argv.slice(2)
const { UNDERSTUDY_SECRET: secret = '', UNDERSTUDY_SWITCHBOARD: switchboard = '', [programVariable]: text = '', [folderVariable]: folder = '' } = process.env
const hosted = JSON.parse(text) as HostedProgram
process.title = `understudy ${name} (program)`

// Ctrl-C in a terminal signals every process of the group, but only the lab may end a node.
process.on('SIGINT', () => undefined)
process.on('SIGHUP', () => undefined)

makeDataFolder(hosted)
const socket = connect({ path: socketPath })
socket.setNoDelay(true)
const node = new ForeignNode({
  hello: { secret, name, incarnation: Number(incarnation) }, hosted,
  // The program gets what its person has, and the names by which all that it starts can be found.
  environment: { ...programEnvironment(hosted, process.env), [folderVariable]: folder, [lifeVariable]: `${name}.${incarnation}` },
  write: (bytes) => {
    // A copy, because the buffer is used again.
    socket.write(Buffer.from(bytes))
    if (socket.writableLength > behindBytes) {
      node.program.pauseOutput()
      socket.once('drain', () => node.program.resumeOutput())
    }
    return true
  },
  nowMs: () => performance.now(),
  hostMicros,
  onEnded: ({ code, signal, problem }) => {
    if (problem !== '') process.stderr.write(`${problem}\n`)
    // What it wrote last goes first.
    setImmediate(() => socket.end(() => end(problem === '' ? code : 1, problem === '' ? signal : null)))
  },
})
noteProgram(node.program.pid)
process.on('exit', () => node.program.signal('SIGKILL'))
process.on('SIGCONT', () => node.continued())

const splitter = new FrameSplitter((frame) => node.handleFrame(frame), labFrameBytesMax)
socket.on('data', (data: Buffer) => {
  try {
    splitter.push(data)
  } catch (error) {
    process.stderr.write(`${error instanceof Error ? error.message : String(error)}\n`)
    process.exit(exitBroken)
  }
})
socket.on('error', (error) => {
  process.stderr.write(`${name} lost the switchboard: ${error.message}\n`)
  process.exit(exitNoConnection)
})
socket.on('close', () => process.exit(0))
watchLab(switchboard)
process.on('uncaughtException', (error) => {
  process.stderr.write(`${error.message}\n`)
  process.exit(exitBroken)
})

function makeDataFolder({ dataFolder, keepsData }: HostedProgram): void {
  if (dataFolder === '') return
  if (!keepsData) rmSync(dataFolder, { recursive: true, force: true })
  mkdirSync(dataFolder, { recursive: true, mode: 0o700 })
}

/** Ends as the program did. */
function end(code: number | null, signal: NodeJS.Signals | null): void {
  if (signal !== null) {
    process.removeAllListeners(signal)
    process.kill(process.pid, signal)
  }
  process.exit(code ?? 1)
}

/** A later lab finds the program by this note if both labs and hosts were killed. */
function noteProgram(pid: number): void {
  if (folder === '' || pid === 0) return
  try {
    appendFileSync(join(folder, folderFiles.processes), `${identityText(identifyProcess(pid))}\n`, { mode: 0o600 })
  } catch {
    // The disk is full: a later lab finds one process less.
  }
}
