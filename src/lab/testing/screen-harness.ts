// A screen for tests: makes the calls that a window makes, keeps every event, and waits for events. Only for process tests.
import { blameMachine } from '../../cluster/testing/cluster-harness'
import type { ClusterSettings, Lab, OperationRequest } from '../../contract'
import { beginState, foldEvent, parseEventLines, type ClusterState, type TraceHeader, type EventOf, type EventType, type TraceEvent } from '../../trace'

/** A screen that keeps every event, as a window does, and can wait for one. */
export class Screen {
  readonly lab: Lab
  readonly events: TraceEvent[] = []
  #waiting: (() => void)[] = []
  #header: TraceHeader | undefined

  constructor(lab: Lab) {
    this.lab = lab
    lab.on('events', ({ session, batch, text }) => {
      this.events.push(...parseEventLines(text))
      // Rejects if the lab ends between the batch and its ack, which some of these tests provoke.
      lab.call('ackBatch', { session, batch }).catch(() => {})
      for (const check of this.#waiting) check()
    })
  }

  /** Resolves with the first event of this type after `after` that fits; on a timeout it rejects with what was expected. */
  async find<T extends EventType>(type: T, fits: (event: EventOf<T>) => boolean = () => true, after = 0): Promise<EventOf<T>> {
    const found = (): EventOf<T> | undefined =>
      this.events.find((event): event is EventOf<T> => event.seq > after && event.type === type && fits(event as EventOf<T>))
    return new Promise((resolve, reject) => {
      const timer = setTimeout(() => reject(new Error(`no ${type} came in time; the last of ${this.events.length} events: ${JSON.stringify(this.events.at(-1))}`)), 40_000)
      const check = (): void => {
        const event = found()
        if (event === undefined) return
        clearTimeout(timer)
        this.#waiting = this.#waiting.filter((other) => other !== check)
        resolve(event)
      }
      this.#waiting.push(check)
      check()
    })
  }

  async start(settings: ClusterSettings): Promise<void> {
    blameMachine(() => this.#state())
    await this.show((await this.lab.call('newCluster', settings)).session)
    this.#header = JSON.parse((await this.lab.call('hello', {})).status.header) as TraceHeader
  }

  /** The state that follows from the events of this screen. */
  #state(): ClusterState {
    if (!this.#header) throw new Error('the cluster did not start')
    const state = beginState(this.#header)
    for (const event of this.events) foldEvent(state, event)
    return state
  }

  /** Drops the previous session, as a window does, and takes every event of this one. */
  async show(session: number): Promise<void> {
    this.events.length = 0
    await this.lab.call('subscribe', { session, since: 1 })
  }

  async invoke(operation: OperationRequest, target = ''): Promise<EventOf<'operation-returned'>['outcome']> {
    const { operationId } = await this.lab.call('act', { type: 'invoke', client: 'c1', operation, target })
    return (await this.find('operation-returned', (event) => event.operationId === operationId)).outcome
  }

  /** Resolves with the first acked view after `after` that has a backup. */
  ackedWithBackup(after = 0): Promise<EventOf<'view-acked'>> {
    return this.find('view-acked', ({ view }) => view.backups.length > 0, after)
  }

  async download(): Promise<string> {
    const pieces: Buffer[] = []
    for (let offset = 0; ;) {
      const piece = await this.lab.call('readRecording', { gzip: false, offset })
      pieces.push(Buffer.from(piece.base64, 'base64'))
      if (piece.next === piece.total) return Buffer.concat(pieces).toString()
      offset = piece.next
    }
  }
}
