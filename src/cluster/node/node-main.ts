// The node program of a lab: `node node.js SOCKET NAME INCARNATION`, with the session's secret in the environment. It connects to the switchboard
// and runs as long as that connection. It must never outlive the lab for long. A rule violation ends it with a sentence on standard error.
import { connect } from 'node:net'
import { performance } from 'node:perf_hooks'
import { FrameSplitter } from '../wire/frame'
import { labFrameBytesMax } from '../wire/lab-frames'
import { watchLab } from './lab-watch'
import { NodeProcess } from './node-process'
import { hostMicros } from '../switchboard/stalls'
import { writeNow } from '../wire/write-now'

/** Exit status for a rule violation of the machine, to tell it from a process that could not run. */
const exitRuleBroken = 3
const exitNoConnection = 2

const [socketPath = '', name = '', incarnation = ''] = process.argv.slice(2)
const secret = process.env['UNDERSTUDY_SECRET'] ?? ''
process.title = `understudy ${name}`

// Ctrl-C in a terminal signals every process of the group, but only the lab may end a node.
process.on('SIGINT', () => undefined)
process.on('SIGHUP', () => undefined)

/** Size of the one buffer that all reads from the switchboard reuse. */
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
  hostMicros,
})
// Sent by the lab or the user that stopped the process.
process.on('SIGCONT', () => node.continued())
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
watchLab(process.env['UNDERSTUDY_SWITCHBOARD'] ?? '')
process.on('uncaughtException', (error) => {
  process.stderr.write(`${error.message}\n`)
  process.exit(exitRuleBroken)
})
