// Plays a failover in memory, so that the first real failover runs compiled code: otherwise it is the slowest that the node ever does. It uses
// throwaway machines, without clocks or sockets. It must never touch the state of the node that rehearses.
import { setFlagsFromString } from 'node:v8'
import {
  createMachine, defaultSettings, pingCheckTimer, pingTimer, retryTimer, startOf, utf8ToBytes, viewServerName,
  type EffectSink, type Machine, type Message, type ProtocolKind, type NodeName, type Settings,
} from '../../protocol'
import { FrameSplitter, FrameWriter } from '../wire/frame'
import { decodeMessage, encodeMessage } from '../wire/wire'

const settings: Settings = { ...defaultSettings, pingCheckIntervalMs: 1, deadPings: 1, operationTimeoutMs: 0 }

/** When the rehearsals run: after the start, when nothing waits for the node, and far enough apart not to delay a ping. */
const firstPlayMs = 100
const betweenPlaysMs = 25
/** Each play compiles more of the code; after this many the gain is too small. */
const plays = 3

/** Rehearses soon after the start, in slices of some milliseconds. It keeps no process alive. */
export function rehearseSoon(): void {
  // V8 discards bytecode that has not run for a while. This code must stay compiled until a failover needs it.
  setFlagsFromString('--no-flush-bytecode')
  for (let play = 0; play < plays; play++) setTimeout(rehearse, firstPlayMs + play * betweenPlaysMs).unref()
}

/** Plays a failover once. Returns whether a write was acknowledged after it. */
export function rehearse(): boolean {
  return new Rehearsal().play()
}

class Rehearsal {
  readonly #machines = new Map<NodeName, Machine>()
  readonly #mails: { readonly from: NodeName; readonly to: NodeName; readonly message: Message }[] = []
  readonly #writer = new FrameWriter()
  #acknowledged = 0

  play(): boolean {
    this.#start(viewServerName, 'view-server')
    for (const name of ['s1', 's2', 's3']) this.#start(name, 'replica')
    this.#start('client', 'client')
    this.#put()
    this.#machines.delete('s1')
    this.#input('client', { type: 'peer-lost', peer: 's1' })
    for (let check = 0; check <= settings.deadPings; check++) {
      for (const name of ['s2', 's3']) this.#input(name, { type: 'timer', name: pingTimer })
      this.#input(viewServerName, { type: 'timer', name: pingCheckTimer })
    }
    const before = this.#acknowledged
    this.#put()
    this.#input('client', { type: 'timer', name: retryTimer(0) })
    return this.#acknowledged > before
  }

  #put(): void {
    const operation = { type: 'put', key: utf8ToBytes('k'), value: utf8ToBytes('v') } as const
    this.#input('client', { type: 'operation', operationId: 1, session: 0, operation, target: '' })
  }

  #start(name: NodeName, kind: ProtocolKind): void {
    this.#machines.set(name, createMachine(startOf({ name, kind, incarnation: 1, settings }), this.#sinkOf(name)))
    this.#deliver()
  }

  #input(name: NodeName, input: Parameters<Machine['step']>[0]): void {
    this.#machines.get(name)?.step(input, this.#sinkOf(name))
    this.#deliver()
  }

  #deliver(): void {
    for (let mail = this.#mails.shift(); mail; mail = this.#mails.shift()) {
      const { from, to, message } = mail
      this.#machines.get(to)?.step({ type: 'message', from, message }, this.#sinkOf(to))
    }
  }

  #sinkOf(from: NodeName): EffectSink {
    return {
      send: (to, message) => void this.#mails.push({ from, to, message: this.#overTheWire(message) }),
      setTimer: () => undefined,
      cancelTimer: () => undefined,
      report: (report) => {
        if (report.type === 'operation-returned' && report.outcome.type === 'ok') this.#acknowledged++
      },
    }
  }

  #overTheWire(message: Message): Message {
    this.#writer.beginFrame()
    encodeMessage(this.#writer, message)
    this.#writer.endFrame()
    let read = message
    const splitter = new FrameSplitter((frame) => {
      read = decodeMessage(frame)
    })
    this.#writer.flush((bytes) => {
      splitter.push(bytes)
      return true
    })
    return read
  }
}
