// A screen for tests: makes the calls that a window makes, keeps every event, and waits for facts. Used by process tests only.
import type { ClusterSettings, Lab, OperationRequest } from '../contract'
import { parseEventLines, type EventOf, type EventType, type TraceEvent } from '../trace'

/** A screen that keeps every event, as a window does, and can wait for one. */
export class Screen {
  readonly lab: Lab
  readonly events: TraceEvent[] = []
  #waiting: (() => void)[] = []

  constructor(lab: Lab) {
    this.lab = lab
    lab.on('events', ({ session, batch, text }) => {
      this.events.push(...parseEventLines(text))
      // Rejects when the lab ends between the batch and its ack, which some of these tests are about.
      lab.call('ackBatch', { session, batch }).catch(() => {})
      for (const check of this.#waiting) check()
    })
  }

  /** Resolves with the first event of this type, from `after` on, that fits; says what was waited for when it does not come. */
  async find<T extends EventType>(type: T, fits: (event: EventOf<T>) => boolean = () => true, after = 0): Promise<EventOf<T>> {
    const found = (): EventOf<T> | undefined =>
      this.events.find((event): event is EventOf<T> => event.seq > after && event.type === type && fits(event as EventOf<T>))
    return new Promise((resolve, reject) => {
      const timer = setTimeout(() => reject(new Error(`no ${type} came in time; the last of ${this.events.length} events: ${JSON.stringify(this.events.at(-1))}`)), 15_000)
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
    await this.show((await this.lab.call('newCluster', settings)).session)
  }

  /** Forgets the session before, as a window does, and takes every event of this one. */
  async show(session: number): Promise<void> {
    this.events.length = 0
    await this.lab.call('subscribe', { session, since: 1 })
  }

  async invoke(operation: OperationRequest, target = ''): Promise<EventOf<'operation-returned'>['outcome']> {
    const { operationId } = await this.lab.call('invoke', { client: 'c1', operation, target })
    return (await this.find('operation-returned', (event) => event.operationId === operationId)).outcome
  }

  /** The acked view that has a backup, from `after` on. */
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
