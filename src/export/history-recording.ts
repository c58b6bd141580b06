// Converts an imported history to a recording that opens in the lab like any other. It has only operations, on the lanes of their clients: a
// history says nothing of processes, views or messages. What keys held before it gets a lane of its own. Pure; returns events one by one.
import { initialNode } from '../check'
import { defaultSettings } from '../protocol'
import { counted, traceVersion, type EndedOutcome, type EventBody, type TraceEvent, type TraceHeader } from '../trace'
import type { ImportedHistory, ImportedOperation, ImportedOutcome } from './imported-history'

/** How many processes may be active at once: each has a lane. */
export const historyLanesMax = 200

/** A history that cannot be shown, with the reason in one sentence. */
export class HistoryProblem extends Error {
  override readonly name = 'HistoryProblem'
}

export interface HistoryFacts {
  readonly title: string
  readonly createdAt: Date
  /** The hash of this program; nothing in the recording depends on it. */
  readonly protocolHash: string
}

/** Microseconds between two entries of a history without times. */
const untimedMicros = 1000

/** Where a history's process runs: the recording calls the lane a client, and each process in it an incarnation. */
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

/** Why a history that is part of a longer one is neither judged nor opened. */
export const fromTheMiddle = 'This history begins in the middle of a longer one, and what its keys held there is not in it.'

/** Throws a `HistoryProblem`. */
export function historyRecording(history: ImportedHistory, facts: HistoryFacts): { readonly header: TraceHeader; readonly events: Iterable<TraceEvent> } {
  if (!history.isFromBeginning) throw new HistoryProblem(`${fromTheMiddle} Opened, it would be judged as if they had held nothing: open the whole recording.`)
  const moments = momentsOf(history)
  const lanes = new Lanes()
  // The header comes first, and its lanes are known only after all processes were seen.
  for (const moment of moments) if (!moment.operation.isInitial) lanes.of(moment)
  const names = moments.some(({ operation }) => operation.isInitial) ? [initialNode, ...lanes.names] : lanes.names
  return { header: headerOf(names, facts), events: eventsOf(moments, history) }
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

function* eventsOf(moments: readonly Moment[], history: ImportedHistory): Generator<TraceEvent> {
  const lanes = new Lanes()
  const clock = new HistoryClock(moments)
  const initial: Lane = { name: initialNode, incarnation: 1, step: 0 }
  let seq = 0
  const event = (body: EventBody, at: number): TraceEvent => ({ seq: ++seq, at, wall: at, ...body })
  yield event({ type: 'lab-note', node: '', text: noteOf(history) }, 0)
  for (const moment of moments) {
    const at = clock.at(moment)
    const { lane, after } = moment.operation.isInitial ? { lane: initial, after: '' } : lanes.of(moment)
    const { name: node, incarnation } = lane
    if (after !== '') yield event({ type: 'lab-note', node, text: `Process ${moment.operation.process} goes on in the place of process ${after}, whose last operation is unknown.` }, at)
    const of = { node, incarnation, step: ++lane.step } as const
    yield moment.isReturn
      ? event({ type: 'operation-returned', ...of, operationId: moment.operationId, outcome: outcomeOf(moment.operation.outcome), tries: 1 } as EventBody, at)
      : event({
        type: 'operation-invoked', ...of, label: labelOf(moment.operation),
        operation: { type: 'operation', operationId: moment.operationId, session: -1, operation: moment.operation.operation, target: '' },
      }, at)
  }
}

function noteOf({ operations, skipped, assumed }: ImportedHistory): string {
  const count = operations.filter(({ isInitial }) => !isInitial).length
  const left = skipped === 0 ? '' : `${counted(skipped, 'entry', 'entries')} of processes that are no clients ${skipped === 1 ? 'was' : 'were'} left out.`
  return [`Imported from another tool's history: ${counted(count, 'operation')}.`, left, ...assumed].filter((part) => part !== '').join(' ')
}

function labelOf({ process, line, isInitial }: ImportedOperation): string {
  return isInitial ? 'what the key held at the beginning' : `process ${process}, line ${line}`
}

function outcomeOf(outcome: ImportedOutcome): EndedOutcome {
  switch (outcome.type) {
    case 'ok': return { type: 'ok', result: outcome.result ?? { type: 'done' }, by: '', viewnum: 0, seq: 0, replayed: false, executedViewnum: 0 }
    case 'failed': return { type: 'failed', reason: 'told', told: outcome.reason, by: '' }
    case 'unknown': return { type: 'unknown', reason: 'told', told: outcome.reason }
  }
}

/**
 * A lane for each process that is active at once. After an operation with an unknown outcome a process never acts again, and a new number
 * takes its place (Jepsen's rule). So a long history needs as many lanes as it has clients, not as it has process numbers.
 */
class Lanes {
  readonly #byProcess = new Map<string, Lane>()
  readonly #free: { readonly lane: Lane; readonly after: string }[] = []
  #count = 0

  get names(): string[] {
    return Array.from({ length: this.#count }, (_, index) => `c${index + 1}`)
  }

  /** The lane of this entry's process. `after`: the process that it replaces from this entry on, or ''. */
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

/** Microseconds from the first entry on; never goes back, because entries of several machines are not always in order. */
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
