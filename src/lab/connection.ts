// One connected screen: its calls, its feed, its uploads and its exports. They end with the connection; the session does not.
// It must hold nothing that another screen needs.
import {
  callKinds, Refusal, serveLab,
  type ActRequest, type CallName, type CheckedProgram, type ClusterSettings, type Gives, type LabHandlers, type LabServer, type Port, type ProgramChoice,
  type ProgramFacts, type ScenarioEntry, type SessionStatus,
} from '../contract'
import { operationInputOf, type ClusterAct } from '../trace'
import type { EventLines } from './cluster-seam'
import type { DiskLimit } from './disk-room'
import type { Exploring } from './exploring'
import { Exports } from './exports'
import { catchUpLimits, Feed } from './feed'
import { FormatExports } from './format-exports'
import type { GrowingFile } from './recording-bytes'
import type { Session } from './session'
import { Uploads, type UploadedFile } from './uploads'

/** The part of the lab that a connection uses. */
export interface ConnectionOwner {
  readonly host: 'electron' | 'browser' | 'in-process'
  readonly version: string
  readonly canPause: boolean
  /** The lab's name if there are several; otherwise empty. */
  readonly name: string
  readonly privateFolder: string
  /** The limit for every file that the connection writes. */
  readonly disk: DiskLimit
  readonly lastSettings: ClusterSettings
  readonly sessionNumber: number
  status(): SessionStatus
  /** The shown session; throws a `Refusal` if there is none. */
  currentSession(): Session
  /** The session that the current one branched from, if it can still be read; otherwise null. */
  parentSession(): Session | null
  newCluster(settings: ClusterSettings): Promise<{ session: number }>
  listScenarios(): Promise<ScenarioEntry[]>
  checkScenario(text: string): Promise<Gives<'checkScenario'>>
  readonly programs: ProgramFacts
  checkPrograms(programs: readonly ProgramChoice[]): CheckedProgram[]
  runScenario(name: string, text: string, programs: readonly ProgramChoice[]): Promise<{ session: number }>
  branch(session: number, seq: number): Promise<{ session: number }>
  rerun(session: number): Promise<{ session: number }>
  readonly exploring: Pick<Exploring, 'begin' | 'read' | 'steer'>
  showExplored(exploration: number): Promise<{ session: number }>
  endSession(): Promise<void>
  openRecording(path: string, name: string, growing: GrowingFile | null): Promise<{ session: number }>
}

export class Connection {
  readonly readOnly: boolean
  /** Resolves when the screen has disconnected and its files are removed. */
  readonly closed: Promise<void>
  readonly #port: Port
  readonly #owner: ConnectionOwner
  readonly #server: LabServer
  readonly #feed: Feed
  readonly #uploads: Uploads
  readonly #exports: Exports
  readonly #formatExports = new FormatExports()

