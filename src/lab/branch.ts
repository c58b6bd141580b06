// Prepares a branch: finds the snapshot, replays and compares every event up to it, and begins the branch's recording with those events.
// It must start no process and only read the parent session, so that a refusal changes nothing.
import { open, rm } from 'node:fs/promises'
import { setImmediate } from 'node:timers/promises'
import { freezesMax } from '../cluster'
import { Refusal } from '../contract'
import { Conformance, differenceSentence } from '../check'
import { originalId } from '../network'
import { reasonOf } from '../system'
import { beginState, foldEvent, grouped, parseEventLines, traceVersion, whyNoMoment, type ClusterState, type TraceEvent, type TraceHeader } from '../trace'
import type { BranchStart } from './cluster-seam'
import { DiskRoom, NoRoom, type DiskLimit } from './disk-room'
import { EventLog } from './event-log'
import { catchUpLimits } from './feed'
import type { RecordingPlace } from './folders'
import { RecordingWriter } from './recording-writer'
import type { Session } from './session'

export interface BranchFacts {
  readonly createdAt: Date
  readonly protocolHash: string
  /** Chooses the path of the branch's recording. */
  readonly place: (header: TraceHeader) => Promise<RecordingPlace>
  /** The limit for the events that the recording begins with; without it any disk will do. */
  readonly disk?: DiskLimit
  /** Cancels the preparation. */
  readonly signal?: AbortSignal
}

export interface PreparedBranch {
  readonly header: TraceHeader
  readonly place: RecordingPlace
  /** The event log with the events that the recording begins with. */
  readonly log: EventLog
  readonly start: BranchStart
}

/** `seq`: the event that a person chose; the snapshot is taken at the end of its step. Rejects with a `Refusal` of one sentence. */
export async function prepareBranch(session: Session, seq: number, facts: BranchFacts): Promise<PreparedBranch> {
  const { createdAt, protocolHash, place, disk = { freeMiBMin: 0 } } = facts
  const parent = JSON.parse(session.view().header) as TraceHeader
  const state = await snapshotOf(session, parent, seq, facts)
  const lives = livesAt(state)
  const header: TraceHeader = {
    ...parent, version: traceVersion, source: 'live', title: titleOf(parent.title, state.seq), createdAt: createdAt.toISOString(), protocolHash,
    // A different seed gives the branch a different future. It is derived from `seq`, so it is the same each time.
    seed: `${parent.seed}@${state.seq}`, parent: { title: parent.title, createdAt: parent.createdAt, seq: state.seq },
  }
  const placed = await place(header)
  const log = new EventLog(placed.path)
  const bytes = await writeBeginning(session, header, { path: placed.path, log, seq: state.seq, disk })
  const incarnations = new Map([...state.nodes.values()].map(({ name, incarnation }) => [name, incarnation]))
  return { header, place: placed, log, start: { seq: state.seq, bytes, at: state.at, wall: state.wall, incarnations, lives } }
}

function livesAt(state: ClusterState): string[] {
  const nodes = [...state.nodes.values()]
  if (nodes.every(({ incarnation }) => incarnation === 0)) throw new Refusal(`Nothing had started at event #${state.seq}; branch from a later moment.`)
  // A node that was sent SIGKILL may still be running; in the branch it is dead.
  const lives = nodes.filter(({ life, wasKilled }) => (life === 'up' || life === 'paused') && !wasKilled).map(({ name }) => name)
  if (lives.length === 0) throw new Refusal(`No process lived any more at event #${state.seq}; branch from an earlier moment.`)
  return lives
}

