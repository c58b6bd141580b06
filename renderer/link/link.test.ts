import { describe, expect, it, vi } from 'vitest'
import { createPortPair, defaultClusterSettings, serveLab, type LabHandlers, type LabServer, type Port, type SessionStatus } from '../../src/contract'
import { parseEventLines, type TraceHeader } from '../../src/trace'
import { retryWaitsMs, startLink, type LinkSink } from './link'

const header = JSON.stringify({ understudy: 'recording', version: 1, nodes: [] })
const status = (changes: Partial<SessionStatus> = {}): SessionStatus => ({
  session: 1, kind: 'live', title: '', reason: '', header, frozen: false, workload: null, scenario: null, recording: null, latest: 0, ...changes,
})

/** A lab that accepts any number of connections, and lists in place of the window's stores. */
function world() {
  const subscriptions: { session: number; since: number }[] = []
  const acked: number[] = []
  let now = status()
  let server: LabServer | undefined
  let down = 0
  const refuse = (): never => { throw new Error('not asked in these tests') }
  const handlers: LabHandlers = {
    hello: () => ({ version: '1', host: 'in-process', lastSettings: defaultClusterSettings, status: now, canPause: true, lab: '', readOnly: false, programs: { problem: '', folder: '/home/me', last: [] } }),
    subscribe: (asked) => { subscriptions.push(asked); return {} },
    ackBatch: ({ batch }) => { acked.push(batch); return {} },
    newCluster: refuse, endSession: refuse, branch: refuse, rerun: refuse, exploreBegin: refuse, exploreRead: refuse, exploreSteer: refuse, exploreShow: refuse,
    act: refuse, listScenarios: refuse, checkScenario: refuse, checkPrograms: refuse, runScenario: refuse, steerScenario: refuse,
    readEvents: refuse, readParent: refuse, readRecording: refuse, exportBegin: refuse, exportRead: refuse, exportEnd: refuse,
    uploadBegin: refuse, uploadPiece: refuse, uploadOpen: refuse,
  }
  let port: Port | undefined
  const waits: number[] = []
  const connections: string[] = []
  const begun: (readonly [number, boolean])[] = []
  let events: number[] = []
  /** Statuses (by their newest event) and batches, in the order in which they reach the stores. */
  const shown: string[] = []
  const sink: LinkSink = {
    connection: (state) => connections.push(state),
    connected: () => undefined,
    hello: () => undefined,
    status: ({ latest }) => void shown.push(`status ${latest}`),
    begin: (session, first: TraceHeader | null) => { begun.push([session, first !== null]); events = [] },
    events: ({ text, batch }) => {
      shown.push(`batch ${batch}`)
      events.push(...parseEventLines(text).map((event) => event.seq))
      return Promise.resolve()
    },
  }
  const link = startLink(sink, {
    open: () => {
      if (down > 0) {
        down--
        return Promise.reject(new Error('No lab answers at this address.'))
      }
      const [screen, lab] = createPortPair()
      port = lab
      server = serveLab(lab, handlers)
      return Promise.resolve(screen)
    },
    wait: (ms) => { waits.push(ms); return Promise.resolve() },
  })
  return {
    link, subscriptions, acked, waits, connections, begun,
    events: () => events, shown,
    tell: (next: SessionStatus) => { now = next; server?.tell('status', next) },
    batch: (session: number, batch: number, from: number, count: number) => server?.tell('events', {
      session, batch, from, count, text: Array.from({ length: count }, (_, at) => JSON.stringify({ seq: from + at, at: 0, wall: 0, type: 'thawed', freeze: 1 })).join('\n'),
    }),
    drop: (times = 0) => { down = times; port?.close() },
  }
}

const until = (passes: () => void): Promise<void> => vi.waitFor(passes, { timeout: 2000, interval: 1 })

describe('the link', () => {
  it('subscribes from the first event, and acks a batch when it is drawn', async () => {
    const { subscriptions, batch, acked, events, link } = world()
    await until(() => expect(subscriptions).toEqual([{ session: 1, since: 1 }]))
    batch(1, 1, 1, 3)
    await until(() => expect(acked).toEqual([1]))
    expect(events()).toEqual([1, 2, 3])
    link.stop()
  })

  it('resumes after a lost connection with the event after the last one it has, and keeps the events', async () => {
    const { subscriptions, batch, events, drop, connections, begun, link } = world()
    await until(() => expect(subscriptions).toHaveLength(1))
    batch(1, 1, 1, 3)
    await until(() => expect(events()).toHaveLength(3))
    drop()
    await until(() => expect(subscriptions).toEqual([{ session: 1, since: 1 }, { session: 1, since: 4 }]))
    expect(connections).toEqual(['open', 'reconnecting', 'open'])
    expect(begun).toHaveLength(1)
    link.stop()
  })

  it('waits longer with each try that fails, and begins anew after one that succeeded', async () => {
    const { waits, drop, subscriptions, link } = world()
    await until(() => expect(subscriptions).toHaveLength(1))
    drop(3)
    await until(() => expect(subscriptions).toHaveLength(2))
    expect(waits).toEqual([retryWaitsMs[0], retryWaitsMs[1], retryWaitsMs[2], retryWaitsMs[3]])
    link.stop()
  })

  it('forgets all events when another session begins, and subscribes to that one', async () => {
    const { subscriptions, batch, tell, begun, events, link } = world()
    await until(() => expect(subscriptions).toHaveLength(1))
    batch(1, 1, 1, 2)
    tell(status({ session: 2 }))
    await until(() => expect(subscriptions).toEqual([{ session: 1, since: 1 }, { session: 2, since: 1 }]))
    batch(1, 2, 3, 1)
    batch(2, 1, 1, 1)
    await until(() => expect(events()).toEqual([1]))
    expect(begun).toEqual([[1, true], [2, true]])
    link.stop()
  })

  it('waits for the header of a session that is starting before it asks for events', async () => {
    const { subscriptions, tell, link } = world()
    await until(() => expect(subscriptions).toHaveLength(1))
    tell(status({ session: 2, kind: 'starting', header: '' }))
    tell(status({ session: 2 }))
    await until(() => expect(subscriptions).toEqual([{ session: 1, since: 1 }, { session: 2, since: 1 }]))
    link.stop()
  })

  it('shows a status together with the events that it tells of, and without them when they do not come', async () => {
    const { subscriptions, batch, tell, shown, link } = world()
    await until(() => expect(subscriptions).toHaveLength(1))
    tell(status({ latest: 2 }))
    batch(1, 1, 1, 2)
    await until(() => expect(shown).toContain('batch 1'))
    expect(shown).toEqual(['status 0', 'status 2', 'batch 1'])
    tell(status({ latest: 2 }))
    await until(() => expect(shown).toHaveLength(4))
    tell(status({ latest: 5 }))
    tell(status({ latest: 6 }))
    await until(() => expect(shown).toHaveLength(5))
    expect(shown.slice(3)).toEqual(['status 2', 'status 6'])
    link.stop()
  })

  it('connects again when a batch has a gap, and asks for what is missing', async () => {
    const { subscriptions, batch, events, link } = world()
    await until(() => expect(subscriptions).toHaveLength(1))
    batch(1, 1, 1, 2)
    batch(1, 2, 5, 1)
    await until(() => expect(subscriptions).toEqual([{ session: 1, since: 1 }, { session: 1, since: 3 }]))
    expect(events()).toEqual([1, 2])
    link.stop()
  })
})
