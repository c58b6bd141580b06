// The life of a node's process in a lab: it belongs to its connection to the switchboard, and ends with it, with the lab, or with an error of one
// sentence. Both programs of a node live so: that of a machine of ours, and the host of a program. It must never outlive the lab for long.
import type { Socket } from 'node:net'
import { FrameSplitter, type Cursor } from '../wire/frame'
import { labFrameBytesMax } from '../wire/lab-frames'
import { watchLab } from './lab-watch'

/** Exit status for a rule violation of the machine, to tell it from a process that could not run. */
const exitRuleBroken = 3
const exitNoConnection = 2

/** What the lab starts a node's process with, beside what only one of the programs gets. */
export interface NodeArguments {
  readonly socketPath: string
  readonly name: string
  readonly incarnation: string
  readonly secret: string
}

/** Reads them from the command line and the environment. From here on Ctrl-C in a terminal, which signals every process of the group, ends no node. */
export function nodeArguments(): NodeArguments {
  const [socketPath = '', name = '', incarnation = ''] = process.argv.slice(2)
  process.on('SIGINT', () => undefined)
  process.on('SIGHUP', () => undefined)
  return { socketPath, name, incarnation, secret: process.env['UNDERSTUDY_SECRET'] ?? '' }
}

/** Returns what takes the bytes that come from the switchboard. */
export function liveWith(socket: Socket, name: string, handleFrame: (frame: Cursor) => void): (data: Buffer) => void {
  const splitter = new FrameSplitter(handleFrame, labFrameBytesMax)
  socket.setNoDelay(true)
  socket.on('error', (error) => {
    process.stderr.write(`${name} lost the switchboard: ${error.message}\n`)
    process.exit(exitNoConnection)
  })
  socket.on('close', () => process.exit(0))
  watchLab(process.env['UNDERSTUDY_SWITCHBOARD'] ?? '')
  process.on('uncaughtException', fail)
  return (data) => {
    try {
      splitter.push(data)
    } catch (error) {
      fail(error)
    }
  }
}

function fail(error: unknown): never {
  process.stderr.write(`${error instanceof Error ? error.message : String(error)}\n`)
  process.exit(exitRuleBroken)
}
