// The lab: one session at a time, shared by every screen that is connected, whatever carries its calls.
// A screen that goes changes nothing; the lab that goes takes every process with it. It must never know a carrier or a window.
import { randomBytes } from 'node:crypto'
import { rm, writeFile } from 'node:fs/promises'
import { basename, join } from 'node:path'
import { Refusal, type ClusterSettings, type Port, type ScenarioEntry, type SessionStatus } from '../contract'
import type { Counterexample } from '../sim'
import { formatEvent, formatHeader, RecordingProblem, type TraceHeader } from '../trace'
import { eventsOf, prepareBranch } from './branch'
import type { Clusters } from './cluster-seam'
import { Connection, type ConnectionOwner } from './connection'
import { Exploring } from './exploring'
import { makePrivateFolder, placeForRecording, reasonOf, type RecordingPlace } from './folders'
import { importHistory, isHistoryName } from './import-history'
import type { LabOptions, RunningLab } from './lab-options'
import { readLastSettings, writeLastSettings } from './last-settings'
import { headerFor, LiveSession, type LiveSessionOptions } from './live-session'
import { scenarioHeader } from './play-scenario'
import type { GrowingFile } from './recording-bytes'
import { ActsSinceFreeze } from './rerun'
import { openRecordedSession } from './recorded-session'
import { ScenarioPlay } from './scenario-play'
import { listScenarios, takeScenario } from './scenario-shelf'
import type { Session, SessionView } from './session'
import { StatusTeller } from './status-teller'

/** Beginnings and ends of sessions that may wait for one another. */
export const changesWaitingMax = 8

/** Screens that may be connected at once. */
export const connectionsMax = 32

const noSession: SessionView = {
  kind: 'none', title: '', reason: '', header: '', frozen: false, workload: null, scenario: null, recording: null, latest: 0,
}

/** Set by the build: a hash of src/protocol. */
declare const __PROTOCOL_HASH__: string
const protocolHash = typeof __PROTOCOL_HASH__ === 'string' ? __PROTOCOL_HASH__ : 'unbuilt'

/** Opens the lab; no process runs before a screen asks for a cluster. Rejects only if no private folder can be made. */
export async function openLab(options: LabOptions, clusters: Clusters): Promise<RunningLab> {
  return new RealLab(options, clusters, await makePrivateFolder(), await readLastSettings(options.dataFolder))
}

class RealLab implements RunningLab, ConnectionOwner {
  readonly #options: LabOptions
  readonly #clusters: Clusters
  readonly #connections = new Set<Connection>()
  readonly #statusTeller = new StatusTeller(() => this.#tellStatus())
  readonly privateFolder: string
  readonly exploring: Exploring
  lastSettings: ClusterSettings
  #session: Session | null = null
  /** What the session that is shown branched from: it can still be read, to be compared with. */
  #parent: Session | null = null
  #sessionNumber = 0
  // Sessions begin and end one after another: two windows may ask at once.
  #changing: Promise<unknown> = Promise.resolve()
  #changesWaiting = 0
  #isWaking = false
  #closing: Promise<void> | null = null

