// One connected screen: its calls, its feed, its uploads and its exports. All that ends with it; the session does not.
// It must hold nothing that another screen needs.
import { Refusal, serveLab, type ClusterSettings, type Gives, type LabHandlers, type LabServer, type Port, type ScenarioEntry, type SessionStatus } from '../contract'
import { readScenario } from '../scenario'
import type { EventLines } from './cluster-seam'
import type { Exploring } from './exploring'
import { Exports } from './exports'
import { catchUpLimits, Feed } from './feed'
import { FormatExports } from './format-exports'
import type { GrowingFile } from './recording-bytes'
import type { Session } from './session'
import { Uploads, type UploadedFile } from './uploads'

/** What a connection asks of the lab. */
export interface ConnectionOwner {
  readonly host: 'electron' | 'browser' | 'in-process'
  readonly version: string
  readonly canPause: boolean
  readonly privateFolder: string
  readonly lastSettings: ClusterSettings
  readonly sessionNumber: number
  status(): SessionStatus
  /** Throws a `Refusal` when there is none. */
  currentSession(): Session
  /** The session that the present one branched from, if it can still be read; null without one. */
  parentSession(): Session | null
  newCluster(settings: ClusterSettings): Promise<{ session: number }>
  listScenarios(): Promise<ScenarioEntry[]>
  runScenario(name: string, text: string): Promise<{ session: number }>
  branch(session: number, seq: number): Promise<{ session: number }>
  rerun(session: number): Promise<{ session: number }>
  readonly exploring: Pick<Exploring, 'begin' | 'read' | 'steer'>
  showExplored(exploration: number): Promise<{ session: number }>
  endSession(): Promise<void>
  openRecording(path: string, name: string, growing: GrowingFile | null): Promise<{ session: number }>
}

export class Connection {
  /** Resolves when the screen has gone and nothing of it is left. */
  readonly closed: Promise<void>
  readonly #port: Port
  readonly #owner: ConnectionOwner
  readonly #server: LabServer
  readonly #feed: Feed
  readonly #uploads: Uploads
  readonly #exports: Exports
  readonly #formatExports = new FormatExports()

  constructor(port: Port, owner: ConnectionOwner) {
    this.#port = port
    this.#owner = owner
    this.#uploads = new Uploads(owner.privateFolder)
    this.#exports = new Exports(owner.privateFolder)
    this.#server = serveLab(port, this.#handlers())
    this.#feed = new Feed((batch) => this.#server.tell('events', batch))
    this.closed = this.#server.closed.then(() => this.#end())
  }

  tellStatus(status: SessionStatus): void {
    this.#server.tell('status', status)
  }

  /** There may be new events. */
  wake(): void {
    this.#feed.wake()
  }

  /** Another session is shown: nothing more of the one before is sent, and the screen subscribes anew. */
  forgetSession(): void {
    this.#feed.stop()
    this.#formatExports.stopAll('Another session is shown: the export of the one before was stopped.')
  }

  /** The uploads, if a file is awaited under this key. */
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
        const { version, host, lastSettings, canPause } = owner
        return { version, host, lastSettings, status: owner.status(), canPause }
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
      kill: ({ node }) => nothing(session().kill(node)),
      pause: ({ node }) => nothing(session().pause(node)),
      resume: ({ node }) => nothing(session().resume(node)),
      restart: ({ node }) => nothing(session().restart(node)),
      freeze: () => nothing(session().freeze()),
      thaw: () => nothing(session().thaw()),
      act: (act) => nothing(session().act(act)),
      listScenarios: async () => ({ scenarios: await owner.listScenarios() }),
      checkScenario: ({ text }) => ({ problems: [...readScenario('', text).problems] }),
      runScenario: ({ name, text }) => owner.runScenario(name, text),
      steerScenario: ({ act }) => nothing(session().steerScenario(act)),
      invoke: (call) => session().invoke(call),
      startWorkload: (workload) => nothing(session().startWorkload(workload)),
      stopWorkload: () => nothing(session().stopWorkload()),
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
    // A screen computes everything from the first event on: with a gap it would show what never was.
    if (!log.isWholeFrom(since)) throw new Refusal(log.problem)
    this.#feed.subscribe(number, log, since)
    return {}
  }
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
