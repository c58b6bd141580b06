// A client of direct mode, as a library: it takes operations and returns outcomes. The command line, the benchmarks and tests use it. The
// protocol's client machine does the work; this class must only perform its effects.
import { randomBytes } from 'node:crypto'
import {
  createMachine, viewServerName,
  type EffectSink, type Input, type Machine, type Message, type NodeName, type Operation, type Outcome, type Report, type Settings, type Start,
} from '../../protocol'
import { HostTimers } from './host-timers'
import type { NodeJournal } from '../journals/node-journal'
import { Peers } from './peers'

export interface DirectClientOptions {
  /** `host:port` or a path. */
  readonly viewServer: string
  readonly settings: Settings
  readonly log: (sentence: string) => void
  readonly onReport?: (report: Report) => void
  /** Gets every step. */
  readonly journal?: NodeJournal | null
}

type QueryReply = Extract<Message, { type: 'query-reply' }>

/** How an operation ended, and how often it was sent. */
export type OnOutcome = (outcome: Outcome, tries: number) => void

export class DirectClient implements EffectSink {
  readonly #peers: Peers
  readonly #machine: Machine
  readonly #journal: NodeJournal | null
  readonly #timers = new HostTimers((name) => this.#step({ type: 'timer', name }))
  readonly #waiting = new Map<number, OnOutcome>()
  /** The operator query that has no answer yet; asking again returns the same promise. */
  #asked: { readonly answer: Promise<QueryReply>; readonly settle: (answer: QueryReply) => void } | null = null
  readonly #onReport: DirectClientOptions['onReport']
  /** Callbacks of operations that ended in the running step. They run after the step, because a journal needs the whole step before another begins. */
  #ended: (() => void)[] = []
  #operationId = 0

  constructor({ viewServer, settings, log, onReport, journal = null }: DirectClientOptions) {
    this.#onReport = onReport
    this.#journal = journal
    // 64 random bits: unique for each start of a client.
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

  /** Starts an operation. Operations of one session run one after the other. It takes a callback, because a promise for each operation costs time. */
  start(operation: Operation, session: number, onOutcome: OnOutcome, target: NodeName | '' = ''): void {
    const operationId = ++this.#operationId
    this.#waiting.set(operationId, onOutcome)
    this.#step({ type: 'operation', operationId, session, operation, target })
  }

  operation(operation: Operation, options: { session?: number; target?: NodeName } = {}): Promise<Outcome> {
    return new Promise((resolve) => this.start(operation, options.session ?? -1, resolve, options.target))
  }

  /** Queries the view server as an operator. A second call before the answer sends the query again. */
  query(): Promise<QueryReply> {
    const by = this.#peers.send(viewServerName, { type: 'query' })
    this.#journal?.asideSent({ type: 'query' }, by)
    if (!this.#asked) {
      let settle: (answer: QueryReply) => void = () => undefined
      const answer = new Promise<QueryReply>((resolve) => { settle = resolve })
      this.#asked = { answer, settle }
    }
    return this.#asked.answer
  }

  /** True if there is a greeted connection to this node. */
  reaches(name: NodeName): boolean {
    return this.#peers.reaches(name)
  }

  close(): void {
    this.#timers.close()
    this.#peers.close()
    this.#journal?.close()
  }

  #take(from: NodeName, message: Message): void {
    if (message.type !== 'query-reply') return this.#step({ type: 'message', from, message })
    this.#journal?.asideTaken()
    this.#asked?.settle(message)
    this.#asked = null
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
