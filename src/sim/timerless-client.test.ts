// Random runs with clients that have no retry timer: after sending they wait for an answer or for the end of their connection, however long
// that takes. Connections end and reopen all the time. Every operation must end, and every outcome must be true.
import { expect, test } from 'vitest'
import { defaultSettings, viewServerName, type EffectSink, type Input, type Machine, type OperationInput, type Outcome, type Start, type View } from '../protocol'
import type { TraceEvent } from '../trace'
import { drawPlan } from './simulate/draw-plan'
import type { Plan, PlannedFault } from './simulate/plan'
import { runPlan } from './simulate/run-plan'

const seeds = Number(process.env['UNDERSTUDY_SEEDS'] ?? 60)
/** The time between two requests for the view: the client's only wait. */
const askAgainMs = 20

interface Session {
  readonly index: number
  readonly clientId: string
  readonly queue: OperationInput[]
  requestId: number
  /** The server that has its request; empty: it is asking for the primary. */
  sentTo: string
}

class TimerlessClient implements Machine {
  readonly #start: Start
  readonly #sessions: Session[] = []

  constructor(start: Start) {
    this.#start = start
  }

  step(input: Exclude<Input, Start>, out: EffectSink): void {
    switch (input.type) {
      case 'operation': {
        const session = this.#sessionOf(input.session)
        session.queue.push(input)
        if (session.queue.length === 1) this.#begin(session, out)
        return
      }
      case 'timer': return out.send(viewServerName, { type: 'get-view' })
      case 'peer-lost': return this.#sessions.filter(({ sentTo }) => sentTo === input.peer).forEach((session) => this.#findPrimary(session, out))
      case 'message': return this.#handle(input, out)
    }
  }

  #sessionOf(index: number): Session {
    const known = this.#sessions.find((session) => session.index === index)
    if (known) return known
    const session = { index, clientId: `${this.#start.seed}.${index}`, queue: [], requestId: 0, sentTo: '' }
    this.#sessions.push(session)
    return session
  }

  #begin(session: Session, out: EffectSink): void {
    const [input] = session.queue
    if (!input) return
    session.requestId++
    out.report({ type: 'operation-started', operationId: input.operationId, clientId: session.clientId, requestId: session.requestId })
    this.#findPrimary(session, out)
  }

  #findPrimary(session: Session, out: EffectSink): void {
    session.sentTo = ''
    out.setTimer('ask', askAgainMs)
  }

  #handle({ from, message }: Extract<Input, { type: 'message' }>, out: EffectSink): void {
    if (message.type === 'view-reply') return this.#send(message.view, out)
    if (message.type !== 'reply' && message.type !== 'rejected' && message.type !== 'not-yet') return
    const session = this.#sessions.find(({ clientId, requestId }) => clientId === message.clientId && requestId === message.requestId)
    if (!session?.queue[0]) return
    if (message.type !== 'reply') return session.sentTo === from ? this.#findPrimary(session, out) : undefined
    const { operationId } = session.queue.shift() as OperationInput
    const { result, viewnum, seq, replayed, executedViewnum } = message
    const outcome: Outcome = result.type === 'too-large' ? { type: 'failed', reason: 'value-too-large', by: from } : { type: 'ok', result, by: from, viewnum, seq, replayed, executedViewnum }
    out.report({ type: 'operation-returned', operationId, tries: 1, outcome })
    session.sentTo = ''
    this.#begin(session, out)
  }

  #send({ viewnum, primary }: View, out: EffectSink): void {
    if (!primary) return out.setTimer('ask', askAgainMs)
    for (const session of this.#sessions) {
      const [input] = session.queue
      if (!input || input.operation.type === 'call' || session.sentTo !== '') continue
      session.sentTo = primary.name
      out.send(primary.name, { type: 'request', clientId: session.clientId, requestId: session.requestId, viewnum, operation: input.operation })
    }
  }

  copy(): Machine { throw new Error('nobody copies it') }
  essence(): ReturnType<Machine['essence']> { return { kind: 'client' } }
  incidental(): readonly unknown[] { return [] }
  inspect(): ReturnType<Machine['inspect']> { return { kind: 'client', view: { viewnum: 0, primary: null, backups: [] }, sessions: [] } }
}

/** Processes and connections end and come back, messages are late and duplicated; no message is lost without the end of its connection. */
function withoutSilentLoss({ act }: PlannedFault): boolean {
  switch (act.type) {
    case 'network': return act.fault.effect.type === 'duplicate' || act.fault.effect.type === 'delay'
    case 'kill':
    case 'restart':
    case 'restart-with-echoes': return act.node.startsWith('s') || act.node === 'primary' || act.node === 'backup'
    case 'pause':
    case 'late-copy':
    case 'resend':
    case 'disconnect': return true
    case 'freeze': return false
  }
}

function planOf(seed: string): Plan {
  const plan = drawPlan(seed, { mutants: [] })
  const ends = Array.from({ length: 60 }, (_, index): PlannedFault => ({
    id: 10_000 + index, atMs: 100 + index * 120, isCareful: false, waits: null, act: { type: 'disconnect', client: `c${1 + index % plan.clients}`, server: 'primary' },
  }))
  // So that requests reach views that have not started yet, and connections end meanwhile.
  const slow: PlannedFault = {
    id: 9999, atMs: 0, isCareful: false, waits: null,
    act: {
      type: 'network', forMs: 0,
      fault: { name: 'slow transfers', where: { from: [], to: [], kinds: ['state-transfer'] }, bothWays: false, effect: { type: 'delay', probability: 1, delay: { type: 'constant', ms: 150 } }, times: 0 },
    },
  }
  const settings = { ...plan.settings, waitingRequestsMax: defaultSettings.waitingRequestsMax, operationTimeoutMs: 0 }
  return { ...plan, settings, faults: [slow, ...plan.faults.filter(withoutSilentLoss), ...ends].sort((one, other) => one.atMs - other.atMs) }
}

test(`in ${seeds} random runs every operation of clients without a timer ends, whatever connections end under them`, () => {
  let [operations, ends, onOtherConnections, stuck] = [0, 0, 0, 0]
  for (let seed = 1; seed <= seeds; seed++) {
    const open = new Set<number>()
    const onEvent = (event: TraceEvent): void => {
      if (event.type === 'operation-invoked') open.add(event.operation.operationId)
      if (event.type === 'operation-returned') open.delete(event.operationId)
      if (event.type === 'message-sent' && event.toAs !== undefined) onOtherConnections++
    }
    const run = runPlan(planOf(String(seed)), { makeClient: (start) => new TimerlessClient(start), onEvent })
    expect(run.found, `seed ${seed}`).toBeNull()
    operations += run.operations.length
    ends += run.faults.filter(({ act }) => act.type === 'disconnect').length
    if (run.isStuck) stuck++
    else expect([...open], `seed ${seed}`).toEqual([])
  }
  // A run in which little happened would prove little.
  expect(stuck).toBeLessThan(seeds / 3)
  expect([operations > 200 * seeds, ends > 40 * seeds, onOtherConnections > 100 * seeds]).toEqual([true, true, true])
})