  constructor(options: LabOptions, clusters: Clusters, privateFolder: string, lastSettings: ClusterSettings) {
    this.#options = options
    this.#clusters = clusters
    this.privateFolder = privateFolder
    this.exploring = new Exploring({ program: options.programs.exploreWorker ?? '', now: () => performance.now(), session: (number) => this.#sessionOf(number) })
    const { mutants = [], diskFreeMiBMin = lastSettings.diskFreeMiBMin } = options
    this.lastSettings = { ...lastSettings, diskFreeMiBMin, mutants: [...mutants] }
  }

  get host(): LabOptions['host'] { return this.#options.host }
  get version(): string { return this.#options.version }
  get canPause(): boolean { return this.#clusters.canPause() }

  // ---- screens

  connect(port: Port): void {
    if (this.#closing !== null || this.#connections.size >= connectionsMax) {
      this.#log(this.#closing ? 'A screen came while the lab was closing.' : `A screen was refused: ${connectionsMax} are connected.`)
      return port.close()
    }
    const connection = new Connection(port, this)
    this.#connections.add(connection)
    connection.closed
      .catch((error: unknown) => this.#log(`A screen's files could not be removed: ${(error as Error).message}`))
      .finally(() => this.#connections.delete(connection))
  }

  async receive(key: string, pieces: AsyncIterable<Uint8Array>): Promise<void> {
    const uploads = [...this.#connections].map((connection) => connection.uploadsOf(key)).find((found) => found !== undefined)
    if (uploads === undefined) throw new Refusal('No file is awaited under this key; begin again.')
    await uploads.receive(key, pieces)
  }

  status(): SessionStatus {
    return { session: this.#sessionNumber, ...(this.#session?.view() ?? noSession) }
  }

  currentSession(): Session {
    if (this.#session === null) throw new Refusal('There is no session yet; start a cluster or open a recording.')
    return this.#session
  }

  /** Refuses another than the one that is shown: its events are not what the caller has seen. */
  #sessionOf(number: number): Session {
    if (number !== this.#sessionNumber) throw new Refusal(`Session ${number} is over; the lab shows session ${this.#sessionNumber}.`)
    return this.currentSession()
  }

  parentSession(): Session | null {
    return this.#parent
  }

  get sessionNumber(): number { return this.#sessionNumber }

  #tellStatus(): void {
    const status = this.status()
    for (const connection of this.#connections) connection.tellStatus(status)
  }

  // ---- sessions

  async newCluster(settings: ClusterSettings): Promise<{ session: number }> {
    const backupsMax = settings.replicas - 1
    if (settings.backupsWanted > backupsMax) {
      throw new Refusal(`${settings.replicas} ${settings.replicas === 1 ? 'replica leaves' : 'replicas leave'} room for ${backupsMax} ${backupsMax === 1 ? 'backup' : 'backups'}.`)
    }
    return this.#change(async () => {
      await this.#session?.end('A new cluster was started.')
      this.#remember(settings)
      const session = await this.#makeLiveSession(settings)
      await this.#show(session)
      const started = this.#sessionNumber
      await session.start()
      return { session: started }
    })
  }

  listScenarios(): Promise<ScenarioEntry[]> {
    return listScenarios(this.#options.scenariosFolder, (sentence) => this.#log(sentence))
  }

  async runScenario(name: string, text: string): Promise<{ session: number }> {
    const scenario = await takeScenario(this.#options.scenariosFolder, name, text)
    return this.#change(async () => {
      await this.#session?.end('A scenario was started.')
      const play = new ScenarioPlay(scenario, () => this.#statusTeller.change())
      const session = await this.#makeSession(scenarioHeader(scenario, { seed: scenario.seed, protocolHash, createdAt: new Date() }), play)
      await this.#show(session)
      const started = this.#sessionNumber
      await session.start()
      return { session: started }
    })
  }

  /** A live session that goes on from an event of the one that is shown, standing still at first. */
  branch(number: number, seq: number): Promise<{ session: number }> {
    return this.#change(async () => ({ session: (await this.#branch(number, () => Promise.resolve(seq))).session }))
  }

  /** A branch from the freeze that the recording ends in, and in it everything that was done since, again. */
  rerun(number: number): Promise<{ session: number }> {
    return this.#change(async () => {
      const acts = new ActsSinceFreeze()
      const from = async (): Promise<number> => {
        for await (const events of eventsOf(this.currentSession())) for (const event of events) acts.take(event)
        return acts.found().from
      }
      const { session, live } = await this.#branch(number, from)
      for (const act of acts.found().acts) await live.doStanding(act)
      return { session }
    })
  }

  /** The way that an exploration found: as a recording, or carried out on processes where it goes on from a session. */
  showExplored(exploration: number): Promise<{ session: number }> {
    return this.#change(async () => {
      const way = await this.exploring.way(exploration)
      if (way.type === 'recording') return this.#showExample(way.example)
      const { session, live } = await this.#branch(way.session, () => Promise.resolve(way.seq))
      for (const act of way.acts) await live.doStanding(act)
      return { session }
    })
  }

  async #showExample({ header, events }: Counterexample): Promise<{ session: number }> {
    const path = join(this.privateFolder, `explored-${process.hrtime.bigint()}.jsonl`)
    await writeFile(path, `${[formatHeader({ ...header, createdAt: new Date().toISOString(), protocolHash }), ...events.map(formatEvent)].join('\n')}\n`, { flag: 'wx', mode: 0o600 })
    const session = await this.#openRecorded(path, 'explored.jsonl', null)
    await rm(path, { force: true })
    await this.#session?.end('A counterexample is shown.')
    await this.#show(session)
    return { session: this.#sessionNumber }
  }

  async #branch(number: number, at: () => Promise<number>): Promise<{ session: number; live: LiveSession }> {
    const prepared = await prepareBranch(this.#sessionOf(number), await at(), {
      createdAt: new Date(), protocolHash, place: (header) => this.#placeFor(header),
    })
    await this.#session?.end('A branch was begun.')
    const live = this.#liveSession(prepared.header, prepared.place, { branch: prepared })
    await this.#show(live, this.#session)
    const started = this.#sessionNumber
    await live.start()
    return { session: started, live }
  }

  async endSession(): Promise<void> {
    await this.#change(() => this.currentSession().end('The session was ended.'))
  }

  async openRecording(path: string, name = basename(path), growing: GrowingFile | null = null): Promise<{ session: number }> {
    // Before its turn: a file that comes slowly holds no other change up.
    const imported = isHistoryName(name) ? await this.#import(path, name, growing) : null
    const session = await this.#openRecorded(imported ?? path, name, imported === null ? growing : null)
    if (imported !== null) await rm(imported, { force: true })
    return this.#change(async () => {
      await this.#session?.end('A recording was opened.')
      await this.#show(session)
      return { session: this.#sessionNumber }
    })
  }

  async #openRecorded(path: string, name: string, growing: GrowingFile | null): Promise<Session> {
    const session: Session = await openRecordedSession({
      path, name, growing, folder: this.privateFolder,
      onChange: () => { if (this.#session === session) this.#statusTeller.change() },
      onEvents: () => { if (this.#session === session) this.#wake() },
    })
    return session
  }

  /** A history of another tool as a recording in the private folder. */
  async #import(path: string, name: string, growing: GrowingFile | null): Promise<string> {
    const out = join(this.privateFolder, `imported-${process.hrtime.bigint()}.jsonl`)
    try {
      await importHistory({ path, name, growing }, out, { createdAt: new Date(), protocolHash })
    } catch (error) {
      throw new Refusal(error instanceof RecordingProblem ? `${name}: ${error.message}` : `${name} cannot be read: ${reasonOf(error)}.`)
    }
    return out
  }

  close(): Promise<void> {
    this.#closing ??= this.#close()
    return this.#closing
  }

  async #close(): Promise<void> {
    await this.#changing.catch(() => {}) // Told to who asked for it.
    this.exploring.stop()
    await this.#session?.end('The lab was closed.')
    this.#statusTeller.stop()
    await Promise.all([...this.#connections].map((connection) => connection.close().catch(() => {}))) // Logged where it was connected.
    await rm(this.privateFolder, { recursive: true, force: true })
  }

  #makeLiveSession(settings: ClusterSettings): Promise<LiveSession> {
    const seed = settings.seed === '' ? randomBytes(8).toString('hex') : settings.seed
    return this.#makeSession(headerFor(settings, { seed, createdAt: new Date(), protocolHash }))
  }

  async #makeSession(header: TraceHeader, play?: ScenarioPlay): Promise<LiveSession> {
    return this.#liveSession(header, await this.#placeFor(header), play ? { play } : {})
  }

  #placeFor(header: TraceHeader): Promise<RecordingPlace> {
    const folder = this.#options.recordingsFolder ?? join(this.#options.dataFolder, 'recordings')
    return placeForRecording(folder, header.title, new Date(header.createdAt), { stopsAtMiB: this.lastSettings.diskFreeMiBMin })
  }

  #liveSession(header: TraceHeader, place: RecordingPlace, more: Pick<LiveSessionOptions, 'play' | 'branch'>): LiveSession {
    return new LiveSession({
      header, place, ...more,
      diskFreeMiBMin: this.lastSettings.diskFreeMiBMin,
      programs: this.#options.programs,
      startCluster: this.#clusters.startCluster,
      onChange: () => this.#statusTeller.change(),
      onEvents: () => this.#wake(),
    })
  }

  /** What a cluster tells in one breath goes to the screens in one batch. */
  #wake(): void {
    if (this.#isWaking) return
    this.#isWaking = true
    queueMicrotask(() => {
      this.#isWaking = false
      for (const connection of this.#connections) connection.wake()
    })
  }

  /** From here on this is the session; the one before is forgotten, unless it is the `parent` of this one. */
  async #show(session: Session, parent: Session | null = null): Promise<void> {
    const gone = [this.#session, this.#parent].filter((before) => before !== parent)
    this.#session = session
    this.#parent = parent
    session.log.onProblem = () => this.#statusTeller.change()
    this.#sessionNumber++
    for (const connection of this.#connections) connection.forgetSession()
    this.#statusTeller.change()
    for (const before of gone) await before?.dispose()
  }

  #change<Result>(act: () => Promise<Result>): Promise<Result> {
    if (this.#closing !== null) throw new Refusal('The lab is closing.')
    if (this.#changesWaiting >= changesWaitingMax) throw new Refusal('The lab is busy beginning and ending sessions; try again.')
    this.#changesWaiting++
    const result = this.#changing.then(act).finally(() => { this.#changesWaiting-- })
    this.#changing = result.catch(() => {}) // Told to who asked; the next change goes on.
    return result
  }

  #remember(settings: ClusterSettings): void {
    this.lastSettings = { ...settings, title: '', seed: '', mutants: [...this.#options.mutants ?? []] }
    writeLastSettings(this.#options.dataFolder, settings).catch((error: unknown) => {
      this.#log(`The settings could not be remembered: ${(error as Error).message}`)
    })
  }

  #log(sentence: string): void {
    this.#options.log?.(sentence)
  }
}
