// A client that runs alone, as a library: the command line, the benchmarks and tests put operations in and get outcomes out. The
// protocol's own client machine does the work; this only carries out its effects.
import { randomBytes } from 'node:crypto'
import {
  createMachine, viewServerName,
  type EffectSink, type Input, type Machine, type Message, type NodeName, type Operation, type Outcome, type Report, type Settings, type Start,
} from '../protocol'
import { HostTimers } from './host-timers'
import type { NodeJournal } from './node-journal'
import { Peers } from './peers'

export interface DirectClientOptions {
  /** `host:port` or a path. */
  readonly viewServer: string
  readonly settings: Settings
  readonly log: (sentence: string) => void
  readonly onReport?: (report: Report) => void
  /** Every step is told to it. */
  readonly journal?: NodeJournal | null
}

/** How an operation ended, and how often it was sent. */
export type OnOutcome = (outcome: Outcome, tries: number) => void

export class DirectClient implements EffectSink {
  readonly #peers: Peers
  readonly #machine: Machine
  readonly #journal: NodeJournal | null
  readonly #timers = new HostTimers((name) => this.#step({ type: 'timer', name }))
  readonly #waiting = new Map<number, OnOutcome>()
  readonly #askers: ((message: Message) => void)[] = []
  readonly #onReport: DirectClientOptions['onReport']
  /** Ended in the step that runs, where a journal must have the step before another begins. */
  #ended: (() => void)[] = []
  #operationId = 0

  constructor({ viewServer, settings, log, onReport, journal = null }: DirectClientOptions) {
    this.#onReport = onReport
    this.#journal = journal
    // 64 random bits: unique for each start of a client, whatever else runs.
    const seed = randomBytes(8).toString('hex')
    this.#peers = new Peers({
      greeting: { kind: 'client', name: 'client', incarnation: 0, address: '' }, log, journal,
      onMessage: (from, message) => this.#take(from, message),
      onLost: (peer) => this.#step({ type: 'peer-lost', peer }),
    })
    this.#peers.setAddress(viewServerName, viewServer)
    const begin: Start = { type: 'start', name: 'client', kind: 'client', incarnation: 1, address: '', settings, seed }
    journal?.begin(begin)
    this.#machine = createMachine(begin, this)
    journal?.end()
  }

  /** Starts an operation; operations of one session run one after the other. A callback, because a promise for each costs time. */
  start(operation: Operation, session: number, onOutcome: OnOutcome, target: NodeName | '' = ''): void {
    const operationId = ++this.#operationId
    this.#waiting.set(operationId, onOutcome)
    this.#step({ type: 'operation', operationId, session, operation, target })
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
      const by = this.#peers.send(viewServerName, { type: 'query' })
      this.#journal?.asideSent({ type: 'query' }, by)
    })
  }

  close(): void {
    this.#timers.close()
    this.#peers.close()
    this.#journal?.close()
  }

  #take(from: NodeName, message: Message): void {
    if (message.type !== 'query-reply') return this.#step({ type: 'message', from, message })
    this.#journal?.asideTaken()
    for (const asker of this.#askers.splice(0)) asker(message)
  }

  #step(input: Exclude<Input, Start>): void {
    this.#journal?.begin(input)
    this.#machine.step(input, this)
    if (this.#journal) this.#endStep(this.#journal)
  }

  #endStep(journal: NodeJournal): void {
    journal.end()
    const ended = this.#ended
    if (ended.length === 0) return
    this.#ended = []
    for (const tell of ended) tell()
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
    this.#onReport?.(report)
    this.#journal?.report(report)
    if (report.type !== 'operation-returned') return
    const onOutcome = this.#waiting.get(report.operationId)
    this.#waiting.delete(report.operationId)
    if (this.#journal && onOutcome) this.#ended.push(() => onOutcome(report.outcome, report.tries))
    else onOutcome?.(report.outcome, report.tries)
  }
}
