// The health of a live session, from its events: broken rules, whether it is stuck, its view, and its running nodes. For an overview of many labs.
// It must never judge: the events already contain the judgements.
import { stuckSentence, viewText, type TraceEvent } from '../trace'

export interface SessionHealth {
  /** The number of running nodes. */
  readonly nodes: number
  /** The broken rules in the order of their first violation, each with its first sentence; null if events were lost before they were judged. */
  readonly broken: readonly { readonly rule: string; readonly text: string }[] | null
  /** The newest view in words; empty before the first view. */
  readonly view: string
  /** Why it is stuck; empty if it is not. */
  readonly stuck: string
}

export class HealthWatch {
  readonly #living = new Set<string>()
  readonly #broken = new Map<string, string>()
  #view = ''
  #stuck = ''

  take(event: TraceEvent): void {
    switch (event.type) {
      case 'violation':
        if (!this.#broken.has(event.rule)) this.#broken.set(event.rule, event.text)
        break
      case 'view-changed':
        this.#view = viewText(event.view)
        break
      case 'stuck':
        this.#stuck = event.stuck === null ? '' : stuckSentence(event.stuck)
        break
      case 'node-started':
        this.#living.add(event.node)
        break
      case 'node-killed':
      case 'node-exited':
      case 'node-failed':
        this.#living.delete(event.node)
        break
      case 'branched':
        this.#living.clear()
        for (const { node } of event.processes) this.#living.add(node)
        break
      // Other events do not affect health.
      default: break
    }
  }

  now(): SessionHealth {
    return { nodes: this.#living.size, broken: [...this.#broken].map(([rule, text]) => ({ rule, text })), view: this.#view, stuck: this.#stuck }
  }
}