  constructor(port: Port, owner: ConnectionOwner, { readOnly = false, acted = () => undefined }: { readonly readOnly?: boolean; readonly acted?: () => void } = {}) {
    this.readOnly = readOnly
    this.#port = port
    this.#owner = owner
    this.#uploads = new Uploads(owner.privateFolder, () => owner.disk)
    this.#exports = new Exports(owner.privateFolder, () => owner.disk)
    this.#server = serveLab(port, guarded(this.#handlers(), (name) => {
      const kind = callKinds[name]
      if (kind === 'look') return
      if (readOnly) throw new Refusal(`This connection is read-only: only the own address of ${owner.name === '' ? 'the lab' : owner.name} can change it.`)
      if (kind === 'act') acted()
    }))
    this.#feed = new Feed((batch) => this.#server.tell('events', batch))
    this.closed = this.#server.closed.then(() => this.#end())
  }

  tellStatus(status: SessionStatus): void {
    this.#server.tell('status', status)
  }

  /** To be called when there may be new events. */
  wake(): void {
    this.#feed.wake()
  }

  /** To be called when another session is shown: stops the feed and the exports of the old one. The screen subscribes anew. */
  forgetSession(): void {
    this.#feed.stop()
    this.#formatExports.stopAll('Another session is shown: the export of the one before was stopped.')
  }

  /** The uploads of this connection, if one of them expects a file with this key. */
  uploadsOf(key: string): Uploads | undefined {
    return this.#uploads.has(key) ? this.#uploads : undefined
  }

  close(): Promise<void> {
    this.#port.close()
    return this.closed
  }

  async #end(): Promise<void> {
    this.#feed.stop()
    this.#formatExports.stopAll('The connection has ended.')
    await Promise.all([this.#uploads.close(), this.#exports.close()])
  }

  #handlers(): LabHandlers {
    const owner = this.#owner
    const session = (): Session => owner.currentSession()
    return {
      hello: () => {
        const { version, host, lastSettings, canPause, programs } = owner
        return { version, host, lastSettings, status: owner.status(), canPause, lab: owner.name, readOnly: this.readOnly, programs }
      },
      newCluster: (settings) => owner.newCluster(settings),
      branch: ({ session: number, seq }) => owner.branch(number, seq),
      rerun: ({ session: number }) => owner.rerun(number),
      exploreBegin: async ({ session: number, request }) => ({ exploration: await owner.exploring.begin(number, request) }),
      exploreRead: ({ exploration }) => owner.exploring.read(exploration),
      exploreSteer: ({ exploration, act }) => {
        owner.exploring.steer(exploration, act)
        return {}
      },
      exploreShow: ({ exploration }) => owner.showExplored(exploration),
      endSession: () => nothing(owner.endSession()),
      act: (request) => session().perform(clusterActOf(request)),
      listScenarios: async () => ({ scenarios: await owner.listScenarios() }),
      checkScenario: ({ text }) => owner.checkScenario(text),
      checkPrograms: ({ programs }) => ({ checked: owner.checkPrograms(programs) }),
      runScenario: ({ name, text, programs }) => owner.runScenario(name, text, programs),
      steerScenario: ({ act }) => nothing(session().steerScenario(act)),
      subscribe: ({ session: number, since }) => this.#subscribe(number, since),
      ackBatch: ({ session: number, batch }) => {
        this.#feed.ack(number, batch)
        return {}
      },
      readEvents: ({ session: number, from, count }) => readLines(this.#sessionOf(number), from, count),
      readParent: ({ session: number, from, count }) => this.#readParent(number, from, count),
      readRecording: ({ gzip, offset }) => this.#exports.read(session(), gzip, offset),
      exportBegin: ({ session: number, format, from, to }) => this.#formatExports.begin(this.#sessionOf(number), format, { from, to }),
      exportRead: ({ export: id }) => this.#formatExports.read(id),
      exportEnd: ({ export: id }) => this.#formatExports.end(id),
      uploadBegin: ({ name, bytes }) => this.#uploads.begin(name, bytes),
      uploadPiece: ({ upload, base64 }) => nothing(this.#uploads.addPiece(upload, base64)),
      uploadOpen: ({ upload, whileItComes }) => {
        const open = (file: UploadedFile): Promise<{ session: number }> => owner.openRecording(file.path, file.name, file.growing)
        return whileItComes ? this.#uploads.useWhileItComes(upload, open) : this.#uploads.use(upload, open)
      },
    }
  }

  #sessionOf(number: number): Session {
    const owner = this.#owner
    if (number !== owner.sessionNumber) throw new Refusal(`Session ${number} is over; the lab shows session ${owner.sessionNumber}.`)
    return owner.currentSession()
  }

  async #readParent(number: number, from: number, count: number): Promise<Gives<'readParent'>> {
    this.#sessionOf(number)
    const parent = this.#owner.parentSession()
    if (parent === null) throw new Refusal('The recording that this session branched from is not open any more; compare with its file.')
    return { header: parent.view().header, latest: parent.log.latest, ...await readLines(parent, from, count) }
  }

  #subscribe(number: number, since: number): Record<string, never> {
    const { log } = this.#sessionOf(number)
    // A screen computes its state from the first event on; a gap would make it show a state that never existed.
    if (!log.isWholeFrom(since)) throw new Refusal(log.problem)
    this.#feed.subscribe(number, log, since)
    return {}
  }
}

/** Decodes the byte strings of an act for the protocol. Throws a `Refusal` for invalid base64. */
function clusterActOf(request: ActRequest): ClusterAct {
  if (request.type !== 'invoke') return request
  try {
    const { operation } = operationInputOf({ type: 'operation', operationId: 0, session: -1, operation: request.operation, target: '' })
    return { ...request, operation, session: -1, label: 'person' }
  } catch {
    throw new Refusal('A key or value that begins with "base64:" must go on in base64.')
  }
}

/** The same handlers, but each first calls `before`, which may refuse the call by throwing. */
function guarded(handlers: LabHandlers, before: (name: CallName) => void): LabHandlers {
  const entries = (Object.keys(handlers) as CallName[]).map((name) => {
    const handle = handlers[name] as (takes: unknown) => unknown
    return [name, (takes: unknown) => {
      before(name)
      return handle(takes)
    }]
  })
  return Object.fromEntries(entries) as LabHandlers
}

async function readLines({ log }: Session, from: number, count: number): Promise<EventLines> {
  if (from > log.latest) throw new Refusal(`There is no event ${from}; the newest is ${log.latest}.`)
  const lines = await log.read(from, { ...catchUpLimits, eventsMax: Math.min(count, catchUpLimits.eventsMax) })
  if (lines === undefined || lines.from !== from) throw new Refusal(log.problem || `Event ${from} can no longer be read.`)
  return lines
}

async function nothing(act: Promise<unknown>): Promise<Record<string, never>> {
  await act
  return {}
}
