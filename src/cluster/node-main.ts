// The node program of a lab: `node node.js SOCKET NAME INCARNATION`, its session's secret in the environment. It connects to the
// switchboard and lives as long as that connection; a broken rule ends it with a sentence on standard error.
import { connect } from 'node:net'
import { performance } from 'node:perf_hooks'
import { FrameSplitter } from './frame'
import { labFrameBytesMax } from './lab-frames'
import { NodeProcess } from './node-process'
import { writeNow } from './write-now'

/** Exit status when the machine found a rule broken, as against a process that could not run. */
const exitRuleBroken = 3
const exitNoConnection = 2

const [socketPath = '', name = '', incarnation = ''] = process.argv.slice(2)
const secret = process.env['UNDERSTUDY_SECRET'] ?? ''
process.title = `understudy ${name}`

// Ctrl-C in a terminal reaches every process of the group; only the lab may end a node.
process.on('SIGINT', () => undefined)
process.on('SIGHUP', () => undefined)

/** What the switchboard sends is read into one buffer, again and again. */
const readBytes = 64 * 1024

const socket = connect({
  path: socketPath,
  onread: {
    buffer: Buffer.allocUnsafeSlow(readBytes),
    callback: (length, buffer) => {
      take(Buffer.from(buffer.subarray(0, length)))
      return true
    },
  },
})
socket.setNoDelay(true)
const node = new NodeProcess({
  hello: { secret, name, incarnation: Number(incarnation) },
  write: (bytes) => writeNow(socket, bytes),
  nowMs: () => performance.now(),
})
const splitter = new FrameSplitter((frame) => node.handleFrame(frame), labFrameBytesMax)

function take(data: Buffer): void {
  try {
    splitter.push(data)
  } catch (error) {
    process.stderr.write(`${error instanceof Error ? error.message : String(error)}\n`)
    process.exit(exitRuleBroken)
  }
}

socket.on('error', (error) => {
  process.stderr.write(`${name} lost the switchboard: ${error.message}\n`)
  process.exit(exitNoConnection)
})
socket.on('close', () => process.exit(0))
process.on('uncaughtException', (error) => {
  process.stderr.write(`${error.message}\n`)
  process.exit(exitRuleBroken)
})
