// A node in a lab: runs one machine, takes inputs from the switchboard, and reports each step with its messages as one frame. It has its own
// timers, which a freeze stops. It must never decide anything about the protocol.
import {
  createMachine, SlabStore, type EffectSink, type Input, type Machine, type Message, type OperationInput, type Report, type Start,
} from '../../protocol'
import { messageJson, reportJson, type FrozenTimer } from '../../trace'
import { FrameWriter, type Cursor } from '../wire/frame'
import { KnownTexts } from '../wire/known-texts'
import { decodeOperationInput, decodePast, effectKinds, encodeHello, inputKinds, labFrameBytesMax, toNode, toSwitchboard, type Hello } from '../wire/lab-frames'
import { NodePast } from './node-past'
import { afterSignals, stallMsMin } from '../switchboard/stalls'
import { decodeMessage, encodeMessage } from '../wire/wire'

export interface NodeProcessOptions {
  readonly hello: Hello
  /** Sends bytes to the switchboard; returns true if they are gone and the buffer may be used again. */
  readonly write: (bytes: Buffer) => boolean
  readonly nowMs: () => number
  /** Microseconds on the clock that all processes of this machine share. */
  readonly hostMicros: () => number
  /** Wraps what a timer starts. A node that shares its process with others uses it to be stoppable, where the system would stop a process. */
  readonly whileRunning?: (action: () => void) => void
}

interface Timer {
  readonly armed: number
  /** While running: its due time. While frozen: unused. */
  dueMs: number
  remainingMs: number
}

export class NodeProcess implements EffectSink {
  readonly #options: NodeProcessOptions
  readonly #writer = new FrameWriter(labFrameBytesMax)
  readonly #names = new KnownTexts()
  readonly #timers = new Map<string, Timer>()
  /** How often each timer was armed in this incarnation; part of a timer's identity. */
  readonly #armed = new Map<string, number>()
  /** One host timer for all timers, because most are cancelled long before they are due. */
  #wake: NodeJS.Timeout | undefined
  #wakeAtMs = Number.POSITIVE_INFINITY
  #machine: Machine | null = null
  #step = 0
  /** A node starts frozen and waits for the first thaw. */
  #isFrozen = true
  /** The number of the present or last freeze; 0 before the first. */
  #freezeNumber = 0
  /** In a branch: the incarnation so far, while it is replayed. */
  #past: NodePast | null = null
  #isFlushing = false
  /** A timer that is this late is reported as a stall; infinity until the settings are known. */
  #stallMs = Number.POSITIVE_INFINITY
  /** When this process continued after it was stopped. */
  #continuedMs = Number.NEGATIVE_INFINITY

