// The lab: one session at a time, shared by every connected screen over any transport.
// A disconnected screen changes nothing; when the lab ends, every process ends. It must never depend on a transport or a window.
import { randomBytes } from 'node:crypto'
import { rm, writeFile } from 'node:fs/promises'
import { basename, join } from 'node:path'
import { within } from '../cluster'
import { defaultClusterSettings, Refusal, type ClusterSettings, type Gives, type Port, type CheckedProgram, type ProgramChoice, type ProgramFacts, type ScenarioEntry, type SessionStatus } from '../contract'
import type { NodeName } from '../protocol'
import type { Counterexample } from '../sim'
import { makeTemporaryFolder, reasonOf, removeLeftFolders, type TemporaryFolder } from '../system'
import { formatEvent, formatHeader, type TraceHeader } from '../trace'
import { eventsOf, prepareBranch } from './branch'
import { Changes } from './changes'
import type { Clusters, ProgramSpec } from './cluster-seam'
import { Connection, type ConnectionOwner } from './connection'
import type { DiskLimit } from './disk-room'
import { Exploring } from './exploring'
import { placeForRecording, type RecordingPlace } from './folders'
import { importHistory, isHistoryName } from './import-history'
import type { LabLook, LabOptions, RunningLab, ScreenOptions } from './lab-options'
import { Allowance, processesOf } from './limits'
import { LabMemory } from './lab-memory'
import { readLast, type Last } from './last-settings'
import { headerFor, LiveSession, nodesOf, type LiveSessionOptions } from './live-session'
import { scenarioHeader } from './play-scenario'
import { ChosenPrograms } from './programs/chosen-programs'
import { withPrograms } from './programs/given-programs'
import type { GrowingFile } from './recording-bytes'
import { unreadable } from './recording-file'
import { ActsSinceFreeze } from './rerun'
import { openRecordedSession } from './recorded-session'
import { ScenarioPlay } from './scenario-play'
import { ScenarioReader } from './scenario-reader'
import { ScenarioShelf, slotsOf } from './scenario-shelf'
import type { Session, SessionView } from './session'
import { StatusTeller } from './status-teller'

/** Time for the session to end at closing; then its processes are killed. */
const closeMs = 3500
/** Time for the connections to remove their files. */
const closingScreensMs = 500

/** Screens that may be connected at once. */
export const connectionsMax = 32

const noSession: SessionView = {
  kind: 'none', title: '', reason: '', header: '', frozen: false, workload: null, scenario: null, recording: null, latest: 0,
}

type ForeignNodes = ReadonlyMap<NodeName, ProgramSpec>

/** Set by the build: a hash of src/protocol. */
declare const __PROTOCOL_HASH__: string
const protocolHash = typeof __PROTOCOL_HASH__ === 'string' ? __PROTOCOL_HASH__ : 'unbuilt'

/** Opens the lab; no node runs before a screen asks for a cluster. Rejects only if no private folder can be created, with a CannotRun. */
export async function openLab(options: LabOptions, clusters: Clusters): Promise<RunningLab> {
  // The private folder for uploads and packed exports.
  const folder = makeTemporaryFolder('lab')
  await removeLeftFolders()
  const lab = new RealLab(options, clusters, folder, await readLast(options.dataFolder))
  clusters.endLeft((sentence) => options.log?.(sentence)).catch((error: unknown) => options.log?.(`Processes of labs that were killed could not be looked for: ${reasonOf(error)}.`))
  return lab
}

class RealLab implements RunningLab, ConnectionOwner {
  readonly #options: LabOptions
  readonly #clusters: Clusters
  readonly #connections = new Set<Connection>()
  readonly #statusTeller = new StatusTeller(() => this.#tellStatus())
  readonly #folder: TemporaryFolder
  readonly exploring: Exploring
  readonly #scenarios: ScenarioReader
  readonly #shelf: ScenarioShelf
  readonly #allowance: Allowance | undefined
  readonly #chosen: ChosenPrograms
  readonly #memory: LabMemory
  #session: Session | null = null
  /** The session that the shown one branched from; it can still be read, for comparisons. */
  #parent: Session | null = null
  #sessionNumber = 0
  // Serialises the starts and ends of sessions, as two windows may ask at once.
  readonly #changes = new Changes()
  #isWaking = false
  /** Monotonic milliseconds: when an acting screen last disconnected, and when one last acted. */
  #seenMs: number | null = null
  #actedMs: number | null = null
  #closing: Promise<void> | null = null

