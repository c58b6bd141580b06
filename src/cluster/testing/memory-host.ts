// A cluster's processes in memory, for tests: the programs of the switchboard and of the nodes, which exchange the same bytes as on sockets. It
// must never start, signal or listen for a real process. With fake timers a test runs the whole cluster in virtual time.
import { writeSync } from 'node:fs'
import { Duplex } from 'node:stream'
import { FrameSplitter } from '../wire/frame'
import { decodeHello, labFrameBytesMax } from '../wire/lab-frames'
import { NodeProcess } from '../node/node-process'
import type { Processes } from '../supervisor/process-identity'
import type { Child, ChildExit, NodeStart, ProcessHost } from '../supervisor/supervisor'
import type { Switchboard } from '../switchboard/switchboard'
import { SwitchboardProgram } from '../switchboard/switchboard-program'

/** Above every real pid, in case one is ever signalled. */
const firstPid = 1_000_000_000
/** From the end of a node's process to that of its socket. */
const socketClosesMs = 5

export class MemoryHost implements ProcessHost {
  readonly #nodes = new Map<number, MemoryNode>()
  #pids = firstPid
  #switchboard: Switchboard | undefined
  /** It did not end by itself with its pipe. */
  hasKilledSwitchboard = false

  /** How the switchboard identifies and signals these nodes. */
  readonly #processes: Processes = {
    identify: (pid) => ({ pid, startTime: '' }),
    signal: ({ pid }, signal) => {
      const node = this.#nodes.get(pid)
      if (signal === 'SIGSTOP') node?.stop()
      else if (signal === 'SIGCONT') node?.goOn()
      else node?.end({ code: null, signal, stderr: '' })
      return node !== undefined
    },
  }

  openFolder(): ReturnType<ProcessHost['openFolder']> {
    return { path: '', socketPath: '', note: () => undefined, remove: () => undefined }
  }

  startSwitchboard(): Child {
    const [lab, own] = pipes()
    const exited = new Promise<ChildExit>((settle) => {
      new SwitchboardProgram({
        pipe: own, processes: this.#processes, onEnd: () => settle({ code: 0, signal: null, stderr: '' }),
        openDoor: (_path, { switchboard }) => {
          this.#switchboard = switchboard
          return Promise.resolve()
        },
        write: (file, bytes, position) => {
          writeSync(file, bytes, 0, bytes.length, position)
          return Promise.resolve()
        },
      })
    })
    const kill = (): void => {
      this.hasKilledSwitchboard = true
      lab.destroy()
    }
    return { pid: this.#pids++, pipe: lab, exited, kill }
  }

  startNode(start: NodeStart): Child {
    const switchboard = this.#switchboard
    if (!switchboard) throw new Error('no switchboard listens')
    const pid = this.#pids++
    const node = new MemoryNode(start, switchboard)
    this.#nodes.set(pid, node)
    void node.exited.then(() => this.#nodes.delete(pid))
    return { pid, pipe: undefined, exited: node.exited, kill: () => node.end({ code: null, signal: 'SIGKILL', stderr: '' }) }
  }
}

/** A node and its connection. While it is stopped, its input and its timer actions wait until it continues. */
class MemoryNode {
  readonly exited: Promise<ChildExit>
  #settle: (exit: ChildExit) => void = () => undefined
  readonly #hello: { readonly name: string; readonly incarnation: number; readonly secret: string }
  readonly #switchboard: Switchboard
  readonly #process: NodeProcess
  #isStopped = false
  #hasEnded = false
  readonly #late: (() => void)[] = []

  constructor({ name, incarnation, secret }: NodeStart, switchboard: Switchboard) {
    this.#hello = { name, incarnation, secret }
    this.#switchboard = switchboard
    this.exited = new Promise((settle) => {
      this.#settle = settle
    })
    this.#process = new NodeProcess({
      hello: this.#hello, nowMs: () => performance.now(), hostMicros: () => Math.round(performance.now() * 1000),
      whileRunning: (action) => this.#whileRunning(() => this.#inNode(action)),
      write: (bytes) => {
        const sent = Buffer.from(bytes)
        this.#whileRunning(() => frames.push(sent))
        return true
      },
    })
    const toNode = new FrameSplitter((frame) => this.#process.handleFrame(frame), labFrameBytesMax)
    const socket = {
      write: (bytes: Buffer) => {
        const sent = Buffer.from(bytes)
        setImmediate(() => this.#whileRunning(() => this.#inNode(() => toNode.push(sent))))
        return true
      },
      close: () => this.#close(),
    }
    let hasGreeted = false
    const frames = new FrameSplitter((frame) => {
      if (hasGreeted) return this.#switchboard.handleFrame(this.#hello, frame)
      hasGreeted = true
      this.#switchboard.greeted(decodeHello(frame), socket)
    }, labFrameBytesMax)
  }

  stop(): void { this.#isStopped = true }

  goOn(): void {
    this.#isStopped = false
    this.#process.continued()
    for (const action of this.#late.splice(0)) this.#whileRunning(action)
  }

  end(exit: ChildExit): void {
    if (this.#hasEnded) return
    this.#hasEnded = true
    this.#settle(exit)
    // As on a busy machine: the end of the process is reported before that of its socket.
    setTimeout(() => this.#switchboard.closed(this.#hello), socketClosesMs)
  }

  #close(): void {
    this.end({ code: 0, signal: null, stderr: '' })
  }

  #whileRunning(action: () => void): void {
    if (this.#hasEnded) return
    if (this.#isStopped) this.#late.push(action)
    else action()
  }

  /** A rule violation makes the machine throw, which ends its process. */
  #inNode(action: () => void): void {
    try {
      action()
    } catch (error) {
      this.end({ code: 3, signal: null, stderr: error instanceof Error ? error.message : String(error) })
    }
  }
}

/** Two connected ends: each reads what the other writes. */
function pipes(): [Duplex, Duplex] {
  const end = (other: () => Duplex): Duplex => new Duplex({
    allowHalfOpen: false,
    read: () => undefined,
    write: (bytes: Buffer, _encoding, done) => {
      // Copied, because the writer reuses its buffer.
      other().push(Buffer.from(bytes))
      done()
    },
    final: (done) => {
      other().push(null)
      done()
    },
    destroy: (error, done) => {
      if (!other().destroyed) other().destroy()
      done(error)
    },
  })
  const one: Duplex = end(() => another)
  const another: Duplex = end(() => one)
  return [one, another]
}
