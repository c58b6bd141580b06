// An opened recording as a session: read-only, shown in the same panels. It refuses every act.
// The file is checked and copied to a private folder while it is shown, so later changes of the original have no effect.
// It must never execute anything from a recording.
import { rm } from 'node:fs/promises'
import { basename, join } from 'node:path'
import { Refusal } from '../contract'
import { reasonOf } from '../system'
import { formatHeader, grouped, RecordingProblem, type ClusterAct, type ClusterActType } from '../trace'
import { NoRoom, type DiskLimit } from './disk-room'
import { EventLog } from './event-log'
import { RecordingFile, type GrowingFile } from './recording-bytes'
import { unreadable } from './recording-file'
import { recordingBytesMax } from './recording-lines'
import { ReadingStopped, RecordingReading } from './recording-reading'
import type { RecordingSource, Session, SessionView } from './session'

export interface OpenOptions {
  /** The file, plain or gzip, which its first bytes show. It may be removed after the promise has resolved. */
  readonly path: string
  /** The name to show. */
  readonly name: string
  /** A private folder for the checked copy. */
  readonly folder: string
  readonly bytesMax?: number
  /** The limit for the copy; without it any disk will do. */
  readonly disk?: DiskLimit
  /** Set while the file is still being uploaded. */
  readonly growing?: GrowingFile | null
  /** Called when the view has changed. */
  readonly onChange?: () => void
  /** Called when the log has new events. */
  readonly onEvents?: () => void
}

/**
 * Begins to read, check and copy a recording. Resolves when its beginning has been read; reading continues. If the beginning is not a recording,
 * rejects with a `Refusal` of one sentence and leaves nothing behind. The session reports later problems.
 */
export async function openRecordedSession(options: OpenOptions): Promise<Session> {
  const copyPath = join(options.folder, `opened-${process.hrtime.bigint()}.jsonl`)
  try {
    const session = new RecordedSession(options, await RecordingFile.open(options.path, options.growing ?? null), copyPath)
    await session.begin()
    return session
  } catch (error) {
    await rm(copyPath, { force: true })
    if (error instanceof NoRoom) throw new Refusal(`${options.name} cannot be opened: ${error.message}`)
    throw new Refusal(error instanceof RecordingProblem ? error.message : unreadable(options.name, error))
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
      file, copyPath, log: this.log, bytesMax: options.bytesMax ?? recordingBytesMax, disk: options.disk ?? { freeMiBMin: 0 }, onEvents: () => this.#changed(),
    })
  }

  /** Resolves when the beginning has been read; rejects if it is not a recording, or cannot be read. */
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

  perform({ type }: ClusterAct): Promise<never> { return refuse(whyNot[type]) }
  steerScenario(): Promise<never> { return refuse('no scenario plays') }

  health(): null {
    return null
  }

  recording(): RecordingSource {
    const { header, bytes } = this.#reading
    const name = `${basename(this.#options.name).replace(/(\.edn|\.json|(\.jsonl)?(\.gz)?)$/i, '')}.jsonl`
    return { name, header: formatHeader(header), file: { path: this.#copyPath, bytes, events: this.log.latest } }
  }

  /** Stops the reading; what was read by then stays. */
  async end(): Promise<void> {
    this.#reading.stop()
    await this.#done
  }

  abandon(): void {
    this.#reading.stop()
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
    if (error instanceof NoRoom) return `Reading was stopped: ${error.message} ${shown}`
    const reason = error instanceof RecordingProblem ? error.message : `The file cannot be read on: ${reasonOf(error)}.`
    return `${reason} What comes before it is a recording: ${shown}`
  }
}

const networkIsPast = 'its network is past'
const whyNot: Readonly<Record<ClusterActType, string>> = {
  'kill': 'nothing in it can be killed', 'pause': 'nothing in it can be paused', 'resume': 'nothing in it can be resumed',
  'restart': 'nothing in it can be restarted', 'freeze': 'there is nothing to freeze', 'thaw': 'there is nothing to thaw',
  'invoke': 'no operation can be sent', 'start-workload': 'no workload can be started', 'stop-workload': 'there is no workload to stop',
  'add-fault': networkIsPast, 'switch-fault': networkIsPast, 'remove-fault': networkIsPast, 'deliver': networkIsPast, 'drop': networkIsPast,
  'duplicate': networkIsPast, 'fire': networkIsPast, 'add-break': networkIsPast, 'remove-break': networkIsPast,
}

function refuse(what: string): Promise<never> {
  return Promise.reject(new Refusal(`This is a recording: ${what}. Branch from a moment of it, or start a new cluster, to act.`))
}
