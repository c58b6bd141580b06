// An imported history as a recording, so that it opens in the lab like any other: operations on the lanes of their clients, and nothing
// else, as a history tells nothing of processes, views or messages. Pure; gives events one by one.
import { defaultSettings } from '../protocol'
import { traceVersion, type EndedOutcome, type EventBody, type TraceEvent, type TraceHeader } from '../trace'
import type { ImportedHistory, ImportedOperation, ImportedOutcome } from './history'

/** Processes that may be at work at once: each has a lane. */
export const historyLanesMax = 200

/** A history that cannot be shown: one sentence. */
export class HistoryProblem extends Error {
  override readonly name = 'HistoryProblem'
}

export interface HistoryFacts {
  readonly title: string
  readonly createdAt: Date
  /** Of this program: nothing in the recording depends on it. */
  readonly protocolHash: string
}

/** Microseconds between two entries of a history that tells no times. */
const untimedMicros = 1000

/** A history's process while it lives in a lane: the recording calls the lane a client, and each process there a life of it. */
interface Lane {
  readonly name: string
  incarnation: number
  step: number
}

interface Moment {
  readonly place: number
  readonly ns: number | null
  readonly operation: ImportedOperation
  readonly operationId: number
  readonly isReturn: boolean
}

/** Throws a `HistoryProblem`. */
export function historyRecording(history: ImportedHistory, facts: HistoryFacts): { readonly header: TraceHeader; readonly events: Iterable<TraceEvent> } {
  const moments = momentsOf(history)
  const lanes = new Lanes()
  // Which lanes there are is known when all processes were seen: the header comes first.
  for (const moment of moments) lanes.of(moment)
  return { header: headerOf(lanes.names, facts), events: eventsOf(moments, history) }
}

function headerOf(names: readonly string[], { title, createdAt, protocolHash }: HistoryFacts): TraceHeader {
  return {
    understudy: 'recording', version: traceVersion, source: 'imported', title, createdAt: createdAt.toISOString(), settings: defaultSettings, seed: '', protocolHash,
    nodes: (names.length === 0 ? ['c1'] : names).map((name) => ({ name, kind: 'client' })), parent: null,
  }
}

function momentsOf({ operations }: ImportedHistory): Moment[] {
  const moments = operations.flatMap((operation, index): Moment[] => [
    { place: operation.invoked, ns: operation.invokedNs, operation, operationId: index + 1, isReturn: false },
    ...(operation.ended === null ? [] : [{ place: operation.ended, ns: operation.endedNs, operation, operationId: index + 1, isReturn: true }]),
  ])
  return moments.sort((one, other) => one.place - other.place)
}

function* eventsOf(moments: readonly Moment[], { operations, skipped }: ImportedHistory): Generator<TraceEvent> {
  const lanes = new Lanes()
  const clock = new HistoryClock(moments)
  let seq = 0
  const event = (body: EventBody, at: number): TraceEvent => ({ seq: ++seq, at, wall: at, ...body })
  const left = skipped === 0 ? '' : ` ${skipped} ${skipped === 1 ? 'entry' : 'entries'} of processes that are no clients ${skipped === 1 ? 'was' : 'were'} left out.`
  yield event({ type: 'lab-note', node: '', text: `Imported from another tool's history: ${operations.length} ${operations.length === 1 ? 'operation' : 'operations'}.${left}` }, 0)
  for (const moment of moments) {
    const at = clock.at(moment)
    const { lane, after } = lanes.of(moment)
    const { name: node, incarnation } = lane
    if (after !== '') yield event({ type: 'lab-note', node, text: `Process ${moment.operation.process} goes on in the place of process ${after}, whose last operation is unknown.` }, at)
    const of = { node, incarnation, step: ++lane.step } as const
    yield moment.isReturn
      ? event({ type: 'operation-returned', ...of, operationId: moment.operationId, outcome: outcomeOf(moment.operation.outcome), tries: 1 } as EventBody, at)
      : event({
        type: 'operation-invoked', ...of, label: `process ${moment.operation.process}, line ${moment.operation.line}`,
        operation: { type: 'operation', operationId: moment.operationId, session: -1, operation: moment.operation.operation, target: '' },
      }, at)
  }
}

function outcomeOf(outcome: ImportedOutcome): EndedOutcome {
  switch (outcome.type) {
    case 'ok': return { type: 'ok', result: outcome.result ?? { type: 'done' }, by: '', viewnum: 0, seq: 0, replayed: false, executedViewnum: 0 }
    case 'failed': return { type: 'failed', reason: 'told', told: outcome.reason, by: '' }
    case 'unknown': return { type: 'unknown', reason: 'told', told: outcome.reason }
  }
}

/**
 * A lane for each process that is at work at once. After an operation that ended unknown a process never acts again, and another number
 * goes on in its place (Jepsen's rule), so a long history has as many lanes as it has clients and not as it has numbers.
 */
class Lanes {
  readonly #byProcess = new Map<string, Lane>()
  readonly #free: { readonly lane: Lane; readonly after: string }[] = []
  #count = 0

  get names(): string[] {
    return Array.from({ length: this.#count }, (_, index) => `c${index + 1}`)
  }

  /** The lane of a moment's process; `after`: the process whose place it takes with this moment, or ''. */
  of({ operation: { process, outcome }, isReturn }: Moment): { readonly lane: Lane; readonly after: string } {
    const known = this.#byProcess.get(process)
    const { lane, after } = known ? { lane: known, after: '' } : this.#take(process)
    if (isReturn && outcome.type === 'unknown') {
      this.#byProcess.delete(process)
      this.#free.push({ lane, after: process })
    }
    return { lane, after }
  }

  #take(process: string): { readonly lane: Lane; readonly after: string } {
    const place = this.#free.shift()
    if (!place && this.#count >= historyLanesMax) throw new HistoryProblem(`The history has more than ${historyLanesMax} processes at work at once, the most that can be shown.`)
    const lane = place?.lane ?? { name: `c${++this.#count}`, incarnation: 0, step: 0 }
    lane.incarnation++
    lane.step = 0
    this.#byProcess.set(process, lane)
    return { lane, after: place?.after ?? '' }
  }
}

/** Microseconds from the first entry on, never back: histories of several machines are not always in order. */
class HistoryClock {
  readonly #firstNs: number | null
  #at = 0

  constructor(moments: readonly Moment[]) {
    this.#firstNs = moments.find(({ ns }) => ns !== null)?.ns ?? null
  }

  at({ place, ns }: Moment): number {
    const told = this.#firstNs === null ? place * untimedMicros : ns === null ? 0 : Math.round((ns - this.#firstNs) / 1000)
    this.#at = Math.max(this.#at, told)
    return this.#at
  }
}
