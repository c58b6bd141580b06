// The lab's end of the pipe to its switchboard: requests with a time limit each, and messages that the switchboard sends unasked. It must never
// wait for ever: a switchboard may be stopped, or may wait for a stopped node.
import { Refused } from '../../network'
import { CannotRun } from '../../system/cannot-run'
import type { Invocation } from '../../trace'
import { decodeFromSwitchboard, encodeToSwitchboard, type ClusterNow, type Command, type FromSwitchboard, type ToldEvents, type ToSwitchboard } from './control'
import { FrameSplitter, FrameWriter } from '../wire/frame'
import { labFrameBytesMax } from '../wire/lab-frames'
import type { Child } from './supervisor'

/** Time limit of an answer: since the request, or since the switchboard was last heard of, for work of unknown length. */
export interface Patience {
  readonly ms: number
  readonly since: 'asked' | 'heard'
}

/** For user actions and the start of a node. */
const usualPatience: Patience = { ms: 30_000, since: 'asked' }

/** Interval of the check for late answers. */
const lookEveryMs = 250

export type Answer = Extract<FromSwitchboard, { type: 'done' | 'load' }>

export interface ToldUnasked {
  onEvents(batch: ToldEvents): void
  onRecording(status: Extract<FromSwitchboard, { type: 'file' }>): void
  onNow?(now: ClusterNow): void
}

interface Waiting {
  /** Names the request in the sentence about a late answer. */
  readonly what: string
  readonly patience: Patience
  readonly askedMs: number
  readonly resolve: (answer: Answer) => void
  readonly reject: (error: Error) => void
}

/** The request in the words of the command. */
function wordsOf(command: Command): string {
  const asked = command.type === 'act' ? command.act : command
  return 'node' in asked ? `${asked.type} ${asked.node}` : asked.type
}

/** The switchboard has not answered in time; it may still execute the request. */
export class NoAnswer extends Error {
  override readonly name = 'NoAnswer'
}

export class SwitchboardLink {
  readonly #pipe: Child['pipe']
  readonly #told: ToldUnasked
  readonly #writer = new FrameWriter(labFrameBytesMax)
  readonly #waiting = new Map<number, Waiting>()
  #nextId = 1
  #isFlushing = false
  #heardMs = performance.now()
  #lookedMs = 0
  #look: NodeJS.Timeout | undefined
  /** Why requests are refused; empty while they are not. */
  #over = ''

  constructor(pipe: Child['pipe'], told: ToldUnasked) {
    this.#pipe = pipe
    this.#told = told
    const splitter = new FrameSplitter((frame) => this.#handle(decodeFromSwitchboard(frame)), labFrameBytesMax)
    pipe?.on('data', (data: Buffer) => {
      this.#heardMs = performance.now()
      splitter.push(data)
    })
    // The pipe ends with the process, and the cluster gets the end of the process.
    pipe?.on('error', () => undefined)
  }

  /** Rejects with the switchboard's refusal, with a NoAnswer, or with the reason given to `end`. */
  async command(command: Command, patience: Patience = usualPatience): Promise<void> {
    await this.request((id) => ({ type: 'command', id, command }), wordsOf(command), patience)
  }

  invoke(invocation: Invocation): Promise<Answer> {
    return this.request((id) => ({ type: 'invoke', id, invocation }), 'an operation')
  }

  request(frameOf: (id: number) => ToSwitchboard, what: string, patience: Patience = usualPatience): Promise<Answer> {
    if (this.#over !== '') return Promise.reject(new CannotRun(this.#over))
    const id = this.#nextId++
    return new Promise((resolve, reject) => {
      this.#waiting.set(id, { what, patience, askedMs: performance.now(), resolve, reject })
      encodeToSwitchboard(this.#writer, frameOf(id))
      this.#flushSoon()
      if (this.#look) return
      this.#lookedMs = performance.now()
      this.#look = setInterval(() => this.#giveUpLate(), lookEveryMs)
    })
  }

  /** Refuses all further requests, and rejects the pending ones with this reason. */
  end(reason: string): void {
    if (this.#over === '') this.#over = reason
    clearInterval(this.#look)
    this.#look = undefined
    for (const { reject } of this.#waiting.values()) reject(new CannotRun(reason))
    this.#waiting.clear()
  }

  /** Closes the pipe, which makes the switchboard end. */
  hangUp(): void {
    this.#pipe?.end()
  }

  #giveUpLate(): void {
    const nowMs = performance.now()
    const sinceLookMs = nowMs - this.#lookedMs
    this.#lookedMs = nowMs
    // If the lab itself was stopped, it first reads what arrived meanwhile.
    if (sinceLookMs > 8 * lookEveryMs) return
    for (const [id, { what, patience, askedMs, reject }] of this.#waiting) {
      const sinceMs = patience.since === 'asked' ? askedMs : Math.max(askedMs, this.#heardMs)
      if (nowMs - sinceMs < patience.ms) continue
      this.#settle(id)
      reject(new NoAnswer(`The switchboard has not answered for ${Math.round(patience.ms / 1000)} s (${what}): it, or a process that it waits for, was stopped or hangs. End the session if it stays so.`))
    }
  }

  #flushSoon(): void {
    if (this.#isFlushing) return
    this.#isFlushing = true
    setImmediate(() => {
      this.#isFlushing = false
      // A pipe may keep the bytes for later, so the writer does not reuse its buffer.
      this.#writer.flush((bytes) => {
        this.#pipe?.write(bytes)
        return false
      })
    })
  }

  #handle(frame: FromSwitchboard | ToldEvents): void {
    switch (frame.type) {
      case 'events': return this.#told.onEvents(frame)
      case 'file': return this.#told.onRecording(frame)
      case 'now': return this.#told.onNow?.(frame.now)
      // Its arrival is the whole message.
      case 'alive': return
      case 'load':
      case 'done': return this.#settle(frame.id)?.resolve(frame)
      case 'refused': return this.#settle(frame.id)?.reject(new Refused(frame.sentence))
    }
  }

  #settle(id: number): Waiting | undefined {
    const waiting = this.#waiting.get(id)
    this.#waiting.delete(id)
    if (this.#waiting.size === 0) {
      clearInterval(this.#look)
      this.#look = undefined
    }
    return waiting
  }
}
