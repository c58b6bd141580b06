// Break conditions: decide when the cluster freezes by itself. A condition on messages is checked before delivery, the others on every
// event that may meet one. It must never freeze anything itself: the driver does.
import { breakText, Refused, type BreakCondition, type Envelope } from '../network'
import type { NodeName } from '../protocol'
import type { BreakAdded, BreakRemoved, TraceEvent } from '../trace'

/** Conditions that may be set at once. */
const conditionsMax = 50

/** The events that may meet a condition; every other event is skipped without a check. */
const breakingEvents: ReadonlySet<string> = new Set<TraceEvent['type']>(['view-changed', 'view-acked', 'role-changed', 'stuck', 'violation'])

/** The fields of an event that conditions check. */
export interface BreakingEvent {
  readonly type: string
  readonly node?: NodeName
  readonly role?: string
  readonly stuck?: object | null
}

export class BreakConditions {
  readonly #conditions = new Map<string, BreakCondition>()
  readonly #event: (event: BreakAdded | BreakRemoved) => void

  constructor(event: (event: BreakAdded | BreakRemoved) => void) {
    this.#event = event
  }

  /** Sets the conditions of the session that this one continues; it reports no events. */
  begin(conditions: Iterable<BreakCondition>): void {
    for (const condition of conditions) this.#conditions.set(condition.name, condition)
  }

  get isEmpty(): boolean {
    return this.#conditions.size === 0
  }

  /** True if deliveries go one at a time. */
  get isExact(): boolean {
    for (const { exact } of this.#conditions.values()) if (exact) return true
    return false
  }

  add(condition: BreakCondition): void {
    if (this.#conditions.has(condition.name)) throw new Refused(`There is a break condition "${condition.name}" already.`)
    if (this.#conditions.size >= conditionsMax) throw new Refused(`There are ${conditionsMax} break conditions already; remove one first.`)
    this.#conditions.set(condition.name, condition)
    this.#event({ type: 'break-added', condition, text: breakText(condition) })
  }

  remove(name: string): void {
    if (!this.#conditions.delete(name)) throw new Refused(`There is no break condition "${name}".`)
    this.#event({ type: 'break-removed', name })
  }

  /** The first condition that sending this message meets. */
  metByMessage({ from, to, message }: Envelope): BreakCondition | undefined {
    for (const condition of this.#conditions.values()) {
      const { on } = condition
      if (on.type === 'message' && isAmong(on.where.from, from) && isAmong(on.where.to, to) && isAmong(on.where.kinds, message.type)) return condition
    }
    return undefined
  }

  /** The first condition that this event meets. */
  metByEvent(event: BreakingEvent): BreakCondition | undefined {
    if (!breakingEvents.has(event.type)) return undefined
    for (const condition of this.#conditions.values()) if (meets(condition, event)) return condition
    return undefined
  }
}

function meets({ on }: BreakCondition, event: BreakingEvent): boolean {
  switch (on.type) {
    case 'message': return false
    case 'view-changed': return event.type === 'view-changed'
    case 'view-acked': return event.type === 'view-acked'
    case 'promoted': return event.type === 'role-changed' && event.role === 'primary' && (on.node === '' || on.node === event.node)
    case 'stuck': return event.type === 'stuck' && event.stuck !== null
    case 'rule-broken': return event.type === 'violation'
  }
}

function isAmong<Name extends string>(names: readonly Name[], name: Name): boolean {
  return names.length === 0 || names.includes(name)
}
