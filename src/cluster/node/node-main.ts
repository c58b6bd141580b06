// The node program of a lab: `node node.js SOCKET NAME INCARNATION`, with the session's secret in the environment. It connects to the switchboard
// and runs as long as that connection. It must never outlive the lab for long. A rule violation ends it with a sentence on standard error.
import { connect } from 'node:net'
import { performance } from 'node:perf_hooks'
import { NodeProcess } from './node-process'
import { liveWith, nodeArguments } from './switchboard-socket'
import { hostMicros } from '../switchboard/stalls'
import { writeNow } from '../wire/write-now'

const { socketPath, name, incarnation, secret } = nodeArguments()
process.title = `understudy ${name}`

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
const node = new NodeProcess({
  hello: { secret, name, incarnation: Number(incarnation) },
  write: (bytes) => writeNow(socket, bytes),
  nowMs: () => performance.now(),
  hostMicros,
})
// Sent by the lab or the user that stopped the process.
process.on('SIGCONT', () => node.continued())
const take = liveWith(socket, name, (frame) => node.handleFrame(frame))
