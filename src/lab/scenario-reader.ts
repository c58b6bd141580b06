// Parses scenario texts in a worker thread, as 200 kB of YAML take seconds. It parses one at a time, with a limit of time and memory; concurrent
// requests for the same text share one result. It must never block the thread that serves the screens, if there is a built worker.
import { Worker } from 'node:worker_threads'
import { Refusal } from '../contract'
import { readScenario, type ReadScenario } from '../scenario'
import type { FromScenarioWorker, ToScenarioWorker } from './scenario-worker'

/** A text that takes longer is refused; a regular text of the largest size takes two seconds. */
const readMs = 10_000
/** The time limit for the start of the thread, even on a busy machine. */
const startMs = 60_000
/** The limit of waiting texts. */
export const textsWaitingMax = 64
const memoryMiB = 256

export interface ScenarioReaderOptions {
  /** The built worker program; empty: texts are parsed in this thread. */
  readonly program: string
  /** Shorter in tests. */
  readonly readMs?: number
}

interface Waiting {
  readonly name: string
  readonly text: string
  readonly settle: (read: ReadScenario) => void
}

export class ScenarioReader {
  readonly #options: ScenarioReaderOptions
  /** Pending results by name and text, shared by all callers. */
  readonly #inFlight = new Map<string, Promise<ReadScenario>>()
  #waiting: Waiting[] = []
  #worker: Worker | null = null
  #current: Waiting | null = null
  #id = 0
  #late: NodeJS.Timeout | undefined

  constructor(options: ScenarioReaderOptions) {
    this.#options = options
  }

  /** Rejects with a `Refusal` if too many texts are waiting. A timeout becomes a problem of the text, like any other. */
  read(name: string, text: string): Promise<ReadScenario> {
    const key = `${name}\n${text}`
    const known = this.#inFlight.get(key)
    if (known) return known
    if (this.#waiting.length >= textsWaitingMax) return Promise.reject(new Refusal(`${textsWaitingMax} scenarios wait to be read; try again when some have been.`))
    const read = this.#options.program === '' ? Promise.resolve(readScenario(name, text)) : new Promise<ReadScenario>((settle) => {
      this.#waiting.push({ name, text, settle })
      this.#next()
    })
    this.#inFlight.set(key, read)
    void read.finally(() => this.#inFlight.delete(key))
    return read
  }

  close(): void {
    this.#end()
    const problem = { line: 1, column: 1, sentence: 'The lab was closed.' }
    for (const { settle } of [...this.#current ? [this.#current] : [], ...this.#waiting]) settle({ scenario: null, problems: [problem] })
    this.#current = null
    this.#waiting = []
  }

  #next(): void {
    if (this.#current) return
    const next = this.#waiting.shift()
    if (!next) {
      // An idle thread must not keep the process alive.
      this.#worker?.unref()
      return
    }
    this.#current = next
    const worker = this.#worker ??= this.#start()
    worker.ref()
    const { name, text } = next
    worker.postMessage({ id: ++this.#id, name, text } satisfies ToScenarioWorker)
    this.#late = setTimeout(() => this.#fail('The thread that reads scenarios did not begin; try again.'), startMs)
  }

  #start(): Worker {
    const worker = new Worker(this.#options.program, { resourceLimits: { maxOldGenerationSizeMb: memoryMiB } })
    worker.on('message', (message: FromScenarioWorker) => {
      if (worker !== this.#worker || message.id !== this.#id) return
      switch (message.type) {
        case 'begun': return this.#begun()
        case 'read': return this.#settle(message.read)
      }
    })
    worker.on('error', (error) => {
      if (worker === this.#worker) this.#fail(`It cannot be read: ${error instanceof Error ? error.message : String(error)}.`)
    })
    return worker
  }

  #begun(): void {
    const ms = this.#options.readMs ?? readMs
    clearTimeout(this.#late)
    this.#late = setTimeout(() => this.#fail(`It takes more than ${ms / 1000} s to read.`), ms)
  }

  /** Ends the thread with the text that it cannot read; a new thread takes the waiting texts. */
  #fail(sentence: string): void {
    this.#end()
    this.#settle({ scenario: null, problems: [{ line: 1, column: 1, sentence }] })
  }

  #end(): void {
    clearTimeout(this.#late)
    void this.#worker?.terminate()
    this.#worker = null
  }

  #settle(read: ReadScenario): void {
    clearTimeout(this.#late)
    const current = this.#current
    this.#current = null
    current?.settle(read)
    this.#next()
  }
}
