// The switchboard as a program: reads the lab's commands from a pipe, answers them, and sends events. The pipe closes with the lab, however it
// ends: then every node is killed, the recording is flushed, and the program ends. It must never touch its own process: that is the task of
// switchboard-main.ts.
import type { Duplex } from 'node:stream'
import { dirname } from 'node:path'
import { Refused } from '../../network'
import { say, sentenceOf } from '../../system/ending'
import { isOfTheSystem } from '../../system/reasons'
import { Quiet } from '../../trace'
import { ClusterClock } from './cluster-clock'
import { createCommandReader, encodeEventsHead, encodeFromSwitchboard, type Command, type FromSwitchboard, type SwitchboardLoad, type ToSwitchboard } from '../supervisor/control'
import { FrameSplitter, FrameWriter } from '../wire/frame'
import type { Piece } from './event-writer'
import { Recorder, type RecorderOptions } from './recorder'
import { labFrameBytesMax } from '../wire/lab-frames'
import type { Processes } from '../supervisor/process-identity'
import { Switchboard } from './switchboard'

/**
 * Events that are only heartbeats are sent in batches at this interval. So an idle cluster wakes the lab and its screens once a second, and not for
 * each ping. They are recorded at once. If something else happened just now, the interval is shorter.
 */
const quietMs = { awake: 250, atRest: 1000 } as const
/** A cluster is idle when it had only heartbeats for so long. */
const restAfterMs = 5000
/** A larger batch is not searched for heartbeats, nor is what comes within `floodOverMs` after it: the cluster is not idle. */
const quietBytesMax = 16 * 1024
const floodOverMs = 20
/** If the lab has more unread bytes than this, clients have to wait until half of it is left. */
const labBytesMax = 16 * 1024 * 1024

export interface SwitchboardProgramOptions {
  /** The pipe to and from the lab. */
  readonly pipe: Pick<Duplex, 'on' | 'write' | 'cork' | 'uncork' | 'writableLength'>
  /** Listens for nodes that know the secret; rejects if it cannot. */
  readonly openDoor: (socketPath: string, door: { readonly secret: string; readonly switchboard: Switchboard }) => Promise<unknown>
  /** The lab and the nodes have gone. `folder`: the cluster's own; undefined before `open`. */
  readonly onEnd: (folder: string | undefined) => void
  /** Undefined: those of the operating system. */
  readonly processes?: Processes
  readonly write?: RecorderOptions['write']
}

interface Running {
  readonly switchboard: Switchboard
  readonly recorder: Recorder
  readonly folder: string
}

export class SwitchboardProgram {
  readonly #options: SwitchboardProgramOptions
  readonly #pipe: SwitchboardProgramOptions['pipe']
  readonly #writer = new FrameWriter(labFrameBytesMax)
  readonly #quiet = new Quiet()
  #isFlushing = false
  #waiting: NodeJS.Timeout | undefined
  #loudMs = performance.now()
  #floodMs = Number.NEGATIVE_INFINITY
  #toldProblem = ''
  #isLabBehind = false
  #running: Running | undefined

  constructor(options: SwitchboardProgramOptions) {
    this.#options = options
    this.#pipe = options.pipe
    const splitter = new FrameSplitter(createCommandReader((frame) => this.#take(frame)), labFrameBytesMax)
    this.#pipe.on('data', (data: Buffer) => splitter.push(data))
    this.#pipe.on('error', () => this.#end())
    this.#pipe.on('close', () => this.#end())
  }

  /** This process was stopped by a signal and continues. */
  continued(): void {
    this.#running?.switchboard.continued()
  }

  // ---- commands

  #take(frame: ToSwitchboard): void {
    if (frame.type === 'command' && frame.command.type === 'load' && this.#running) return this.#tell({ type: 'load', id: frame.id, load: loadOf(this.#running.switchboard) })
    this.#carryOut(frame).then(
      (operationId) => this.#answer({ type: 'done', id: frame.id, operationId }),
      (error: unknown) => {
        // A Refused is an answer; any other error is our bug and must also be logged.
        if (!(error instanceof Refused)) say(sentenceOf(error))
        this.#answer({ type: 'refused', id: frame.id, sentence: error instanceof Error && !isOfTheSystem(error) ? error.message : sentenceOf(error) })
      },
    )
  }

  async #carryOut(frame: ToSwitchboard): Promise<number> {
    if (frame.type === 'command' && frame.command.type === 'open') {
      await this.#open(frame.command)
      return 0
    }
    const running = this.#running
    if (!running) throw new Refused('The switchboard is not open yet.')
    if (frame.type === 'invoke') return running.switchboard.invoke(frame.invocation)
    running.switchboard.events.look()
    await running.switchboard.command(frame.command)
    if (frame.command.type === 'stop') await running.recorder.close()
    return 0
  }