/** "failover" becomes "failover from #1204". The position of an earlier branch is replaced. */
function titleOf(title: string, seq: number): string {
  const base = title.replace(/ ?from #\d+$/, '')
  return `${base}${base === '' ? '' : ' '}from #${seq}`
}

/** Replays every event up to the end of the chosen step. The replay must match the recording: otherwise the processes would not get the shown states. */
async function snapshotOf(session: Session, parent: TraceHeader, seq: number, { protocolHash, signal }: BranchFacts): Promise<ClusterState> {
  const { log } = session
  const why = whyNoMoment(parent)
  if (why !== '') throw new Refusal(`${why}: there is nothing to branch from.`)
  if (seq > log.latest) throw new Refusal(`There is no event #${seq}; the newest is #${log.latest}.`)
  if (!log.isWholeFrom(1)) throw new Refusal(log.problem)
  const conformance = new Conformance(parent)
  const state = beginState(parent)
  const fates = new Fates()
  for await (const events of eventsOf(session, signal)) {
    for (const event of events) {
      if (event.seq > seq && !conformance.isInStep && !fates.belongs(event)) return state
      fates.take(event)
      conformance.take(event)
      foldEvent(state, event)
      if (conformance.difference) throw new Refusal(`${protocolWords(parent.protocolHash, protocolHash)} ${differenceSentence(conformance.difference)}`)
      if (event.type === 'frozen' && event.freeze >= freezesMax) throw new Refusal(`Event #${event.seq} tells of freeze ${grouped(event.freeze)}, and a cluster counts to ${grouped(freezesMax)}: there is no branch from here.`)
    }
  }
  if (conformance.isInStep) throw new Refusal(`Event #${seq} is in a step that is not whole; branch from an earlier moment.`)
  return state
}

function protocolWords(made: string, present: string): string {
  const why = made === present ? '' : ', as another version of the protocol made it'
  return `There is no branch from here: stepping again does not give what was recorded${why}.`
}

/** All events of a session in file order. */
export async function* eventsOf({ log }: Pick<Session, 'log'>, signal?: AbortSignal): AsyncGenerator<TraceEvent[]> {
  for (let next = 1; next <= log.latest;) {
    signal?.throwIfAborted()
    const lines = await log.read(next, catchUpLimits)
    if (lines === undefined || lines.from !== next) throw new Refusal(log.problem || `Event #${next} cannot be read.`)
    next += lines.count
    yield parseEventLines(lines.text)
    // Lets other screens be served between two reads.
    await setImmediate()
  }
}

/**
 * Recognises events that report the immediate fate of the last sent message. The snapshot must include them: without them the message would be in a
 * place where it never was.
 */
class Fates {
  /** The id of the message; empty once an unrelated event follows. */
  #id = ''

  take(event: TraceEvent): void {
    if (event.type === 'message-sent') this.#id = event.id
    else if (!this.belongs(event)) this.#id = ''
  }

  belongs(event: TraceEvent): boolean {
    if (this.#id === '') return false
    switch (event.type) {
      case 'message-delayed':
      case 'message-held':
      case 'message-dropped':
      case 'message-duplicated': return originalId(event.id) === this.#id
      case 'message-released': return event.reason === `overtaken by ${this.#id}`
      default: return false
    }
  }
}

interface Beginning {
  readonly path: string
  readonly log: EventLog
  readonly seq: number
  readonly disk: DiskLimit
}

async function writeBeginning(session: Session, header: TraceHeader, { path, log, seq, disk }: Beginning): Promise<number> {
  try {
    // The file exists: an empty file reserved its name.
    const file = await open(path, 'r+')
    try {
      const writer = new RecordingWriter(file, log, new DiskRoom(path, disk))
      await writer.begin(header)
      for (let next = 1; next <= seq;) {
        const lines = await session.log.read(next, { ...catchUpLimits, eventsMax: Math.min(catchUpLimits.eventsMax, seq - next + 1) })
        if (lines === undefined || lines.from !== next) throw new Error(session.log.problem || `event #${next} cannot be read`)
        next += lines.count
        await writer.add(lines.text.split('\n'))
      }
      await writer.finish()
      return writer.bytes
    } finally {
      await file.close()
    }
  } catch (error) {
    await rm(path, { force: true })
    throw new Refusal(`The branch's recording cannot be written: ${error instanceof NoRoom ? error.message : `${reasonOf(error)}.`}`)
  }
}
