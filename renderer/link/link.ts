// Feeds the stores: connects, says hello, subscribes, takes batches, and reconnects when the connection ends.
// It must never decide anything about the cluster. The stores keep their content while there is no connection.
import { connectLab, type EventBatch, type Gives, type Lab, type Port, type SessionStatus } from '../../src/contract'
import type { TraceHeader } from '../../src/trace'
import type { Connection } from '../stores/session'
import { HeldStatus } from './held-status'

/** Receives what the link reports: stores/session.ts and stores/trace.ts in the window, plain objects in tests. */
export interface LinkSink {
  connection(state: Connection, problem: string): void
  /** A connection is up (null: it ended). */
  connected(lab: Lab | null): void
  hello(about: Gives<'hello'>): void
  status(status: SessionStatus): void
  /** Another session begins; the sink drops all events. */
  begin(session: number, header: TraceHeader | null): void
  /** Takes the events of a batch; resolves when the next batch may be sent. */
  events(batch: EventBatch): Promise<void>
}

export interface LinkOptions {
  open(): Promise<Port>
  wait(ms: number): Promise<void>
}

/** The wait before each further attempt; the last one repeats. */
export const retryWaitsMs = [250, 500, 1000, 2000, 4000] as const

/** Runs until `stop`; retries a failed connection forever. */
export function startLink(sink: LinkSink, options: LinkOptions): { stop(): void } {
  let stopped = false
  let lab: Lab | null = null
  let session = 0
  /** seq of the newest event that arrived in this session; the window may not have taken it yet. */
  let latest = 0
  let hasHeader = false
  const held = new HeldStatus((status) => sink.status(status))

  async function run(): Promise<void> {
    let everOpen = false
    for (let tries = 0; !stopped; tries++) {
      try {
        const port = await options.open()
        if (stopped) return port.close()
        await talk(port, () => { everOpen = true; tries = 0 })
        if (!stopped) sink.connection('reconnecting', '')
      } catch (error) {
        sink.connection(everOpen ? 'reconnecting' : 'refused', error instanceof Error ? error.message : String(error))
      }
      if (stopped) return
      await options.wait(retryWaitsMs[Math.min(tries, retryWaitsMs.length - 1)] ?? 0)
    }
  }

  /** Resolves when the connection has ended; rejects if it was never established. */
  async function talk(port: Port, opened: () => void): Promise<void> {
    const open = connectLab(port)
    lab = open
    const closed = new Promise<void>((resolve) => open.onClose(resolve))
    try {
      // Ignores a status that arrives before the answer to hello: that answer has a newer one, and two subscriptions would overlap.
      let greeted = false
      open.on('status', (status) => { if (greeted) takeStatus(open, status, false) })
      open.on('events', (batch) => void takeBatch(open, batch))
      const about = await open.call('hello', {})
      greeted = true
      opened()
      sink.connected(open)
      sink.connection('open', '')
      // Always subscribes again: the last subscription ended with its connection.
      takeStatus(open, about.status, true)
      sink.hello(about)
      await closed
    } finally {
      held.showNow()
      if (lab === open) lab = null
      sink.connected(null)
      open.close()
    }
  }

  function takeStatus(from: Lab, status: SessionStatus, isFirst: boolean): void {
    const isNew = status.session !== session || (!hasHeader && status.header !== '')
    if (!isNew && !isFirst && status.latest > latest) return held.hold(status)
    held.forget()
    if (isNew) {
      session = status.session
      hasHeader = status.header !== ''
      latest = 0
      sink.begin(session, hasHeader ? JSON.parse(status.header) as TraceHeader : null)
    }
    sink.status(status)
    if ((isNew || isFirst) && hasHeader) subscribe(from)
  }

  function subscribe(to: Lab): void {
    // A refusal means that the lab has another session by now; the status of that session is in flight and subscribes again.
    to.call('subscribe', { session, since: latest + 1 }).catch(() => undefined)
  }

  async function takeBatch(from: Lab, batch: EventBatch): Promise<void> {
    if (batch.session !== session || !hasHeader) return
    if (batch.from !== latest + 1) return from.close() // A gap: the next connection asks for the missing events.
    latest += batch.count
    held.showNow()
    await sink.events(batch)
    // Refused only when the session or the connection has ended meanwhile; then nothing waits for the ack.
    from.call('ackBatch', { session: batch.session, batch: batch.batch }).catch(() => undefined)
  }

  void run()
  return {
    stop: () => {
      stopped = true
      lab?.close()
    },
  }
}