  async #open(command: Extract<Command, { type: 'open' }>): Promise<void> {
    const { header, recordingPath, socketPath, secret, start, branch: begin, diskFreeMiBMin, recordingBytesMax, operationsPerSecondMax } = command
    const { processes, write, openDoor } = this.#options
    const clock = new ClusterClock(() => performance.now() * 1000, begin ?? undefined)
    const recorder = new Recorder({
      path: recordingPath, header, clock, ...(begin ? { begin } : {}), ...(write ? { write } : {}),
      onEvents: (piece) => this.#tellEvents(piece),
      onWaiting: (bytes) => {
        this.#running?.switchboard.peaks.recorderBytes(bytes)
        this.#running?.switchboard.waits(bytes, 'the disk')
      },
      onRoom: () => this.#running?.switchboard.caughtUp(),
      onFile: (bytes, problem) => this.#tellFile(bytes, problem),
      freeBytesMin: diskFreeMiBMin * 1024 * 1024, ...(recordingBytesMax > 0 ? { bytesMax: recordingBytesMax } : {}),
    })
    const switchboard = new Switchboard({
      header, clock, recorder, operationsPerSecondMax, isLabBehind: () => this.#isLabBehind, start, branch: begin && { path: recordingPath, begin },
      ...(processes ? { processes } : {}), onAlive: () => this.#tell({ type: 'alive' }), onNow: (now) => recorder.whenTold(() => this.#tell({ type: 'now', now })),
    })
    await recorder.lookAtDisk()
    await openDoor(socketPath, { secret, switchboard })
    this.#running = { switchboard, recorder, folder: dirname(socketPath) }
  }

  // ---- to the lab

  /** Sends a frame. With `mayWait` it leaves with the next frame that may not wait, or after the interval. */
  #tell(frame: FromSwitchboard, { mayWait = false } = {}): void {
    encodeFromSwitchboard(this.#writer, frame)
    if (mayWait) this.#flushLater()
    else if (!this.#isFlushing) {
      this.#isFlushing = true
      setImmediate(() => this.#flush())
    }
  }

  /** Answers after the command's events were sent, so that the caller finds them in the trace. */
  #answer(frame: FromSwitchboard): void {
    if (this.#running) this.#running.recorder.whenTold(() => this.#tell(frame))
    else this.#tell(frame)
  }

  #flushLater(): void {
    this.#waiting ??= setTimeout(() => this.#flush(), performance.now() - this.#loudMs < restAfterMs ? quietMs.awake : quietMs.atRest)
  }

  #flush(): void {
    this.#isFlushing = false
    clearTimeout(this.#waiting)
    this.#waiting = undefined
    this.#writer.flush((bytes) => this.#write(bytes))
  }

  /** Returns true if the bytes are gone. */
  #write(bytes: Buffer): boolean {
    const pipe = this.#pipe
    const isGone = pipe.write(bytes, () => this.#labHasRead()) && pipe.writableLength === 0
    this.#running?.switchboard.peaks.labBytes(pipe.writableLength)
    this.#running?.switchboard.waits(pipe.writableLength, 'the lab')
    if (pipe.writableLength > labBytesMax) this.#isLabBehind = true
    return isGone
  }

  /** Sends a batch of events: a frame head, then the bytes of the file. A batch of heartbeats only is copied and waits. */
  #tellEvents(piece: Piece): boolean {
    encodeEventsHead(this.#writer, piece)
    const nowMs = performance.now()
    if (piece.bytes.length > quietBytesMax) this.#floodMs = nowMs
    if (nowMs - this.#floodMs >= floodOverMs && this.#quiet.take(piece.bytes.toString('latin1'))) {
      this.#writer.raw(piece.bytes, 0, piece.bytes.length)
      this.#flushLater()
      return true
    }
    this.#loudMs = nowMs
    this.#pipe.cork()
    this.#flush()
    this.#write(piece.bytes)
    this.#pipe.uncork()
    return this.#pipe.writableLength === 0
  }

  /** Reports the file's length with the events that follow; only a new problem is sent at once. */
  #tellFile(bytes: number, problem: string): void {
    this.#tell({ type: 'file', bytes, problem }, { mayWait: problem === this.#toldProblem })
    this.#toldProblem = problem
  }

  /** The lab has read pending bytes. */
  #labHasRead(): void {
    if (!this.#isLabBehind || this.#pipe.writableLength > labBytesMax / 2) return
    this.#isLabBehind = false
    this.#running?.switchboard.caughtUp()
  }

  #end(): void {
    this.#running?.switchboard.killAll()
    this.#running?.recorder.closeNow()
    this.#options.onEnd(this.#running?.folder)
  }
}

function loadOf({ peaks }: Switchboard): SwitchboardLoad {
  const { user, system } = process.cpuUsage()
  return { processorMicros: user + system, ...peaks.take() }
}
