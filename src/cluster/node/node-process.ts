// A node in a lab: runs one machine, takes inputs from the switchboard, and reports each step with its messages as one frame. It has its own
// timers, which a freeze stops. It must never decide anything about the protocol.
import { SlabStore, type EffectSink, type Input, type Machine, type Message, type OperationInput, type Report, type Start } from '../../protocol'
import { makeMachine } from '../../maelstrom'
import { reportJson, type FrozenTimer } from '../../trace'
import type { Cursor } from '../wire/frame'
import { KnownTexts } from '../wire/known-texts'
import { decodeOperationInput, decodePast, inputKinds, toNode, toSwitchboard, type Hello } from '../wire/lab-frames'
import { NodeFrames } from './node-frames'
import { NodePast } from './node-past'
import { NodeTimers } from './node-timers'
import { stallMsMin } from '../switchboard/stalls'
import { decodeMessage } from '../wire/wire'

export interface NodeProcessOptions {
  readonly hello: Hello
  /** Sends bytes to the switchboard; returns true if they are gone and the buffer may be used again. */
  readonly write: (bytes: Buffer) => boolean
  readonly nowMs: () => number
  /** Microseconds on the clock that all processes of this machine share. */
  readonly hostMicros: () => number
  /** Wraps what a timer starts; see NodeTimers. */
  readonly whileRunning?: (action: () => void) => void
}

export class NodeProcess implements EffectSink {
  readonly #hostMicros: () => number
  readonly #frames: NodeFrames
  readonly #timers: NodeTimers
  readonly #names = new KnownTexts()
  #machine: Machine | null = null
  #step = 0
  /** The number of the present or last freeze; 0 before the first. */
  #freezeNumber = 0
  /** In a branch: the incarnation so far, while it is replayed. */
  #past: NodePast | null = null

  constructor({ hello, write, nowMs, hostMicros, whileRunning }: NodeProcessOptions) {
    this.#hostMicros = hostMicros
    this.#frames = new NodeFrames(hello, write)
    this.#timers = new NodeTimers({ nowMs, whileRunning, onDue: (name, armed) => this.#takeTimer(name, armed), onStall: (ms) => this.#frames.stalled(ms) })
  }

  /** Takes one frame of the switchboard. */
  handleFrame(frame: Cursor): void {
    const kind = frame.u8()
    switch (kind) {
      case toNode.start: return this.#start(JSON.parse(frame.longText()) as Start)
      case toNode.deliver: return this.#deliver(frame)
      case toNode.operation: return this.#operation(frame)
      case toNode.peerLost: {
        const peer = frame.text(32, 'a node name')
        this.#beginStep(inputKinds.peerLost).text(peer)
        return this.#take({ type: 'peer-lost', peer })
      }
      case toNode.freeze: return this.#freeze(frame.u32())
      case toNode.thaw: return this.#thaw(frame.u32())
      case toNode.fire: return this.#fire(frame.u32(), frame.text(255, 'a timer'), frame.u32())
      case toNode.past: return this.#livePast(frame)
      case toNode.pastTimers: return this.#past?.tellTimers(frame.u64(), JSON.parse(frame.longText()) as FrozenTimer[])
      case toNode.asFarAs: return this.#frames.answer(toSwitchboard.asFarAs, frame.u32(), '')
      case toNode.present: return this.#goOn(frame.u64())
      default: throw new Error(`the switchboard sent a frame of kind ${kind}`)
    }
  }

  /** The process was stopped by a signal and continues: that time is no stall. */
  continued(): void {
    this.#timers.continued()
  }

  // ---- inputs

  #start(start: Start): void {
    this.#timers.stallMs = stallMsMin(start.settings)
    this.#beginStep(inputKinds.start)
    this.#machine = makeMachine(start, this, (settings) => new SlabStore(settings))
    this.#frames.endStep()
  }

  #deliver(frame: Cursor): void {
    const handle = frame.u32()
    const from = this.#names.next(frame, 32, 'a node name')
    const message = decodeMessage(frame)
    this.#beginStep(inputKinds.message).u32(handle)
    this.#take({ type: 'message', from, message })
  }

  /** Taken even while frozen: the switchboard holds what the step sends. */
  #operation(frame: Cursor): void {
    const { operationId, session, target, operation } = decodeOperationInput(frame)
    const input: OperationInput = { type: 'operation', operationId, session, target, operation }
    this.#beginStep(inputKinds.operation).u64(operationId)
    this.#take(input)
  }

  /** Fires a timer by hand in a freeze, if it is still the same armed timer. */
  #fire(freeze: number, name: string, armed: number): void {
    if (freeze === this.#freezeNumber && this.#timers.take(name, armed)) this.#takeTimer(name, armed)
    else this.#tellTimers()
  }

  #takeTimer(name: string, armed: number): void {
    const writer = this.#beginStep(inputKinds.timer)
    writer.text(name)
    writer.u32(armed)
    writer.u64(this.#hostMicros())
    this.#take({ type: 'timer', name })
  }

  /** Runs the step. Its frame has begun and names the input. */
  #take(input: Exclude<Input, Start>): void {
    if (!this.#machine) throw new Error('the switchboard sent an input before the start')
    this.#machine.step(input, this)
    this.#frames.endStep()
    // In a freeze the lab shows the timers, and a step may have changed them.
    if (this.#timers.isFrozen && this.#freezeNumber > 0) this.#tellTimers()
  }

  #beginStep(inputKind: number): NodeFrames['writer'] {
    return this.#frames.beginStep(this.#step++, inputKind)
  }

  // ---- a branch

  #livePast(frame: Cursor): void {
    this.#past ??= new NodePast()
    const { at, input } = decodePast(frame)
    this.#past.take(at, input)
  }

  /** Ends the replay: the replayed incarnation becomes the present one, frozen until the first thaw. */
  #goOn(at: number): void {
    const past = this.#past
    if (!past) return
    this.#machine = past.machine
    this.#timers.stallMs = past.stallMs
    this.#step = past.steps
    this.#timers.begin(past.armed, [...past.timers].map(([name, { armed, dueAt }]) => ({ name, armed, remainingMs: Math.max(0, dueAt - at) / 1000 })))
    this.#past = null
  }

  // ---- effects: written into the frame of the running step

  send(to: string, message: Message): void {
    this.#frames.send(to, message)
  }

  report(report: Report): void {
    this.#frames.report(reportJson(report), report.type === 'operation-returned' ? report.operationId : undefined)
  }

  setTimer(name: string, ms: number): void {
    this.#timers.set(name, ms)
  }

  cancelTimer(name: string): void {
    this.#timers.cancel(name)
  }

  // ---- freeze and thaw

  #freeze(freeze: number): void {
    this.#timers.freeze()
    this.#freezeNumber = freeze
    this.#tellTimers()
  }

  #tellTimers(): void {
    this.#frames.answer(toSwitchboard.frozen, this.#freezeNumber, JSON.stringify(this.#timers.stopped()))
  }

  #thaw(freeze: number): void {
    this.#timers.thaw()
    this.#frames.answer(toSwitchboard.thawed, freeze, '')
  }
}
