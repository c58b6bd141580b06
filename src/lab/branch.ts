// A branch in the making: the moment is found, everything up to it is stepped again and compared, and the branch's recording is begun
// with those events. Nothing runs yet and the session that is branched from is only read, so a refusal changes nothing.
import { open, rm } from 'node:fs/promises'
import { setImmediate } from 'node:timers/promises'
import { Refusal, type Workload } from '../contract'
import { Conformance, differenceSentence } from '../check'
import { beginState, foldEvent, parseEventLines, traceVersion, type ClusterState, type TraceEvent, type TraceHeader } from '../trace'
import type { BranchStart } from './cluster-seam'
import { EventLog } from './event-log'
import { catchUpLimits } from './feed'
import { reasonOf, type RecordingPlace } from './folders'
import { RecordingWriter } from './recording-writer'
import type { Session } from './session'

export interface BranchFacts {
  readonly createdAt: Date
  readonly protocolHash: string
  /** Finds the place of the branch's recording. */
  readonly place: (header: TraceHeader) => Promise<RecordingPlace>
}

export interface PreparedBranch {
  readonly header: TraceHeader
  readonly place: RecordingPlace
  /** Holds what the recording begins with. */
  readonly log: EventLog
  readonly start: BranchStart
  /** The workload that ran at the moment. */
  readonly workload: Workload | null
}

/** Rejects with a `Refusal` of one sentence. `seq`: the event that a person chose; the moment is the end of its step. */
export async function prepareBranch(session: Session, seq: number, { createdAt, protocolHash, place }: BranchFacts): Promise<PreparedBranch> {
  const parent = JSON.parse(session.view().header) as TraceHeader
  const { state, workload } = await momentOf(session, parent, seq, protocolHash)
  const lives = livesAt(state)
  const header: TraceHeader = {
    ...parent, version: traceVersion, source: 'live', title: titleOf(parent.title, state.seq), createdAt: createdAt.toISOString(), protocolHash,
    // Of its own, so that it is another future, and of the moment, so that it is the same one each time.
    seed: `${parent.seed}@${state.seq}`, parent: { title: parent.title, createdAt: parent.createdAt, seq: state.seq },
  }
  const placed = await place(header)
  const log = new EventLog(placed.path)
  const bytes = await writeBeginning(session, header, placed.path, log, state.seq)
  const incarnations = new Map([...state.nodes.values()].map(({ name, incarnation }) => [name, incarnation]))
  return { header, place: placed, log, workload, start: { seq: state.seq, bytes, at: state.at, wall: state.wall, incarnations, lives } }
}

function livesAt(state: ClusterState): string[] {
  const nodes = [...state.nodes.values()]
  if (nodes.every(({ incarnation }) => incarnation === 0)) throw new Refusal(`Nothing had started at event #${state.seq}; branch from a later moment.`)
  // One that was sent SIGKILL may not have ended yet; in the branch it has.
  const lives = nodes.filter(({ life, wasKilled }) => (life === 'up' || life === 'paused') && !wasKilled).map(({ name }) => name)
  if (lives.length === 0) throw new Refusal(`No process lived any more at event #${state.seq}; branch from an earlier moment.`)
  return lives
}

/** "failover" as "failover from #1204"; a branch's own place is told anew. */
function titleOf(title: string, seq: number): string {
  const base = title.replace(/ ?from #\d+$/, '')
  return `${base}${base === '' ? '' : ' '}from #${seq}`
}

interface FoundMoment {
  readonly state: ClusterState
  readonly workload: Workload | null
}

/** Looks at every event up to the moment: it must be what its nodes did, or the processes would not get the states that are shown. */
async function momentOf(session: Session, parent: TraceHeader, seq: number, protocolHash: string): Promise<FoundMoment> {
  const { log } = session
  if (parent.source === 'imported') throw new Refusal('An imported history has operations and no processes: there is nothing to branch from.')
  if (seq > log.latest) throw new Refusal(`There is no event #${seq}; the newest is #${log.latest}.`)
  if (!log.isWholeFrom(1)) throw new Refusal(log.problem)
  const conformance = new Conformance(parent)
  const state = beginState(parent)
  const fates = new Fates()
  let workload: Workload | null = null
  for await (const events of eventsOf(session)) {
    for (const event of events) {
      if (event.seq > seq && !conformance.isInStep && !fates.belongs(event)) return { state, workload }
      fates.take(event)
      conformance.take(event)
      foldEvent(state, event)
      if (conformance.difference) throw new Refusal(`${protocolWords(parent.protocolHash, protocolHash)} ${differenceSentence(conformance.difference)}`)
      if (event.type === 'workload-started') workload = event.plan && { ...event.plan, clients: [...event.plan.clients] }
      if (event.type === 'workload-stopped') workload = null
    }
  }
  if (conformance.isInStep) throw new Refusal(`Event #${seq} is in a step that is not whole; branch from an earlier moment.`)
  return { state, workload }
}

function protocolWords(made: string, present: string): string {
  const why = made === present ? '' : ', as another version of the protocol made it'
  return `There is no branch from here: stepping again does not give what was recorded${why}.`
}

/** All events of a session, in the order of the file. */
export async function* eventsOf({ log }: Pick<Session, 'log'>): AsyncGenerator<TraceEvent[]> {
  for (let next = 1; next <= log.latest;) {
    const lines = await log.read(next, catchUpLimits)
    if (lines === undefined || lines.from !== next) throw new Refusal(log.problem || `Event #${next} cannot be read.`)
    next += lines.count
    yield parseEventLines(lines.text)
    // Other screens are served between two readings.
    await setImmediate()
  }
}

/** What became at once of the message that was sent last: without it the message would be where it never was. */
class Fates {
  /** The message, until something else happens; empty then. */
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
      case 'message-duplicated': return event.id.split('+')[0] === this.#id
      case 'message-released': return event.reason === `overtaken by ${this.#id}`
      default: return false
    }
  }
}

async function writeBeginning(session: Session, header: TraceHeader, path: string, log: EventLog, seq: number): Promise<number> {
  try {
    const file = await open(path, 'wx', 0o600)
    try {
      const writer = new RecordingWriter(file, log)
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
    throw new Refusal(`The branch's recording cannot be written: ${reasonOf(error)}.`)
  }
}
