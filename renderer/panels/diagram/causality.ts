// What led to an event and what came of it. Two answers: the chain (this message because of that step, because of that message), and
// happens-before (everything that could have mattered: earlier in the same process, or by way of messages). Looks only at events in view
// and a bounded number of links. Pure.
import type { DiagramModel } from './model/model'
import { eventBit, noLane } from './model/ties'

/** Links of the chain that are followed; beyond it the chain is not told further. */
export const chainMax = 4000
/** Events that are looked through for the next one of a lane. */
const lookMax = 20_000

export interface Light {
  readonly seq: number
  /** The event, the chain of its causes, and the tree of its effects. */
  readonly chain: ReadonlySet<number>
  /** By lane: events up to this one happened before it; -1 for none. */
  readonly before: Int32Array
  /** By lane: events from this one on happened after it; Infinity for none. */
  readonly after: Float64Array
}

/** `first` to `last`: the events in view. */
export function lightOf(model: DiagramModel, seq: number, first: number, last: number): Light {
  const chain = new Set<number>([seq])
  for (let cause = causeOf(model, seq); cause >= first && !chain.has(cause) && chain.size < chainMax; cause = causeOf(model, cause)) chain.add(cause)
  addEffects(model, seq, last, chain)
  return { seq, chain, before: coneBefore(model, seq, first), after: coneAfter(model, seq, last) }
}

/** True if the event happened before or after the selected one, and not beside it. */
export function isRelated({ before, after, seq: selected }: Light, model: DiagramModel, seq: number): boolean {
  if (seq === selected) return true
  const lane = model.ties.lane(seq)
  if (lane !== noLane) return seq <= (before[lane] ?? -1) || seq >= (after[lane] ?? Infinity)
  // What the network did to a message comes after its sending.
  const cause = model.ties.cause(seq)
  return cause > 0 && cause >= (after[model.ties.lane(cause)] ?? Infinity)
}

/** The event that this one hangs on; 0 without one. Of a timer, the last thing that its process did. */
export function causeOf(model: DiagramModel, seq: number): number {
  return model.ties.cause(seq)
}

/** Where `[` goes: the cause, or the drawn event before it on its lane. */
export function causeOrBefore(model: DiagramModel, seq: number): number {
  const cause = model.ties.cause(seq)
  if (cause > 0) return cause
  const lane = model.ties.lane(seq)
  for (let at = seq - 1; at > model.base && at > seq - lookMax; at--) {
    if (model.ties.lane(at) === lane && model.ties.has(at, eventBit.drawn)) return at
  }
  return 0
}

/** Where `]` goes: the delivery of what was sent, the first message of a step, or the next drawn event of its lane; 0 without one. */
export function effectOf(model: DiagramModel, seq: number): number {
  const { ties } = model
  const row = ties.arrow(seq)
  if (row >= 0 && !ties.has(seq, eventBit.input)) {
    const end = model.arrowsOf(seq).spans.end(row)
    if (end > seq && end <= model.latest) return end
  }
  let next = 0
  for (const effect of stepEffects(model, seq, Math.min(model.latest, seq + lookMax))) {
    if (ties.has(effect, eventBit.sending)) return effect
    if (next === 0 && ties.has(effect, eventBit.drawn)) next = effect
  }
  return next > 0 ? next : nextOfLane(model, seq)
}

function nextOfLane(model: DiagramModel, seq: number): number {
  const lane = model.ties.lane(seq)
  if (lane === noLane) return 0
  for (let at = seq + 1; at <= model.latest && at < seq + lookMax; at++) {
    if (model.ties.lane(at) === lane && model.ties.has(at, eventBit.drawn)) return at
  }
  return 0
}

/** The effects of the step whose input this is: up to the next input of its lane. */
function* stepEffects({ ties }: DiagramModel, input: number, last: number): Generator<number> {
  if (!ties.has(input, eventBit.input)) return
  const lane = ties.lane(input)
  for (let at = input + 1; at <= last && at < input + lookMax; at++) {
    if (ties.lane(at) !== lane) continue
    if (ties.has(at, eventBit.input)) return
    if (ties.cause(at) === input) yield at
  }
}

function addEffects(model: DiagramModel, seq: number, last: number, chain: Set<number>): void {
  const waiting = [seq]
  for (let from = waiting.pop(); from !== undefined && chain.size < chainMax; from = waiting.pop()) {
    const found = [...stepEffects(model, from, last)]
    const row = model.ties.arrow(from)
    if (row >= 0 && !model.ties.has(from, eventBit.input)) {
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

/** Backwards: a delivery that counts makes its sending count, and everything before that on the sender's lane. */
function coneBefore(model: DiagramModel, seq: number, first: number): Int32Array {
  const { ties } = model
  const until = new Int32Array(model.lanes.length).fill(-1)
  const own = ties.lane(seq)
  if (own !== noLane) until[own] = seq
  else if (ties.cause(seq) > 0) until[ties.lane(ties.cause(seq))] = ties.cause(seq)
  let open = until.filter((value) => value === -1).length
  let left = lookMax
  // Once every lane is reached only a message that others overtook can still reach further: they are looked for a while longer.
  for (let at = seq; at >= first && left > 0; at--) {
    if (open === 0) left--
    const lane = ties.lane(at)
    if (lane === noLane || at > (until[lane] as number)) continue
    const sending = sendingOf(model, at)
    const from = ties.lane(sending)
    if (from === noLane || sending <= (until[from] as number)) continue
    if (until[from] === -1) open--
    until[from] = sending
  }
  return until
}

/** Forwards: a sending that counts makes its delivery count, and everything after that on the receiver's lane. */
function coneAfter(model: DiagramModel, seq: number, last: number): Float64Array {
  const { ties } = model
  const since = new Float64Array(model.lanes.length).fill(Infinity)
  const own = ties.lane(seq)
  if (own !== noLane) since[own] = seq
  else if (ties.arrow(seq) >= 0) {
    const end = model.arrowsOf(seq).spans.end(ties.arrow(seq))
    const to = end > seq ? ties.lane(end) : noLane
    if (to !== noLane) since[to] = end
  }
  // Deliveries come in order, so the first that counts is the earliest: a lane that is reached is done.
  let open = since.filter((value) => value === Infinity).length
  for (let at = seq + 1; at <= last && open > 0; at++) {
    const lane = ties.lane(at)
    if (lane === noLane || (since[lane] as number) <= at) continue
    const sending = sendingOf(model, at)
    const from = ties.lane(sending)
    if (from === noLane || sending < (since[from] as number)) continue
    if (since[lane] === Infinity) open--
    since[lane] = at
  }
  return since
}

/** The event that sent what was delivered here, of a copy the sending of the original; 0 for any other event. */
function sendingOf({ ties, arrows, beats }: DiagramModel, seq: number): number {
  if (!ties.has(seq, eventBit.input)) return 0
  const row = ties.arrow(seq)
  if (row < 0) return 0
  return (ties.has(seq, eventBit.heartbeat) ? beats : arrows).sent[row] ?? 0
}
