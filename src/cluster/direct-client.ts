// A client that runs alone, as a library: the command line, the benchmarks and tests put operations in and get outcomes out. The
// protocol's own client machine does the work; this only carries out its effects.
import { randomBytes } from 'node:crypto'
import {
  createMachine, viewServerName,
  type EffectSink, type Machine, type Message, type NodeName, type Operation, type Outcome, type Report, type Settings,
} from '../protocol'
import { HostTimers } from './host-timers'
import { Peers } from './peers'

export interface DirectClientOptions {
  /** `host:port` or a path. */
  readonly viewServer: string
  readonly settings: Settings
  readonly log: (sentence: string) => void
  readonly onReport?: (report: Report) => void
}

/** How an operation ended, and how often it was sent. */
export type OnOutcome = (outcome: Outcome, tries: number) => void

export class DirectClient implements EffectSink {
  readonly #peers: Peers
  readonly #machine: Machine
  readonly #timers = new HostTimers((name) => this.#machine.step({ type: 'timer', name }, this))
  readonly #waiting = new Map<number, OnOutcome>()
  readonly #askers: ((message: Message) => void)[] = []
  readonly #onReport: DirectClientOptions['onReport']
  #operationId = 0

  constructor({ viewServer, settings, log, onReport }: DirectClientOptions) {
    this.#onReport = onReport
    // 64 random bits: unique for each start of a client, whatever else runs.
    const seed = randomBytes(8).toString('hex')
    this.#peers = new Peers({
      greeting: { kind: 'client', name: 'client', incarnation: 0, address: '' }, log,
      onMessage: (from, message) => this.#take(from, message),
      onLost: (peer) => this.#machine.step({ type: 'peer-lost', peer }, this),
    })
    this.#peers.setAddress(viewServerName, viewServer)
    this.#machine = createMachine({ type: 'start', name: 'client', kind: 'client', incarnation: 1, address: '', settings, seed }, this)
  }

  /** Starts an operation; operations of one session run one after the other. A callback, because a promise for each costs time. */
  start(operation: Operation, session: number, onOutcome: OnOutcome, target: NodeName | '' = ''): void {
    const operationId = ++this.#operationId
    this.#waiting.set(operationId, onOutcome)
    this.#machine.step({ type: 'operation', operationId, session, operation, target }, this)
  }

  operation(operation: Operation, options: { session?: number; target?: NodeName } = {}): Promise<Outcome> {
    return new Promise((resolve) => this.start(operation, options.session ?? -1, resolve, options.target))
  }

  /** Asks the view server as an operator does. */
  query(): Promise<Extract<Message, { type: 'query-reply' }>> {
    return new Promise((resolve) => {
      this.#askers.push((message) => {
        if (message.type === 'query-reply') resolve(message)
      })
      this.#peers.send(viewServerName, { type: 'query' })
    })
  }

  close(): void {
    this.#timers.close()
    this.#peers.close()
  }

  #take(from: NodeName, message: Message): void {
    if (message.type === 'query-reply') for (const asker of this.#askers.splice(0)) asker(message)
    else this.#machine.step({ type: 'message', from, message }, this)
  }

  // ---- effects

  send(to: NodeName, message: Message): void {
    this.#peers.send(to, message)
  }

  setTimer(name: string, ms: number): void {
    this.#timers.set(name, ms)
  }

  cancelTimer(name: string): void {
    this.#timers.cancel(name)
  }

  report(report: Report): void {
    this.#onReport?.(report)
    if (report.type !== 'operation-returned') return
    const onOutcome = this.#waiting.get(report.operationId)
    this.#waiting.delete(report.operationId)
    onOutcome?.(report.outcome, report.tries)
  }
}
