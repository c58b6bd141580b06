// A view server or a replica that runs alone: it listens, dials the others, and carries out its machine's effects. A driver like the
// one in a lab and the one in virtual time, with sockets of its own and no switchboard between.
import {
  createMachine, SlabStore, viewServerName,
  type EffectSink, type Input, type Machine, type Message, type NodeKind, type NodeName, type Report, type Settings, type Start,
} from '../protocol'
import { listen, type Listening } from './address'
import { HostTimers } from './host-timers'
import type { NodeJournal } from './node-journal'
import { Peers } from './peers'

export interface DirectNodeOptions {
  readonly kind: Extract<NodeKind, 'view-server' | 'replica'>
  readonly name: NodeName
  /** `host:port` or a path. */
  readonly listen: string
  /** Where the view server listens; needed by a replica. */
  readonly viewServer?: string
  readonly settings: Settings
  /** Higher than in every earlier start of this name. */
  readonly incarnation: number
  /** A sentence for people: a refused connection, a note of the protocol. */
  readonly log: (sentence: string) => void
  readonly onReport?: (report: Report) => void
  /** A later life of this name has pinged: this one must end. */
  readonly onSuperseded: () => void
  /** Every step is told to it. */
  readonly journal?: NodeJournal | null
}

export interface DirectNode {
  /** What others dial. */
  readonly address: string
  /** Closes every connection and gives the socket path up. */
  close(): void
}

/** Rejects with an AddressError if it cannot listen. */
export async function startDirectNode(options: DirectNodeOptions): Promise<DirectNode> {
  const node = new Driver(options)
  return node.start()
}

class Driver implements EffectSink {
  readonly #options: DirectNodeOptions
  readonly #journal: NodeJournal | null
  readonly #timers = new HostTimers((name) => this.#step({ type: 'timer', name }))
  #peers!: Peers
  #machine!: Machine

  constructor(options: DirectNodeOptions) {
    this.#options = options
    this.#journal = options.journal ?? null
  }

  async start(): Promise<DirectNode> {
    const { kind, name, incarnation, settings, viewServer, log } = this.#options
    const early: Parameters<typeof this.accept>[0][] = []
    let accept = (socket: (typeof early)[number]): void => void early.push(socket)
    const listening: Listening = await listen(this.#options.listen, (socket) => accept(socket))
    const { address } = listening
    this.#peers = new Peers({
      greeting: { kind, name, incarnation, address }, log, journal: this.#journal,
      onMessage: (from, message) => this.#step({ type: 'message', from, message }),
      onLost: (peer) => this.#step({ type: 'peer-lost', peer }),
    })
    if (viewServer) this.#peers.setAddress(viewServerName, viewServer)
    const begin: Start = { type: 'start', name, kind, incarnation, address, settings, seed: `${name}.${incarnation}`.slice(0, 24) }
    this.#journal?.begin(begin)
    this.#machine = createMachine(begin, this, () => new SlabStore())
    this.#journal?.end()
    accept = (socket) => this.accept(socket)
    early.forEach(accept)
    return { address, close: () => this.#close(listening) }
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
    if (report.type === 'superseded') this.#superseded()
  }

  /** It is the last that a node does: the step is over. */
  #superseded(): void {
    this.#journal?.end()
    this.#journal?.close(1)
    this.#options.onSuperseded()
  }
}
