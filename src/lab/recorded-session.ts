// An opened recording as a session: read-only, fed to the same panels. Every act is refused.
// The file is checked and copied to a private folder while it is shown: what happens to the original later changes nothing.
// It must never run anything that a recording says.
import { rm } from 'node:fs/promises'
import { basename, join } from 'node:path'
import { Refusal } from '../contract'
import { formatHeader, grouped, RecordingProblem } from '../trace'
import { EventLog } from './event-log'
import { reasonOf } from './folders'
import { RecordingFile, type GrowingFile } from './recording-bytes'
import { recordingBytesMax } from './recording-file'
import { ReadingStopped, RecordingReading } from './recording-reading'
import type { RecordingSource, Session, SessionView } from './session'

export interface OpenOptions {
  /** The file, plain or gzip; its first bytes say which. It may be removed when this has resolved. */
  readonly path: string
  /** What people call the file. */
  readonly name: string
  /** A private folder for the checked copy. */
  readonly folder: string
  readonly bytesMax?: number
  /** The file still comes. */
  readonly growing?: GrowingFile | null
  /** Something of the view has changed. */
  readonly onChange?: () => void
  /** There are new events in the log. */
  readonly onEvents?: () => void
}

/**
 * Begins to read, check and copy a recording; resolves when its beginning is read, and reads on. Rejects with a `Refusal` of one
 * sentence and leaves nothing behind if the beginning is no recording; what is wrong later is said by the session.
 */
export async function openRecordedSession(options: OpenOptions): Promise<Session> {
  const copyPath = join(options.folder, `opened-${process.hrtime.bigint()}.jsonl`)
  try {
    const session = new RecordedSession(options, await RecordingFile.open(options.path, options.growing ?? null), copyPath)
    await session.begin()
    return session
  } catch (error) {
    await rm(copyPath, { force: true })
    if (error instanceof RecordingProblem) throw new Refusal(error.message)
    throw new Refusal(`${options.name} cannot be read: ${reasonOf(error)}.`)
  }
}

class RecordedSession implements Session {
  readonly log: EventLog
  readonly #options: OpenOptions
  readonly #copyPath: string
  readonly #reading: RecordingReading
  #problem = ''
  #isReading = true
  #isBegun = false
  #done: Promise<void> = Promise.resolve()

  constructor(options: OpenOptions, file: RecordingFile, copyPath: string) {
    this.#options = options
    this.#copyPath = copyPath
    this.log = new EventLog(copyPath)
    this.#reading = new RecordingReading({
      file, copyPath, log: this.log, bytesMax: options.bytesMax ?? recordingBytesMax, onEvents: () => this.#changed(),
    })
  }

  /** Resolves when the beginning was read; rejects if it is no recording, or cannot be read. */
  async begin(): Promise<void> {
    const whole = this.#reading.run()
    this.#done = whole.then((note) => { this.#problem = note }, (error: unknown) => {
      if (!this.#isBegun) throw error
      this.#problem = this.#sentenceOf(error)
    }).finally(() => {
      this.#isReading = false
      this.#changed()
    })
    await Promise.race([this.#reading.beginning, this.#done])
    this.#isBegun = true
  }

  view(): SessionView {
    const { header, bytes, share } = this.#reading
    const problem = [this.#problem, this.log.problem].filter((sentence) => sentence !== '').join(' ')
    return {
      kind: 'recorded', title: header.title, reason: '', header: formatHeader(header), frozen: false, workload: null, scenario: null,
      recording: { path: this.#options.name, bytes, problem, ...(this.#isReading ? { readShare: share } : {}) }, latest: this.log.latest,
    }
  }

  kill(): Promise<never> { return refuse('nothing in it can be killed') }
  pause(): Promise<never> { return refuse('nothing in it can be paused') }
  resume(): Promise<never> { return refuse('nothing in it can be resumed') }
  restart(): Promise<never> { return refuse('nothing in it can be restarted') }
  freeze(): Promise<never> { return refuse('there is nothing to freeze') }
  thaw(): Promise<never> { return refuse('there is nothing to thaw') }
  act(): Promise<never> { return refuse('its network is past') }
  steerScenario(): Promise<never> { return refuse('no scenario plays') }
  invoke(): Promise<never> { return refuse('no operation can be sent') }
  startWorkload(): Promise<never> { return refuse('no workload can be started') }
  stopWorkload(): Promise<never> { return refuse('there is no workload to stop') }

  recording(): RecordingSource {
    const { header, bytes } = this.#reading
    const name = `${basename(this.#options.name).replace(/(\.edn|(\.jsonl)?(\.gz)?)$/i, '')}.jsonl`
    return { name, header: formatHeader(header), file: { path: this.#copyPath, bytes, events: this.log.latest } }
  }

  /** Nothing runs but the reading: what was read by then stays. */
  async end(): Promise<void> {
    this.#reading.stop()
    await this.#done
  }

  async dispose(): Promise<void> {
    await this.end()
    await rm(this.#copyPath, { force: true })
  }

  #changed(): void {
    if (!this.#isBegun) return
    this.#options.onEvents?.()
    this.#options.onChange?.()
  }

  #sentenceOf(error: unknown): string {
    const shown = `${grouped(this.log.latest)} ${this.log.latest === 1 ? 'event is' : 'events are'} shown.`
    if (error instanceof ReadingStopped) return `Reading was ended before the end of the file; ${shown}`
    const reason = error instanceof RecordingProblem ? error.message : `The file cannot be read on: ${reasonOf(error)}.`
    return `${reason} What comes before it is a recording: ${shown}`
  }
}

function refuse(what: string): Promise<never> {
  return Promise.reject(new Refusal(`This is a recording: ${what}. Branch from a moment of it, or start a new cluster, to act.`))
}
