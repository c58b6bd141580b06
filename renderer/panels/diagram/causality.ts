// The causes and effects of an event. Two answers: the chain (each message because of a step, each step because of a message), and
// happens-before (every event that could have influenced it: earlier in the same process, or through messages).
// It must never look beyond the events in view, or follow more than a bounded number of links. Pure.
import type { DiagramModel } from './model/model'
import { eventBit, noLane } from './model/event-index'

/** Most events of a chain; a longer chain is cut off. */
export const chainMax = 4000
/** Most events that are searched for the next one of a lane. */
const lookMax = 20_000

export interface CausalCone {
  readonly seq: number
  /** The event itself, the chain of its causes, and the tree of its effects. */
  readonly chain: ReadonlySet<number>
  /** By lane: the last event that happened before it; -1 if none did. */
  readonly before: Int32Array
  /** By lane: the first event that happened after it; Infinity if none did. */
  readonly after: Float64Array
}

/** The causal cone of an event; `first` to `last`: the events in view. */
export function coneOf(model: DiagramModel, seq: number, first: number, last: number): CausalCone {
  const chain = new Set<number>([seq])
  for (let cause = causeOf(model, seq); cause >= first && !chain.has(cause) && chain.size < chainMax; cause = causeOf(model, cause)) chain.add(cause)
  addEffects(model, seq, last, chain)
  return { seq, chain, before: coneBefore(model, seq, first), after: coneAfter(model, seq, last) }
}

/** True if the event happened before or after the selected one; false if the two are concurrent. */
export function isRelated({ before, after, seq: selected }: CausalCone, model: DiagramModel, seq: number): boolean {
  if (seq === selected) return true
  const lane = model.index.lane(seq)
  if (lane !== noLane) return seq <= (before[lane] ?? -1) || seq >= (after[lane] ?? Infinity)
  // An event of the network about a message happened after the sending of that message.
  const cause = model.index.cause(seq)
  return cause > 0 && cause >= (after[model.index.lane(cause)] ?? Infinity)
}

/** The event that caused this one; 0 without one (a timer and a person's act have no cause). */
export function causeOf(model: DiagramModel, seq: number): number {
  return model.index.cause(seq)
}

/** The target of the key `[`: the cause, or the drawn event before it on its lane; 0 without one. */
export function causeOrBefore(model: DiagramModel, seq: number): number {
  const cause = model.index.cause(seq)
  if (cause > 0) return cause
  const lane = model.index.lane(seq)
  for (let at = seq - 1; at > model.base && at > seq - lookMax; at--) {
    if (model.index.lane(at) === lane && model.index.has(at, eventBit.drawn)) return at
  }
  return 0
}

/** The target of the key `]`: the delivery of a sent message, the first message of a step, or the next drawn event of its lane; 0 without one. */
export function effectOf(model: DiagramModel, seq: number): number {
  const { index } = model
  const row = index.arrow(seq)
  if (row >= 0 && !index.has(seq, eventBit.input)) {
    const end = model.arrowsOf(seq).spans.end(row)
    if (end > seq && end <= model.latest) return end
  }
  let next = 0
  for (const effect of stepEffects(model, seq, Math.min(model.latest, seq + lookMax))) {
    if (index.has(effect, eventBit.sending)) return effect
    if (next === 0 && index.has(effect, eventBit.drawn)) next = effect
  }
  return next > 0 ? next : nextOfLane(model, seq)
}

function nextOfLane(model: DiagramModel, seq: number): number {
  const lane = model.index.lane(seq)
  if (lane === noLane) return 0
  for (let at = seq + 1; at <= model.latest && at < seq + lookMax; at++) {
    if (model.index.lane(at) === lane && model.index.has(at, eventBit.drawn)) return at
  }
  return 0
}

/** The effects of the step with this input: they end at the next input of its lane. */
function* stepEffects({ index }: DiagramModel, input: number, last: number): Generator<number> {
  if (!index.has(input, eventBit.input)) return
  const lane = index.lane(input)
  for (let at = input + 1; at <= last && at < input + lookMax; at++) {
    if (index.lane(at) !== lane) continue
    if (index.has(at, eventBit.input)) return
    if (index.cause(at) === input) yield at
  }
}

function addEffects(model: DiagramModel, seq: number, last: number, chain: Set<number>): void {
  const waiting = [seq]
  for (let from = waiting.pop(); from !== undefined && chain.size < chainMax; from = waiting.pop()) {
    const found = [...stepEffects(model, from, last)]
    const row = model.index.arrow(from)
    if (row >= 0 && !model.index.has(from, eventBit.input)) {
      const end = model.arrowsOf(from).spans.end(row)
      if (end > from && end <= last) found.push(end)
    }
    for (const effect of found) {
      if (chain.has(effect)) continue
      chain.add(effect)
      waiting.push(effect)
    }
  }
}

/** Walks backwards: a delivery inside the cone brings in its sending, and everything before that on the sender's lane. */
function coneBefore(model: DiagramModel, seq: number, first: number): Int32Array {
  const { index } = model
  const until = new Int32Array(model.lanes.length).fill(-1)
  const own = index.lane(seq)
  if (own !== noLane) until[own] = seq
  else if (index.cause(seq) > 0) until[index.lane(index.cause(seq))] = index.cause(seq)
  let open = until.filter((value) => value === -1).length
  let left = lookMax
  // Once every lane is reached, only an overtaken message can still extend the cone; the search for one goes on for `lookMax` events.
  for (let at = seq; at >= first && left > 0; at--) {
    if (open === 0) left--
    const lane = index.lane(at)
    if (lane === noLane || at > (until[lane] as number)) continue
    const sending = sendingOf(model, at)
    const from = index.lane(sending)
    if (from === noLane || sending <= (until[from] as number)) continue
    if (until[from] === -1) open--
    until[from] = sending
  }
  return until
}

/** Walks forwards: a sending inside the cone brings in its delivery, and everything after that on the receiver's lane. */
function coneAfter(model: DiagramModel, seq: number, last: number): Float64Array {
  const { index } = model
  const since = new Float64Array(model.lanes.length).fill(Infinity)
  const own = index.lane(seq)
  if (own !== noLane) since[own] = seq
  else if (index.arrow(seq) >= 0) {
    const end = model.arrowsOf(seq).spans.end(index.arrow(seq))
    const to = end > seq ? index.lane(end) : noLane
    if (to !== noLane) since[to] = end
  }
  // Events are visited in order, so the first delivery that reaches a lane is the earliest, and the lane is done.
  let open = since.filter((value) => value === Infinity).length
  for (let at = seq + 1; at <= last && open > 0; at++) {
    const lane = index.lane(at)
    if (lane === noLane || (since[lane] as number) <= at) continue
    const sending = sendingOf(model, at)
    const from = index.lane(sending)
    if (from === noLane || sending < (since[from] as number)) continue
    if (since[lane] === Infinity) open--
    since[lane] = at
  }
  return since
}

/** The event that sent the message delivered here (for a copy: that sent the original); 0 for any other event. */
function sendingOf({ index, arrows, beats }: DiagramModel, seq: number): number {
  if (!index.has(seq, eventBit.input)) return 0
  const row = index.arrow(seq)
  if (row < 0) return 0
  return (index.has(seq, eventBit.heartbeat) ? beats : arrows).sent[row] ?? 0
}
