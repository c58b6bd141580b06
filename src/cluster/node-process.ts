// A node in a lab: runs one machine, takes its inputs from the switchboard, and reports each step as one frame that also
// carries the step's messages. It has its own timers, which stand still in a freeze. It decides nothing about the protocol.
import {
  createMachine, SlabStore, type EffectSink, type Input, type Machine, type Message, type OperationInput, type Report, type Start,
} from '../protocol'
import { messageJson, reportJson, type FrozenTimer } from '../trace'
import { FrameWriter, type Cursor } from './frame'
import { KnownTexts } from './known-texts'
import { decodeOperationInput, decodePast, effectKinds, encodeHello, inputKinds, labFrameBytesMax, toNode, toSwitchboard, type Hello } from './lab-frames'
import { NodePast } from './node-past'
import { decodeMessage, encodeMessage } from './wire'

export interface NodeProcessOptions {
  readonly hello: Hello
  /** Hands bytes to the switchboard; true if they are gone and the buffer may be used again. */
  readonly write: (bytes: Buffer) => boolean
  readonly nowMs: () => number
}

interface Timer {
  readonly armed: number
  /** While running: when it is due. While frozen: unused. */
  dueMs: number
  remainingMs: number
}

export class NodeProcess implements EffectSink {
  readonly #options: NodeProcessOptions
  readonly #writer = new FrameWriter(labFrameBytesMax)
  readonly #names = new KnownTexts()
  readonly #timers = new Map<string, Timer>()
  /** How often each timer was armed in this life; part of a timer's identity. */
  readonly #armed = new Map<string, number>()
  /** The host's timer, of which there is one for all: most timers are called off long before their time. */
  #wake: NodeJS.Timeout | undefined
  #wakeAtMs = Number.POSITIVE_INFINITY
  #machine: Machine | null = null
  #step = 0
  /** A node starts frozen and waits for the first thaw. */
  #isFrozen = true
  /** The freeze that holds, or held last; 0 before the first. */
  #freezeNumber = 0
  /** In a branch: the life so far, while it is lived again. */
  #past: NodePast | null = null
  #isFlushing = false

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

  // ---- inputs

  #start(start: Start): void {
    this.#beginStep(inputKinds.start)
    this.#machine = createMachine(start, this, () => new SlabStore())
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

  /** Taken even while frozen: what it sends is held by the switchboard. */
  #operation(frame: Cursor): void {
    const { operationId, session, target, operation } = decodeOperationInput(frame)
    const input: OperationInput = { type: 'operation', operationId, session, target, operation }
    this.#beginStep(inputKinds.operation)
    this.#writer.u64(operationId)
    this.#take(input)
  }

  #onWake(): void {
    this.#wakeAtMs = Number.POSITIVE_INFINITY
    // A process that was stopped meanwhile finds its timers due before it has read that the cluster froze: what waits on the
    // socket is read first.
    setImmediate(() => {
      if (this.#isFrozen) return
      const now = this.#options.nowMs()
      const due = [...this.#timers].filter(([, { dueMs }]) => dueMs <= now).sort(([, one], [, other]) => one.dueMs - other.dueMs)
      for (const [name, timer] of due) if (!this.#isFrozen && this.#timers.get(name) === timer) this.#takeTimer(name, timer.armed)
      for (const { dueMs } of this.#timers.values()) this.#wakeBy(dueMs)
    })
  }

  #wakeBy(dueMs: number): void {
    if (dueMs >= this.#wakeAtMs) return
    clearTimeout(this.#wake)
    this.#wakeAtMs = dueMs
    this.#wake = setTimeout(() => this.#onWake(), Math.max(0, Math.ceil(dueMs - this.#options.nowMs())))
  }

  /** By hand, in a freeze: only if it is still the timer that was meant. */
  #fire(freeze: number, name: string, armed: number): void {
    if (freeze === this.#freezeNumber && this.#timers.get(name)?.armed === armed) this.#takeTimer(name, armed)
    else this.#tellTimers()
  }

  #takeTimer(name: string, armed: number): void {
    this.#timers.delete(name)
    this.#beginStep(inputKinds.timer)
    this.#writer.text(name)
    this.#writer.u32(armed)
    this.#take({ type: 'timer', name })
  }

  /** The step's frame has begun and says what input this is. */
  #take(input: Exclude<Input, Start>): void {
    if (!this.#machine) throw new Error('the switchboard sent an input before the start')
    this.#machine.step(input, this)
    this.#endStep()
    // In a freeze the timers are shown, and a step may have changed them.
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

  /** From here on this is the life; it stands still until it is thawed. */
  #goOn(at: number): void {
    if (!this.#past) return
    this.#machine = this.#past.machine
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
    // Twice: in the words of the trace, and as its receiver gets it. Who passes it on need not know what it says.
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
