// The host of one program in a lab: `node foreign.js SOCKET NAME INCARNATION`, with the session's secret and the program in the environment. It starts
// the program, connects to the switchboard, and lives as long as both. It must never outlive the lab, nor let the program outlive it.
import { connect } from 'node:net'
import { mkdirSync, rmSync } from 'node:fs'
import { performance } from 'node:perf_hooks'
import { liveWith, nodeArguments } from '../node/switchboard-socket'
import { folderVariable, noteProcess } from '../supervisor/cluster-folder'
import { hostMicros } from '../switchboard/stalls'
import { writeNow } from '../wire/write-now'
import { ForeignNode } from './foreign-node'
import { lifeVariable, programEnvironment, programVariable, type HostedProgram } from './program-spec'

/** While more than this waits for the switchboard, the program's output is not read. */
const behindBytes = 8 * 1024 * 1024

const { socketPath, name, incarnation, secret } = nodeArguments()
const { [programVariable]: text = '', [folderVariable]: folder = '' } = process.env
const hosted = JSON.parse(text) as HostedProgram
process.title = `understudy ${name} (program)`

makeDataFolder(hosted)
const socket = connect({ path: socketPath })
const node = new ForeignNode({
  hello: { secret, name, incarnation: Number(incarnation) }, hosted,
  // The program gets what its person has, and the names by which all that it starts can be found.
  environment: { ...programEnvironment(hosted, process.env), [folderVariable]: folder, [lifeVariable]: `${name}.${incarnation}` },
  write: (bytes) => {
    const isGone = writeNow(socket, bytes)
    if (socket.writableLength > behindBytes) node.program.pauseOutput()
    return isGone
  },
  nowMs: () => performance.now(),
  hostMicros,
  onEnded: ({ code, signal, problem }) => {
    if (problem !== '') process.stderr.write(`${problem}\n`)
    // What it wrote last goes first.
    setImmediate(() => socket.end(() => end(problem === '' ? code : 1, problem === '' ? signal : null)))
  },
})
socket.on('drain', () => node.program.resumeOutput())
// A later lab finds the program by this note if both lab and host were killed.
if (node.program.pid > 0) noteProcess(folder, node.program.pid)
process.on('exit', () => node.program.signal('SIGKILL'))
process.on('SIGCONT', () => node.continued())

socket.on('data', liveWith(socket, name, (frame) => node.handleFrame(frame)))

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