  constructor(options: LabOptions, clusters: Clusters, folder: TemporaryFolder, last: Last) {
    this.#options = options
    this.#clusters = clusters
    this.#folder = folder
    this.exploring = new Exploring({ program: options.programs.exploreWorker ?? '', now: () => performance.now(), session: (number) => this.#sessionOf(number), ...options.exploring })
    this.#scenarios = options.scenarioReader ?? new ScenarioReader({ program: options.programs.scenarioWorker ?? '' })
    this.#shelf = new ScenarioShelf({ folder: options.scenariosFolder, reader: this.#scenarios, log: (sentence) => this.#log(sentence) })
    this.#allowance = options.limits && new Allowance(options.limits, { recordings: this.#recordingsFolder, copies: folder.path })
    this.#chosen = new ChosenPrograms({ mayRun: options.mayRunPrograms === true && options.limits === undefined, startedIn: process.cwd() })
    this.#memory = new LabMemory({ ...options, last, hasPrograms: this.#chosen.problem === '', log: (sentence) => this.#log(sentence) })
  }

  get isExploring(): boolean { return this.exploring.isRunning }
  get isLive(): boolean { return ['starting', 'live'].includes(this.#session?.view().kind ?? '') }
  get host(): LabOptions['host'] { return this.#options.host }
  get privateFolder(): string { return this.#folder.path }
  get version(): string { return this.#options.version }
  get name(): string { return this.#options.name ?? '' }
  /** On a shared machine the operator's value is the minimum. */
  get #diskFreeMiBMin(): number {
    const { limits, diskFreeMiBMin = defaultClusterSettings.diskFreeMiBMin } = this.#options
    return limits ? Math.max(diskFreeMiBMin, this.lastSettings.diskFreeMiBMin) : this.lastSettings.diskFreeMiBMin
  }
  get disk(): DiskLimit { return { freeMiBMin: this.#diskFreeMiBMin, ...(this.#allowance ? { room: this.#allowance.copies } : {}) } }
  get #recordingsFolder(): string { return this.#options.recordingsFolder ?? join(this.#options.dataFolder, 'recordings') }
  get lastSettings(): ClusterSettings { return this.#memory.settings }
  get programs(): ProgramFacts { return { problem: this.#chosen.problem, folder: this.#chosen.problem === '' ? this.#chosen.folder : '', last: [...this.#memory.programs] } }
  get canPause(): boolean { return this.#clusters.canPause() }

  // ---- screens

  /** Acting and watching screens have separate limits. */
  screenProblem(readOnly: boolean): string {
    if (this.#closing !== null) return 'The lab is closing.'
    const open = [...this.#connections].filter((connection) => connection.readOnly === readOnly).length
    const { screensMax = connectionsMax } = this.#options
    return open < screensMax ? '' : `${screensMax} screens of ${this.name === '' ? 'the lab' : this.name} are connected, the most that may be; close one.`
  }

  connect(port: Port, { readOnly }: ScreenOptions = { readOnly: false }): void {
    const problem = this.screenProblem(readOnly)
    if (problem !== '') {
      this.#log(`A screen was refused: ${problem}`)
      return port.close()
    }
    const connection = new Connection(port, this, { readOnly, acted: () => { this.#actedMs = performance.now() } })
    this.#connections.add(connection)
    connection.closed
      .catch((error: unknown) => this.#log(`A screen's files could not be removed: ${(error as Error).message}`))
      .finally(() => {
        this.#connections.delete(connection)
        if (!readOnly) this.#seenMs = performance.now()
      })
  }

  async look(): Promise<LabLook> {
    const screens = [...this.#connections].filter(({ readOnly }) => !readOnly).length
    const ago = (ms: number | null): number | null => ms === null ? null : Math.round(performance.now() - ms)
    return {
      status: this.status(), health: this.#session?.health() ?? null, screens,
      seenMsAgo: screens > 0 ? 0 : ago(this.#seenMs), actedMsAgo: ago(this.#actedMs), diskBytes: await this.#allowance?.recordedBytes() ?? 0,
    }
  }

  awaits(key: string): boolean {
    return [...this.#connections].some((connection) => connection.uploadsOf(key) !== undefined)
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

  /** The shown session. Refuses any other number: the caller has not seen the events of this one. */
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
    const nodes = nodesOf(settings)
    const foreign = this.#chosen.of(nodes, [], settings.programs)
    this.#allowance?.checkCluster(settings, nodes.length)
    return this.#changes.run((signal) => this.#counted(nodes.length, async () => {
      await this.#session?.end('A new cluster was started.')
      this.#memory.takeCluster(settings)
      return { session: await this.#start(await this.#makeLiveSession(settings, foreign), signal) }
    }))
  }

  listScenarios(): Promise<ScenarioEntry[]> {
    return this.#shelf.list()
  }

  async checkScenario(text: string): Promise<Gives<'checkScenario'>> {
    const { scenario, problems } = await this.#scenarios.read('', text)
    return { problems: [...problems], slots: scenario ? slotsOf(scenario) : [] }
  }

  checkPrograms(programs: readonly ProgramChoice[]): CheckedProgram[] {
    return this.#chosen.check(programs)
  }

  async runScenario(name: string, text: string, programs: readonly ProgramChoice[]): Promise<{ session: number }> {
    const scenario = await this.#shelf.take(name, text)
    const header = scenarioHeader(scenario, { seed: scenario.seed, protocolHash, createdAt: new Date() })
    const foreign = this.#chosen.of(header.nodes, scenario.slots, programs)
    this.#allowance?.checkCluster(header.settings, header.nodes.length)
    return this.#changes.run((signal) => this.#counted(header.nodes.length, async () => {
      await this.#session?.end('A scenario was started.')
      this.#memory.takePrograms(programs)
      const play = new ScenarioPlay(scenario, () => this.#statusTeller.change())
      const session = await this.#makeSession(header, { play, foreign })
      return { session: await this.#start(session, signal) }
    }))
  }

  /** Runs an act that starts a cluster of so many nodes. It counts against the limit only if it succeeds. */
  #counted<Result>(nodes: number, act: () => Promise<Result>): Promise<Result> {
    return this.#allowance ? this.#allowance.starting(processesOf(nodes), act) : act()
  }

  /** Shows the session, starts it, and resolves with its number. An aborted signal ends it. */
  async #start(session: LiveSession, signal: AbortSignal, parent: Session | null = null): Promise<number> {
    if (signal.aborted) await session.end((signal.reason as Error).message)
    signal.throwIfAborted()
    await this.#show(session, parent)
    const started = this.#sessionNumber
    const giveUp = (): void => void session.end((signal.reason as Error).message)
    signal.addEventListener('abort', giveUp, { once: true })
    await session.start()
    return started
  }

  /** Starts a live session that continues from an event of the shown one; it is frozen at first. */
  branch(number: number, seq: number): Promise<{ session: number }> {
    return this.#changes.run(async (signal) => ({ session: (await this.#branch(number, () => Promise.resolve(seq), signal)).session }))
  }

  /** Branches at the freeze that the recording ends in, and repeats in the branch everything that was done since. */
  rerun(number: number): Promise<{ session: number }> {
    return this.#changes.run(async (signal) => {
      const acts = new ActsSinceFreeze()
      const from = async (): Promise<number> => {
        for await (const events of eventsOf(this.currentSession(), signal)) for (const event of events) acts.take(event)
        return acts.found().from
      }
      const { session, live } = await this.#branch(number, from, signal)
      for (const act of acts.found().acts) await live.perform(act)
      return { session }
    })
  }

  /** Shows the path that an exploration found: as a recording, or executed on processes if it started from a session. */
  showExplored(exploration: number): Promise<{ session: number }> {
    return this.#changes.run(async (signal) => {
      const way = await this.exploring.way(exploration)
      if (way.type === 'recording') return this.#showExample(way.example)
      const { session, live } = await this.#branch(way.session, () => Promise.resolve(way.seq), signal)
      for (const act of way.acts) await live.perform(act)
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

  async #branch(number: number, at: () => Promise<number>, signal: AbortSignal): Promise<{ session: number; live: LiveSession }> {
    const parent = this.#sessionOf(number)
    const { settings, nodes } = JSON.parse(parent.view().header) as TraceHeader
    this.#allowance?.checkCluster(settings, nodes.length)
    return this.#counted(nodes.length, async () => {
      const disk = { ...this.disk, ...(this.#allowance ? { room: this.#allowance.recordings } : {}) }
      const prepared = await prepareBranch(parent, await at(), {
        createdAt: new Date(), protocolHash, place: (header) => this.#placeFor(header), signal, disk,
      })
      await this.#session?.end('A branch was begun.')
      const live = this.#liveSession(prepared.header, prepared.place, { branch: prepared })
      return { session: await this.#start(live, signal, this.#session), live }
    })
  }

  /** Also ends a starting session, and cancels pending starts. */
  async endSession(): Promise<void> {
    const reason = 'The session was ended.'
    this.#changes.giveUp(reason)
    await this.#changes.run(() => this.currentSession().end(reason))
  }

  async openRecording(path: string, name = basename(path), growing: GrowingFile | null = null): Promise<{ session: number }> {
    // Outside of the queue of changes: a slow upload must not block other changes.
    const imported = isHistoryName(name) ? await this.#import(path, name, growing) : null
    const session = await this.#openRecorded(imported ?? path, name, imported === null ? growing : null)
    if (imported !== null) await rm(imported, { force: true })
    try {
      return await this.#changes.run(async (signal) => {
        await this.#session?.end('A recording was opened.')
        signal.throwIfAborted()
        await this.#show(session)
        return { session: this.#sessionNumber }
      })
    } catch (error) {
      // Cancelled before it was shown.
      if (this.#session !== session) await session.dispose()
      throw error
    }
  }

  async #openRecorded(path: string, name: string, growing: GrowingFile | null): Promise<Session> {
    const session: Session = await openRecordedSession({
      path, name, growing, folder: this.privateFolder, disk: this.disk,
      onChange: () => { if (this.#session === session) this.#statusTeller.change() },
      onEvents: () => { if (this.#session === session) this.#wake() },
    })
    return session
  }

  /** Converts a foreign history into a recording in the private folder; resolves with its path. */
  async #import(path: string, name: string, growing: GrowingFile | null): Promise<string> {
    const out = join(this.privateFolder, `imported-${process.hrtime.bigint()}.jsonl`)
    try {
      await importHistory({ path, name, growing }, out, { createdAt: new Date(), protocolHash })
    } catch (error) {
      throw new Refusal(unreadable(name, error, 'a history'))
    }
    return out
  }

  close(): Promise<void> {
    this.#closing ??= this.#close()
    return this.#closing
  }

  /** Bounded in time: what has not ended by then is killed. */
  async #close(): Promise<void> {
    const reason = 'The lab was closed.'
    this.exploring.stop()
    if (this.#options.scenarioReader === undefined) this.#scenarios.close()
    const ended = this.#changes.close('The lab is closing.').then(() => this.#session?.end(reason))
    ended.catch((error: unknown) => this.#log(`The session could not be ended: ${reasonOf(error)}.`))
    if (!await within(closeMs, ended)) {
      this.#session?.abandon(reason)
      this.#log('The session hung, and its processes were killed.')
    }
    this.#statusTeller.stop()
    // Otherwise the settings' lock file would stay and delay other labs.
    await within(closingScreensMs, this.#memory.written)
    // `connect` logs the failures.
    await within(closingScreensMs, Promise.all([...this.#connections].map((connection) => connection.close().catch(() => {}))))
    this.#folder.remove()
  }

  #makeLiveSession(settings: ClusterSettings, foreign: ForeignNodes): Promise<LiveSession> {
    const seed = settings.seed === '' ? randomBytes(8).toString('hex') : settings.seed
    return this.#makeSession(headerFor(settings, { seed, createdAt: new Date(), protocolHash }), { foreign })
  }

  async #makeSession(ours: TraceHeader, more: { readonly play?: ScenarioPlay; readonly foreign: ForeignNodes }): Promise<LiveSession> {
    const header = { ...ours, nodes: withPrograms(ours.nodes, more.foreign) }
    return this.#liveSession(header, await this.#placeFor(header), more)
  }

  #placeFor(header: TraceHeader): Promise<RecordingPlace> {
    const disk = { stopsAtMiB: this.#diskFreeMiBMin, mayGoElsewhere: this.#allowance === undefined }
    return placeForRecording(this.#recordingsFolder, header.title, new Date(header.createdAt), disk)
  }

  #liveSession(header: TraceHeader, place: RecordingPlace, more: Pick<LiveSessionOptions, 'play' | 'branch' | 'foreign'>): LiveSession {
    return new LiveSession({
      header, place, ...more,
      diskFreeMiBMin: this.#diskFreeMiBMin,
      ...(this.#allowance ? { allowance: this.#allowance } : {}),
      programs: this.#options.programs,
      startCluster: this.#clusters.startCluster,
      onChange: () => this.#statusTeller.change(),
      onEvents: () => this.#wake(),
    })
  }

  /** Events of the same tick go to the screens in one batch. */
  #wake(): void {
    if (this.#isWaking) return
    this.#isWaking = true
    queueMicrotask(() => {
      this.#isWaking = false
      for (const connection of this.#connections) connection.wake()
    })
  }

  /** Makes this the shown session. The previous session and its parent are disposed of, except the `parent` of the new one. */
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

  #log(sentence: string): void {
    this.#options.log?.(sentence)
  }
}
