// A view server or a replica without a lab: it listens, dials the others and performs its machine's effects. A driver like those of the lab and of
// virtual time, but with its own sockets and without a switchboard. It must never decide anything about the protocol.
import {
  createMachine, SlabStore, viewServerName,
  type EffectSink, type Input, type Machine, type Message, type ProtocolKind, type NodeName, type Report, type Settings, type Start,
} from '../../protocol'
import { listen, type Listening } from './address'
import { HostTimers } from './host-timers'
import type { NodeJournal } from '../journals/node-journal'
import { Peers } from './peers'
import { Silence } from './silence'

export interface DirectNodeOptions {
  readonly kind: Extract<ProtocolKind, 'view-server' | 'replica'>
  readonly name: NodeName
  /** `host:port` or a path. */
  readonly listen: string
  /** Where the view server listens; required for a replica. */
  readonly viewServer?: string
  readonly settings: Settings
  /** Should be higher than in every earlier start of this name. If the view server knows a later incarnation, a new replica takes the next number. */
  readonly incarnation: number
  /** A sentence for the user: a refused connection, a note of the protocol. */
  readonly log: (sentence: string) => void
  readonly onReport?: (report: Report) => void
  /** A later process of this name has pinged, so this one must end. */
  readonly onSuperseded: () => void
  /** Gets every step. */
  readonly journal?: NodeJournal | null
}

export interface DirectNode {
  /** What others dial. */
  readonly address: string
  /** Closes every connection and removes the socket path. */
  close(): void
}

/** Rejects with an AddressError if it cannot listen. */
export async function startDirectNode(options: DirectNodeOptions): Promise<DirectNode> {
  const node = new Driver(options)
  return node.start()
}

/** Most incarnations that a process tries until the view server accepts one. */
const livesMax = 16

class Driver implements EffectSink {
  readonly #options: DirectNodeOptions
  readonly #journal: NodeJournal | null
  #timers!: HostTimers
  #peers!: Peers
  #machine!: Machine
  #lives = 0
  /** For a replica: watches whether the view server answers. */
  readonly #silence: Silence | null
  /** The view server has accepted the present incarnation: it answered its ping with a view. A later incarnation in pings is then another process. */
  #isTaken = false
  /** The later incarnation of this name that the view server knew, before it accepted the present one; 0: none. */
  #knownLater = 0

  constructor(options: DirectNodeOptions) {
    this.#options = options
    this.#journal = options.journal ?? null
    const { viewServer, log, settings } = options
    this.#silence = viewServer === undefined ? null : new Silence(settings.pingIntervalMs, (isSilent) =>
      log(isSilent ? `it waits for the view server at ${viewServer}, which does not answer.` : `the view server at ${viewServer} answers.`))
  }

  async start(): Promise<DirectNode> {
    const early: Parameters<typeof this.accept>[0][] = []
    let accept = (socket: (typeof early)[number]): void => void early.push(socket)
    const listening: Listening = await listen(this.#options.listen, (socket) => accept(socket))
    const { address } = listening
    this.#begin(this.#options.incarnation, address)
    accept = (socket) => this.accept(socket)
    early.forEach(accept)
    return { address, close: () => this.#close(listening) }
  }

  /** Begins an incarnation with its own connections. */
  #begin(incarnation: number, address: string): void {
    const { kind, name, settings, viewServer, log } = this.#options
    this.#lives++
    this.#timers = new HostTimers((timer) => this.#step({ type: 'timer', name: timer }))
    this.#peers = new Peers({
      greeting: { kind, name, incarnation, address }, log, journal: this.#journal,
      onMessage: (from, message) => {
        if (from === viewServerName) this.#silence?.heard()
        if (message.type === 'view-reply' && message.toIncarnation === incarnation) this.#isTaken = true
        this.#step({ type: 'message', from, message })
        if (this.#knownLater > 0) this.#takeNext(address)
      },
      onLost: (peer) => this.#step({ type: 'peer-lost', peer }),
    })
    if (viewServer) this.#peers.setAddress(viewServerName, viewServer)
    const begin: Start = { type: 'start', name, kind, incarnation, address, settings, seed: `${name}.${incarnation}`.slice(0, 24) }
    this.#journal?.begin(begin)
    this.#machine = createMachine(begin, this, (settings) => new SlabStore(settings))
    this.#journal?.end()
  }

  /** The clock gave this process an incarnation that its name has passed already. The process has done nothing yet, so it begins again with the next number. */
  #takeNext(address: string): void {
    const next = this.#knownLater + 1
    this.#knownLater = 0
    this.#timers.close()
    this.#peers.close()
    this.#journal?.endLife()
    this.#begin(next, address)
  }

  accept(socket: Parameters<Peers['accept']>[0]): void {
    this.#peers.accept(socket)
  }

  #step(input: Exclude<Input, Start>): void {
    this.#journal?.begin(input)
    this.#machine.step(input, this)
    this.#journal?.end()
  }

  #close(listening: Listening): void {
    this.#silence?.close()
    this.#timers.close()
    this.#peers.close()
    listening.release()
    this.#journal?.close()
  }

  // ---- effects

  send(to: NodeName, message: Message): void {
    const by = this.#peers.send(to, message)
    this.#journal?.sent(to, message, by)
  }

  setTimer(name: string, ms: number): void {
    this.#journal?.armed(name)
    this.#timers.set(name, ms)
  }

  cancelTimer(name: string): void {
    this.#timers.cancel(name)
  }

  report(report: Report): void {
    this.#journal?.report(report)
    this.#options.onReport?.(report)
    if (report.type === 'note') this.#options.log(report.text)
    if (report.type !== 'superseded') return
    if (this.#isTaken || this.#lives >= livesMax) this.#superseded()
    else this.#knownLater = report.by
  }

  /** The last act of a node, after the step is over. */
  #superseded(): void {
    this.#journal?.end()
    this.#journal?.close(1)
    this.#options.onSuperseded()
  }
}
