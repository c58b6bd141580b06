// The switchboard program: started by the lab with a pipe as descriptor 3. The pipe's end is the lab's end, however it came about:
// then every node is killed, the recording is flushed, and this process exits. No child outlives the lab.
import { rmSync } from 'node:fs'
import { Socket } from 'node:net'
import { dirname } from 'node:path'
import { performance } from 'node:perf_hooks'
import { Refused } from '../network'
import { Quiet } from '../trace'
import { ClusterClock } from './cluster-clock'
import { controlDescriptor, createCommandReader, encodeEventsHead, encodeFromSwitchboard, type Command, type FromSwitchboard, type SwitchboardLoad, type ToSwitchboard } from './control'
import { FrameSplitter, FrameWriter } from './frame'
import { Journal, type Piece } from './journal'
import { labFrameBytesMax } from './lab-frames'
import { openNodeDoor } from './node-door'
import { Switchboard } from './switchboard'

/**
 * Heartbeats that nothing else comes with wait so long for one another: a cluster at rest wakes the lab and its screens once a second and not
 * for each ping. In the recording they are at once. Where something else happened just now somebody is looking, and they wait for less.
 */
const quietMs = { awake: 250, atRest: 1000 } as const
/** A cluster is at rest when there was nothing but heartbeats for so long. */
const restAfterMs = 5000
/** More bytes of events at once are not looked through for that, nor what comes so soon after them: nobody is at rest. */
const quietBytesMax = 16 * 1024
const floodOverMs = 20

process.title = 'understudy switchboard'
process.on('SIGINT', () => undefined)
process.on('SIGHUP', () => undefined)

const pipe = new Socket({ fd: controlDescriptor })
const writer = new FrameWriter(labFrameBytesMax)
const quiet = new Quiet()
let isFlushing = false
let waiting: NodeJS.Timeout | undefined
let loudMs = performance.now()
let floodMs = Number.NEGATIVE_INFINITY
let toldProblem = ''
let running: { switchboard: Switchboard; journal: Journal; folder: string } | undefined

/** A frame that `mayWait` leaves with the next that may not, or when it has waited long enough. */
function tell(frame: FromSwitchboard, { mayWait = false } = {}): void {
  encodeFromSwitchboard(writer, frame)
  if (mayWait) flushLater()
  else if (!isFlushing) {
    isFlushing = true
    setImmediate(flushTold)
  }
}

/** More than this that the lab has not read and clients have to wait, until half of it is left. */
const labBytesMax = 16 * 1024 * 1024
let isLabBehind = false

function flushLater(): void {
  waiting ??= setTimeout(flushTold, performance.now() - loudMs < restAfterMs ? quietMs.awake : quietMs.atRest)
}

function flushTold(): void {
  isFlushing = false
  clearTimeout(waiting)
  waiting = undefined
  writer.flush(writeToLab)
}

/** True if the bytes are gone. */
function writeToLab(bytes: Buffer): boolean {
  const isGone = pipe.write(bytes, labHasRead) && pipe.writableLength === 0
  running?.switchboard.peaks.labBytes(pipe.writableLength)
  if (pipe.writableLength > labBytesMax) isLabBehind = true
  return isGone
}

/** A piece of events: the bytes that are in the file, after a frame's head of their own. Heartbeats alone are copied, and wait. */
function tellEvents(piece: Piece): boolean {
  encodeEventsHead(writer, piece)
  const nowMs = performance.now()
  if (piece.bytes.length > quietBytesMax) floodMs = nowMs
  if (nowMs - floodMs >= floodOverMs && quiet.take(piece.bytes.toString('latin1'))) {
    writer.raw(piece.bytes, 0, piece.bytes.length)
    flushLater()
    return true
  }
  loudMs = nowMs
  pipe.cork()
  flushTold()
  writeToLab(piece.bytes)
  pipe.uncork()
  return pipe.writableLength === 0
}

/** The file grows with events, which are told right after; only a problem is news. */
function tellFile(bytes: number, problem: string): void {
  tell({ type: 'file', bytes, problem }, { mayWait: problem === toldProblem })
  toldProblem = problem
}

async function open(command: Extract<Command, { type: 'open' }>): Promise<void> {
  const { header, recordingPath, socketPath, secret, start, branch: begin, diskFreeMiBMin } = command
  const clock = new ClusterClock(() => performance.now() * 1000, begin ?? undefined)
  const journal = new Journal({
    path: recordingPath, header, clock, ...(begin ? { begin } : {}),
    onEvents: tellEvents,
    onWaiting: (bytes) => running?.switchboard.peaks.journalBytes(bytes),
    onRoom: () => running?.switchboard.caughtUp(),
    onFile: tellFile,
    freeBytesMin: diskFreeMiBMin * 1024 * 1024,
  })
  const switchboard = new Switchboard({ header, clock, journal, isLabBehind: () => isLabBehind, start, branch: begin && { path: recordingPath, begin } })
  await journal.lookAtDisk()
  await openNodeDoor(socketPath, { secret, switchboard })
  running = { switchboard, journal, folder: dirname(socketPath) }
}

async function carryOut(frame: ToSwitchboard): Promise<number> {
  if (frame.type === 'command' && frame.command.type === 'open') {
    await open(frame.command)
    return 0
  }
  if (!running) throw new Refused('The switchboard is not open yet.')
  if (frame.type === 'invoke') return running.switchboard.invokeByHand(frame.invoke)
  running.journal.look()
  await running.switchboard.command(frame.command)
  if (frame.command.type === 'stop') await running.journal.close()
  return 0
}

/** Who is answered finds in the trace what the command did. */
function answer(frame: FromSwitchboard): void {
  if (running) running.journal.whenTold(() => tell(frame))
  else tell(frame)
}

function loadOf({ peaks }: Switchboard): SwitchboardLoad {
  const { user, system } = process.cpuUsage()
  return { processorMicros: user + system, ...peaks.take() }
}

const splitter = new FrameSplitter(createCommandReader((frame) => {
  if (frame.type === 'command' && frame.command.type === 'load' && running) return tell({ type: 'load', id: frame.id, load: loadOf(running.switchboard) })
  carryOut(frame).then(
    (operationId) => answer({ type: 'done', id: frame.id, operationId }),
    (error: unknown) => {
      // A refusal is an answer; anything else is our mistake and must not be hidden behind one.
      if (!(error instanceof Refused)) process.stderr.write(`${error instanceof Error ? error.stack ?? error.message : String(error)}\n`)
      answer({ type: 'refused', id: frame.id, sentence: error instanceof Error ? error.message : String(error) })
    },
  )
}), labFrameBytesMax)

function end(): void {
  running?.switchboard.killAll()
  running?.journal.closeNow()
  if (running && process.platform !== 'win32') rmSync(running.folder, { recursive: true, force: true })
  process.exit(0)
}

/** What waited for the lab was read. */
function labHasRead(): void {
  if (!isLabBehind || pipe.writableLength > labBytesMax / 2) return
  isLabBehind = false
  running?.switchboard.caughtUp()
}

pipe.on('data', (data) => splitter.push(data))
pipe.on('error', end)
pipe.on('close', end)