  constructor(options: NodeProcessOptions) {
    this.#options = options
    encodeHello(this.#writer, options.hello)
    this.#flushSoon()
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
        this.#beginStep(inputKinds.peerLost)
        this.#writer.text(peer)
        return this.#take({ type: 'peer-lost', peer })
      }
      case toNode.freeze: return this.#freeze(frame.u32())
      case toNode.thaw: return this.#thaw(frame.u32())
      case toNode.fire: return this.#fire(frame.u32(), frame.text(255, 'a timer'), frame.u32())
      case toNode.past: return this.#livePast(frame)
      case toNode.pastTimers: return this.#past?.tellTimers(frame.u64(), JSON.parse(frame.longText()) as FrozenTimer[])
      case toNode.asFarAs: return this.#answer(toSwitchboard.asFarAs, frame.u32(), '')
      case toNode.present: return this.#goOn(frame.u64())
      default: throw new Error(`the switchboard sent a frame of kind ${kind}`)
    }
  }

  /** The process was stopped by a signal and continues: that time is no stall. */
  continued(): void {
    this.#continuedMs = this.#options.nowMs()
  }

  // ---- inputs

  #start(start: Start): void {
    this.#stallMs = stallMsMin(start.settings)
    this.#beginStep(inputKinds.start)
    this.#machine = createMachine(start, this, (settings) => new SlabStore(settings))
    this.#endStep()
  }

  #deliver(frame: Cursor): void {
    const handle = frame.u32()
    const from = this.#names.next(frame, 32, 'a node name')
    const message = decodeMessage(frame)
    this.#beginStep(inputKinds.message)
    this.#writer.u32(handle)
    this.#take({ type: 'message', from, message })
  }

  /** Taken even while frozen: the switchboard holds what the step sends. */
  #operation(frame: Cursor): void {
    const { operationId, session, target, operation } = decodeOperationInput(frame)
    const input: OperationInput = { type: 'operation', operationId, session, target, operation }
    this.#beginStep(inputKinds.operation)
    this.#writer.u64(operationId)
    this.#take(input)
  }

  #onWake(): void {
    const wakeAtMs = this.#wakeAtMs
    this.#wakeAtMs = Number.POSITIVE_INFINITY
    // A process that was stopped finds its timers due before it has read that the cluster is frozen. So it reads its socket first.
    const { whileRunning = runNow } = this.#options
    setImmediate(() => whileRunning(() => {
      if (this.#isFrozen) return
      const now = this.#options.nowMs()
      if (now - wakeAtMs >= this.#stallMs) afterSignals(() => { if (!this.#isFrozen) this.#tellStall(now - Math.max(wakeAtMs, this.#continuedMs)) })
      const due = [...this.#timers].filter(([, { dueMs }]) => dueMs <= now).sort(([, one], [, other]) => one.dueMs - other.dueMs)
      for (const [name, timer] of due) if (!this.#isFrozen && this.#timers.get(name) === timer) this.#takeTimer(name, timer.armed)
      for (const { dueMs } of this.#timers.values()) this.#wakeBy(dueMs)
    }))
  }

  #tellStall(lateMs: number): void {
    if (lateMs < this.#stallMs) return
    this.#writer.beginFrame()
    this.#writer.u8(toSwitchboard.stalled)
    this.#writer.u32(Math.min(0xffff_ffff, Math.round(lateMs)))
    this.#writer.endFrame()
    this.#flushSoon()
  }

  #wakeBy(dueMs: number): void {
    if (dueMs >= this.#wakeAtMs) return
    clearTimeout(this.#wake)
    this.#wakeAtMs = dueMs
    this.#wake = setTimeout(() => this.#onWake(), Math.max(0, Math.ceil(dueMs - this.#options.nowMs())))
  }

  /** Fires a timer by hand in a freeze, if it is still the same armed timer. */
  #fire(freeze: number, name: string, armed: number): void {
    if (freeze === this.#freezeNumber && this.#timers.get(name)?.armed === armed) this.#takeTimer(name, armed)
    else this.#tellTimers()
  }

  #takeTimer(name: string, armed: number): void {
    this.#timers.delete(name)
    this.#beginStep(inputKinds.timer)
    this.#writer.text(name)
    this.#writer.u32(armed)
    this.#writer.u64(this.#options.hostMicros())
    this.#take({ type: 'timer', name })
  }

  /** Runs the step. Its frame has begun and names the input. */
  #take(input: Exclude<Input, Start>): void {
    if (!this.#machine) throw new Error('the switchboard sent an input before the start')
    this.#machine.step(input, this)
    this.#endStep()
    // In a freeze the lab shows the timers, and a step may have changed them.
    if (this.#isFrozen && this.#freezeNumber > 0) this.#tellTimers()
  }

  #beginStep(inputKind: number): void {
    this.#writer.beginFrame()
    this.#writer.u8(toSwitchboard.step)
    this.#writer.u32(this.#step++)
    this.#writer.u8(inputKind)
  }

  #endStep(): void {
    this.#writer.endFrame()
    this.#flushSoon()
  }

  /** All frames of a tick leave in one write. */
  #flushSoon(): void {
    if (this.#isFlushing) return
    this.#isFlushing = true
    setImmediate(() => {
      this.#isFlushing = false
      this.#writer.flush(this.#options.write)
    })
  }

  // ---- a branch

  #livePast(frame: Cursor): void {
    this.#past ??= new NodePast()
    const { at, input } = decodePast(frame)
    this.#past.take(at, input)
  }

  /** Ends the replay: the replayed incarnation becomes the present one, frozen until the first thaw. */
  #goOn(at: number): void {
    if (!this.#past) return
    this.#machine = this.#past.machine
    this.#stallMs = this.#past.stallMs
    this.#step = this.#past.steps
    for (const [name, count] of this.#past.armed) this.#armed.set(name, count)
    for (const [name, { armed, dueAt }] of this.#past.timers) {
      this.#timers.set(name, { armed, dueMs: 0, remainingMs: Math.max(0, dueAt - at) / 1000 })
    }
    this.#past = null
  }

  // ---- effects: written into the frame of the running step

  send(to: string, message: Message): void {
    this.#writer.u8(effectKinds.send)
    this.#writer.text(to)
    // Written twice: as JSON text for the trace, and as bytes for the receiver. So the switchboard can pass it on without decoding it.
    this.#writer.longText(messageJson(message))
    const patch = this.#writer.beginLength()
    encodeMessage(this.#writer, message)
    this.#writer.endLength(patch)
  }

  report(report: Report): void {
    if (report.type === 'operation-returned') {
      this.#writer.u8(effectKinds.returned)
      this.#writer.u64(report.operationId)
    } else this.#writer.u8(effectKinds.report)
    this.#writer.longText(reportJson(report))
  }

  setTimer(name: string, ms: number): void {
    const armed = (this.#armed.get(name) ?? 0) + 1
    this.#armed.set(name, armed)
    const timer: Timer = { armed, dueMs: 0, remainingMs: ms }
    this.#timers.set(name, timer)
    if (!this.#isFrozen) this.#run(timer)
  }

  cancelTimer(name: string): void {
    this.#timers.delete(name)
  }

  #run(timer: Timer): void {
    timer.dueMs = this.#options.nowMs() + timer.remainingMs
    this.#wakeBy(timer.dueMs)
  }

  // ---- freeze and thaw

  #freeze(freeze: number): void {
    if (!this.#isFrozen) {
      this.#isFrozen = true
      const now = this.#options.nowMs()
      for (const timer of this.#timers.values()) timer.remainingMs = Math.max(0, timer.dueMs - now)
      clearTimeout(this.#wake)
      this.#wakeAtMs = Number.POSITIVE_INFINITY
    }
    this.#freezeNumber = freeze
    this.#tellTimers()
  }

  #tellTimers(): void {
    const timers = [...this.#timers].map(([name, { armed, remainingMs }]) => ({ name, armed, remainingMs: Math.round(remainingMs * 1000) / 1000 }))
    this.#answer(toSwitchboard.frozen, this.#freezeNumber, JSON.stringify(timers))
  }

  #thaw(freeze: number): void {
    if (this.#isFrozen) {
      this.#isFrozen = false
      for (const timer of this.#timers.values()) this.#run(timer)
    }
    this.#answer(toSwitchboard.thawed, freeze, '')
  }

  #answer(kind: number, freeze: number, text: string): void {
    this.#writer.beginFrame()
    this.#writer.u8(kind)
    this.#writer.u32(freeze)
    this.#writer.longText(text)
    this.#writer.endFrame()
    this.#flushSoon()
  }
}

function runNow(action: () => void): void {
  action()
}
