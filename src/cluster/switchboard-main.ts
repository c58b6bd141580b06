// The switchboard program: started by the lab with a pipe as descriptor 3. The pipe's end is the lab's end, however it came about:
// then every node is killed, the recording is flushed, and this process exits. No child outlives the lab.
import { rmSync } from 'node:fs'
import { Socket } from 'node:net'
import { dirname } from 'node:path'
import { performance } from 'node:perf_hooks'
import { Refused } from '../network'
import { ClusterClock } from './cluster-clock'
import { controlDescriptor, createCommandReader, encodeFromSwitchboard, type Command, type FromSwitchboard, type SwitchboardLoad, type ToSwitchboard } from './control'
import { FrameSplitter, FrameWriter } from './frame'
import { Journal } from './journal'
import { labFrameBytesMax } from './lab-frames'
import { openNodeDoor } from './node-door'
import { Switchboard } from './switchboard'

/** A batch of events is told in pieces of about this size. */
const batchCharactersMax = 4 * 1024 * 1024

process.title = 'understudy switchboard'
process.on('SIGINT', () => undefined)
process.on('SIGHUP', () => undefined)

const pipe = new Socket({ fd: controlDescriptor })
const writer = new FrameWriter(labFrameBytesMax)
let isFlushing = false
let running: { switchboard: Switchboard; journal: Journal; folder: string } | undefined

function tell(frame: FromSwitchboard): void {
  encodeFromSwitchboard(writer, frame)
  if (isFlushing) return
  isFlushing = true
  setImmediate(() => {
    isFlushing = false
    writer.flush((bytes) => pipe.write(bytes) && pipe.writableLength === 0)
    running?.switchboard.peaks.labBytes(pipe.writableLength)
  })
}

/** Tells events in the order of their numbers, a large batch in several frames. */
function tellEvents(from: number, count: number, text: string): void {
  if (text.length <= batchCharactersMax) return tell({ type: 'events', from, count, text })
  const lines = text.split('\n')
  for (let start = 0; start < lines.length;) {
    let end = start
    let characters = 0
    do characters += (lines[end++] as string).length
    while (end < lines.length && characters < batchCharactersMax)
    tell({ type: 'events', from: from + start, count: end - start, text: lines.slice(start, end).join('\n') })
    start = end
  }
}

async function open(command: Extract<Command, { type: 'open' }>): Promise<void> {
  const { header, recordingPath, socketPath, secret, start, branch: begin } = command
  const clock = new ClusterClock(() => performance.now() * 1000, begin ?? undefined)
  const journal = new Journal({
    path: recordingPath, header, clock, ...(begin ? { begin } : {}),
    onEvents: tellEvents,
    onFile: (bytes, problem) => tell({ type: 'file', bytes, problem }),
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

function loadOf({ peaks }: Switchboard): SwitchboardLoad {
  const { user, system } = process.cpuUsage()
  return { processorMicros: user + system, ...peaks.take() }
}

const splitter = new FrameSplitter(createCommandReader((frame) => {
  if (frame.type === 'command' && frame.command.type === 'load' && running) return tell({ type: 'load', id: frame.id, load: loadOf(running.switchboard) })
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
