// The acceptance suite for every driver of a cluster: each act has the same effect, and each refusal the same words. It runs on the simulator and on
// real processes. The two records must name every act and every refusal, so a new one does not compile without a case.
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { anywhere, atOnce, refusals, type Fault, type FaultEffect } from '../../network'
import { utf8ToBytes } from '../../protocol'
import type { Stage } from '../../scenario'
import { actOf, type ClusterAct, type ClusterActType, type EventOf, type EventType, type Performed, type TraceEvent } from '../../trace'

/** A cluster of two replicas and a client, in view 2 with primary s1 and backup s2, and all its events. */
export interface StageUnderTest {
  readonly stage: Stage
  readonly events: readonly TraceEvent[]
  readonly close: () => Promise<void>
}

/** The scenario that opens such a cluster. */
export const scenarioUnderTest = [
  'understudy: scenario', 'version: 1', 'title: acts', 'cluster: { replicas: 2, clients: 1, pingIntervalMs: 20, deadPings: 50 }',
  'steps:', '  - wait: { view: { viewnum: 2, acked: true } }', '',
].join('\n')

const limitMs = 40_000

class Played {
  readonly #under: StageUnderTest
  /** Events before this index belong to the start. */
  readonly #begins: number
  /** The acts that were not refused. */
  readonly done: ClusterAct[] = []

  constructor(under: StageUnderTest) {
    this.#under = under
    this.#begins = under.events.length
  }

  async perform(act: ClusterAct): Promise<Performed> {
    const performed = await this.#under.stage.perform(act)
    this.done.push(act)
    return performed
  }

  async do(...acts: ClusterAct[]): Promise<void> {
    for (const act of acts) await this.perform(act)
  }

