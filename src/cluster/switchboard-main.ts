// The switchboard program: started by the lab with a pipe as descriptor 3. The pipe's end is the lab's end, however it came about:
// then every node is killed, the recording is flushed, and this process exits. No child outlives the lab.
import { rmSync } from 'node:fs'
import { Socket } from 'node:net'
import { dirname } from 'node:path'
import { performance } from 'node:perf_hooks'
import { Refused } from '../network'
import { Quiet } from '../trace'
import { ClusterClock } from './cluster-clock'
import { controlDescriptor, createCommandReader, encodeFromSwitchboard, type Command, type FromSwitchboard, type ToSwitchboard } from './control'
import { FrameSplitter, FrameWriter } from './frame'
import { Journal } from './journal'
import { labFrameBytesMax } from './lab-frames'
import { openNodeDoor } from './node-door'
import { Switchboard } from './switchboard'

/** A batch of events is told in pieces of about this size. */
const batchCharactersMax = 4 * 1024 * 1024
/**
 * Heartbeats that nothing else comes with wait so long for one another: a cluster at rest wakes the lab and its screens twice a second and not
 * for each ping. In the recording they are at once.
 */
const quietMs = 500

process.title = 'understudy switchboard'
process.on('SIGINT', () => undefined)
process.on('SIGHUP', () => undefined)

const pipe = new Socket({ fd: controlDescriptor })
const writer = new FrameWriter(labFrameBytesMax)
const quiet = new Quiet()
let isFlushing = false
let waiting: NodeJS.Timeout | undefined
let toldProblem = ''
let running: { switchboard: Switchboard; journal: Journal; folder: string } | undefined

/** A frame that `mayWait` leaves with the next that may not, or when it has waited long enough. */
function tell(frame: FromSwitchboard, { mayWait = false } = {}): void {
  encodeFromSwitchboard(writer, frame)
  if (mayWait) waiting ??= setTimeout(flush, quietMs)
  else if (!isFlushing) {
    isFlushing = true
    setImmediate(flush)
  }
}

function flush(): void {
  isFlushing = false
  clearTimeout(waiting)
  waiting = undefined
  writer.flush((bytes) => pipe.write(bytes) && pipe.writableLength === 0)
}

/** Tells events in the order of their numbers, a large batch in several frames. */
function tellEvents(from: number, count: number, text: string): void {
  const mayWait = quiet.take(text)
  if (text.length <= batchCharactersMax) return tell({ type: 'events', from, count, text }, { mayWait })
  const lines = text.split('\n')
  for (let start = 0; start < lines.length;) {
    let end = start
    let characters = 0
    do characters += (lines[end++] as string).length
    while (end < lines.length && characters < batchCharactersMax)
    tell({ type: 'events', from: from + start, count: end - start, text: lines.slice(start, end).join('\n') }, { mayWait })
    start = end
  }
}

/** The file grows with events, which are told right after; only a problem is news. */
function tellFile(bytes: number, problem: string): void {
  tell({ type: 'file', bytes, problem }, { mayWait: problem === toldProblem })
  toldProblem = problem
}

async function open(command: Extract<Command, { type: 'open' }>): Promise<void> {
  const { header, recordingPath, socketPath, secret, start, branch: begin } = command
  const clock = new ClusterClock(() => performance.now() * 1000, begin ?? undefined)
  const journal = new Journal({
    path: recordingPath, header, clock, ...(begin ? { begin } : {}),
    onEvents: tellEvents,
    onFile: tellFile,
  })
  const switchboard = new Switchboard({ header, clock, journal, start, branch: begin && { path: recordingPath, begin } })
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
  await running.switchboard.command(frame.command)
  if (frame.command.type === 'stop') running.journal.close()
  // Who is answered finds in the trace what the command did.
  else running.journal.flush()
  return 0
}

const splitter = new FrameSplitter(createCommandReader((frame) => {
  carryOut(frame).then(
    (operationId) => tell({ type: 'done', id: frame.id, operationId }),
    (error: unknown) => {
      // A refusal is an answer; anything else is our mistake and must not be hidden behind one.
      if (!(error instanceof Refused)) process.stderr.write(`${error instanceof Error ? error.stack ?? error.message : String(error)}\n`)
      tell({ type: 'refused', id: frame.id, sentence: error instanceof Error ? error.message : String(error) })
    },
  )
}), labFrameBytesMax)

function end(): void {
  running?.switchboard.killAll()
  running?.journal.close()
  if (running && process.platform !== 'win32') rmSync(running.folder, { recursive: true, force: true })
  process.exit(0)
}

pipe.on('data', (data) => splitter.push(data))
pipe.on('error', end)
pipe.on('close', end)
