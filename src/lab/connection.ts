// One connected screen: its calls, its feed, its uploads and its export. All that ends with it; the session does not.
// It must hold nothing that another screen needs.
import { Refusal, serveLab, type ClusterSettings, type LabHandlers, type LabServer, type Port, type SessionStatus } from '../contract'
import { Exports } from './exports'
import { Feed } from './feed'
import type { Session } from './session'
import { Uploads } from './uploads'

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
  newCluster(settings: ClusterSettings): Promise<{ session: number }>
  endSession(): Promise<void>
  openRecording(path: string, name: string): Promise<{ session: number }>
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
  }

  close(): Promise<void> {
    this.#port.close()
    return this.closed
  }

  async #end(): Promise<void> {
    this.#feed.stop()
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
      endSession: () => nothing(owner.endSession()),
      kill: ({ node }) => nothing(session().kill(node)),
      pause: ({ node }) => nothing(session().pause(node)),
      resume: ({ node }) => nothing(session().resume(node)),
      restart: ({ node }) => nothing(session().restart(node)),
      freeze: () => nothing(session().freeze()),
      thaw: () => nothing(session().thaw()),
      invoke: (call) => session().invoke(call),
      startWorkload: (workload) => nothing(session().startWorkload(workload)),
      stopWorkload: () => nothing(session().stopWorkload()),
      subscribe: ({ session: number, since }) => this.#subscribe(number, since),
      ackBatch: ({ session: number, batch }) => {
        this.#feed.ack(number, batch)
        return {}
      },
      readRecording: ({ gzip, offset }) => this.#exports.read(session(), gzip, offset),
      uploadBegin: async ({ name, bytes }) => ({ upload: await this.#uploads.begin(name, bytes) }),
      uploadPiece: ({ upload, base64 }) => nothing(this.#uploads.addPiece(upload, base64)),
      uploadOpen: ({ upload }) => this.#uploads.use(upload, ({ path, name }) => owner.openRecording(path, name)),
    }
  }

  #subscribe(number: number, since: number): Record<string, never> {
    const owner = this.#owner
    if (number !== owner.sessionNumber) throw new Refusal(`Session ${number} is over; the lab shows session ${owner.sessionNumber}.`)
    const { log } = owner.currentSession()
    // A screen computes everything from the first event on: with a gap it would show what never was.
    if (!log.isWholeFrom(since)) throw new Refusal(log.problem)
    this.#feed.subscribe(number, log, since)
    return {}
  }
}

async function nothing(act: Promise<unknown>): Promise<Record<string, never>> {
  await act
  return {}
}