  get events(): readonly TraceEvent[] { return this.#under.events.slice(this.#begins) }

  /** Resolves with the first event of this type that fits. */
  async event<Type extends EventType>(type: Type, fits: (event: EventOf<Type>) => boolean = () => true): Promise<EventOf<Type>> {
    const found = (): EventOf<Type> | undefined => this.events.find((event): event is EventOf<Type> => event.type === type && fits(event as EventOf<Type>))
    await this.#under.stage.until(() => found() !== undefined, limitMs, false)
    const event = found()
    if (!event) throw new Error(`no ${type} came; the last event: ${JSON.stringify(this.events.at(-1))}`)
    return event
  }

  /** Freezes the cluster and invokes an operation; resolves with the client's message that waits. */
  async waiting(): Promise<EventOf<'message-sent'>> {
    await this.do({ type: 'freeze' })
    const { seq } = await this.event('frozen')
    await this.do(get)
    return this.event('message-sent', (event) => event.seq > seq && event.from === 'c1')
  }
}

const get: ClusterAct = { type: 'invoke', client: 'c1', operation: { type: 'get', key: utf8ToBytes('a') }, target: 's1', session: -1, label: 'by hand' }
const plan = { rate: 0, inFlight: 1, mix: { put: 1, append: 0, get: 0, delete: 0, cas: 0 }, keys: 1, valueBytes: 8, clients: [] }
const faultOf = (effect: FaultEffect): Fault => ({ name: 'f', where: anywhere, bothWays: false, effect, times: 0 })
const addFault: ClusterAct = { type: 'add-fault', fault: faultOf({ type: 'drop', probability: 0.5 }), plan: atOnce }
const addBreak: ClusterAct = { type: 'add-break', condition: { name: 'b', on: { type: 'view-changed' }, exact: false, stays: false } }
const freeze: ClusterAct = { type: 'freeze' }

/** For each act: performs it and waits for its event. */
const leaves: Readonly<Record<ClusterActType, (played: Played) => Promise<unknown>>> = {
  'kill': async (played) => {
    await played.do({ type: 'kill', node: 's2' })
    expect(await played.event('node-exited')).toMatchObject({ node: 's2', signal: 'SIGKILL' })
  },
  'pause': async (played) => {
    await played.do({ type: 'pause', node: 's2' })
    expect(await played.event('node-paused')).toMatchObject({ node: 's2' })
  },
  'resume': async (played) => {
    await played.do({ type: 'pause', node: 's2' }, { type: 'resume', node: 's2' })
    expect(await played.event('node-resumed')).toMatchObject({ node: 's2' })
  },
  'restart': async (played) => {
    await played.do({ type: 'restart', node: 's2' })
    expect(await played.event('node-started')).toMatchObject({ node: 's2', incarnation: 2 })
    expect(await played.event('view-changed', ({ view }) => view.viewnum === 3)).toMatchObject({ cause: { left: [{ because: 'restarted' }] } })
  },
  'freeze': async (played) => {
    await played.do(freeze)
    expect((await played.event('frozen')).timers.map(({ node }) => node)).toEqual(expect.arrayContaining(['s1', 's2', 'vs']))
  },
  'thaw': async (played) => {
    await played.do(freeze, { type: 'thaw' })
    const { seq } = await played.event('thawed')
    await played.event('message-taken', (event) => event.seq > seq)
  },
  'invoke': async (played) => {
    const { operationId } = await played.perform(get)
    expect((await played.event('operation-invoked')).operation).toMatchObject({ operationId })
    expect(await played.event('operation-returned', (event) => event.operationId === operationId)).toMatchObject({ outcome: { type: 'ok' } })
  },
  'start-workload': async (played) => {
    await played.do({ type: 'start-workload', plan })
    expect((await played.event('workload-started')).plan?.clients).toEqual(['c1'])
    await played.event('operation-returned')
  },
  'stop-workload': async (played) => {
    await played.do({ type: 'start-workload', plan }, { type: 'stop-workload' })
    await played.event('workload-stopped')
  },
  'add-fault': async (played) => {
    await played.do(addFault)
    expect(await played.event('fault-added')).toMatchObject({ fault: 'f', isOn: true })
  },
  'switch-fault': async (played) => {
    await played.do(addFault, { type: 'switch-fault', fault: 'f', isOn: false })
    expect(await played.event('fault-switched')).toMatchObject({ fault: 'f', isOn: false })
  },
  'remove-fault': async (played) => {
    await played.do(addFault, { type: 'remove-fault', fault: 'f' })
    expect(await played.event('fault-removed')).toMatchObject({ fault: 'f' })
  },
  'deliver': async (played) => {
    const { id } = await played.waiting()
    await played.do({ type: 'deliver', id })
    await played.event('message-taken', (event) => event.id === id)
  },
  'drop': async (played) => {
    const { id } = await played.waiting()
    await played.do({ type: 'drop', id })
    expect(await played.event('message-dropped')).toMatchObject({ id, reason: { type: 'by-hand' } })
  },
  'duplicate': async (played) => {
    const { id } = await played.waiting()
    await played.do({ type: 'duplicate', id })
    expect(await played.event('message-duplicated')).toMatchObject({ of: id, reason: 'by hand' })
  },
  'fire': async (played) => {
    await played.do(freeze, { type: 'fire', node: 's1', timer: 'ping' })
    const { seq } = await played.event('frozen')
    expect(await played.event('timer-fired', (event) => event.seq > seq)).toMatchObject({ node: 's1', name: 'ping' })
  },
  'add-break': async (played) => {
    await played.do(addBreak, { type: 'kill', node: 's2' })
    expect(await played.event('frozen')).toMatchObject({ reason: 'the view changes' })
  },
  'remove-break': async (played) => {
    await played.do(addBreak, { type: 'remove-break', name: 'b' })
    expect(await played.event('break-removed')).toMatchObject({ name: 'b' })
  },
}

/** Performs the preparation and returns the act that must then be refused. */
type Refusing = (played: Played) => Promise<{ readonly act: ClusterAct; readonly sentence: string }>
const refuses = (act: ClusterAct, { message }: Error, ...before: ClusterAct[]): Refusing => async (played) => {
  await played.do(...before)
  return { act, sentence: message }
}

const refused: Readonly<Record<keyof typeof refusals, Refusing>> = {
  noNode: refuses({ type: 'kill', node: 's9' }, refusals.noNode('s9')),
  noClient: refuses({ ...get, client: 's1' }, refusals.noClient('s1')),
  alreadyDead: refuses({ type: 'kill', node: 's2' }, refusals.alreadyDead('s2'), { type: 'kill', node: 's2' }),
  alreadyPaused: refuses({ type: 'pause', node: 's2' }, refusals.alreadyPaused('s2'), { type: 'pause', node: 's2' }),
  notPaused: refuses({ type: 'resume', node: 's2' }, refusals.notPaused('s2')),
  viewServerRestart: refuses({ type: 'restart', node: 'vs' }, refusals.viewServerRestart()),
  alreadyFrozen: refuses(freeze, refusals.alreadyFrozen(), freeze),
  notFrozen: refuses({ type: 'thaw' }, refusals.notFrozen()),
  messageGone: refuses({ type: 'drop', id: 's1.1.0.0' }, refusals.messageGone('s1.1.0.0')),
  receiverDead: async (played) => {
    const hold: Fault = { ...faultOf({ type: 'hold' }), where: { ...anywhere, from: ['c1'] } }
    await played.do({ type: 'add-fault', fault: hold, plan: atOnce }, get)
    const { id, to } = await played.event('message-held').then(({ id: held }) => played.event('message-sent', (event) => event.id === held))
    await played.do({ type: 'kill', node: to }, freeze)
    return { act: { type: 'deliver', id }, sentence: refusals.receiverDead(to).message }
  },
  receiverPaused: async (played) => {
    const { id, to } = await played.waiting()
    await played.do({ type: 'pause', node: to })
    return { act: { type: 'deliver', id }, sentence: refusals.receiverPaused(to).message }
  },
  deadHasNoTimers: refuses({ type: 'fire', node: 's2', timer: 'ping' }, refusals.deadHasNoTimers('s2'), { type: 'kill', node: 's2' }, freeze),
  pausedDoesNothing: refuses({ type: 'fire', node: 's2', timer: 'ping' }, refusals.pausedDoesNothing('s2'), freeze, { type: 'pause', node: 's2' }),
  noTimer: refuses({ type: 'fire', node: 's2', timer: 'x' }, refusals.noTimer('s2', 'x'), freeze),
  noWorkload: refuses({ type: 'stop-workload' }, refusals.noWorkload()),
}

/** Acts on a frozen cluster that a rerun reads back. */
const readBack: ReadonlySet<ClusterActType> = new Set<ClusterActType>(['kill', 'restart', 'pause', 'resume', 'deliver', 'drop', 'duplicate', 'fire', 'invoke'])

export function describeActs(name: string, open: () => Promise<StageUnderTest>): void {
  describe(`acts on ${name}`, () => {
    let under: StageUnderTest | undefined
    let played: Played
    beforeEach(async () => {
      under = undefined
      under = await open()
      played = new Played(under)
    })
    afterEach(() => under?.close())

    it.each(Object.entries(leaves))('%s leaves its event', async (_type, act) => {
      await act(played)
      const acts = played.events.map(actOf)
      for (const one of played.done) if (readBack.has(one.type)) expect(acts, 'read back from the trace').toContainEqual(one)
    })

    it.each(Object.entries(refused))('%s is refused in its sentence, and nothing changes', async (_name, refusing) => {
      const { act, sentence } = await refusing(played)
      const before = played.events.length
      await expect(played.perform(act)).rejects.toThrow(sentence)
      expect(played.events.slice(before).map(actOf)).not.toContainEqual(act)
    })
  })
}
