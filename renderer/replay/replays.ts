// States of nodes at any moment, from a worker that follows the session. This class sends the questions and the events that the worker
// needs, from memory or from the lab. It must never answer for another session, nor send events while the window still takes them.
import type { Violation, HistoryStanding, Preview, RuleState, Seen } from '../../src/check'
import type { EventOf, TraceHeader } from '../../src/trace'
import type { HistoryPart } from './history-keeper'
import type { ReplayAnswer, ReplayQuestion } from './replay-messages'

export type { Seen } from '../../src/check'

/** The receiver of questions: the worker, or a test's. */
export interface Asked {
  ask(question: ReplayQuestion): Promise<ReplayAnswer>
}

/** The source of events. */
export interface EventTexts {
  /** seq of the newest event. */
  latest(): number
  /** Lines from event `from` on, at least one and at most `count`, with their number. Rejects if they are not available. */
  read(from: number, count: number): Promise<{ readonly count: number; readonly text: string }>
  /** Resolves when there may be more events, and the window is not busy. */
  quiet(): Promise<void>
}

/** Events per `follow` question; they take the worker some ten milliseconds. */
export const followEvents = 4096

export class Replays {
  readonly #worker: Asked
  readonly #texts: EventTexts
  #followed = 0
  #isOver = false
  #waiting: { readonly seq: number; readonly resolve: () => void }[] = []
  /** Called with the last event that the worker has followed. */
  onFollowed: (followed: number) => void = () => undefined
  /** Called with how every rule stands after that event, and the newly found violations. */
  onRules: (rules: readonly RuleState[], violations: readonly Violation[]) => void = () => undefined

  /** Called with the standing of the history that clients saw, after that event. */
  onHistory: (history: HistoryStanding) => void = () => undefined

  constructor(header: TraceHeader, worker: Asked, texts: EventTexts) {
    this.#worker = worker
    this.#texts = texts
    void this.#run(header)
  }

  /** The last event that the worker has followed. */
  get followed(): number {
    return this.#followed
  }

  /** Ends the replays, because another session begins; every open question is answered with null. */
  end(): void {
    this.#isOver = true
    this.#release(Infinity)
  }

  /** The nodes after event `seq`, once the worker has followed it; null if the session has ended or the events are not available. */
  async look(nodes: readonly string[], seq: number): Promise<readonly Seen[] | null> {
    await this.#reach(seq)
    if (this.#isOver) return null
    // At the newest followed event the worker may already have the states; for an earlier one it always needs events.
    const now = seq === this.#followed ? await this.#worker.ask({ type: 'look-now', nodes, seq }) : null
    if (now !== null && now.seen.length > 0) return this.#isOver ? null : now.seen
    const text = await this.#textFor(nodes, seq)
    if (text === null) return null
    const { seen, problem } = await this.#worker.ask({ type: 'look', nodes, seq, text })
    return this.#isOver || problem !== '' ? null : seen
  }

  /** What delivering a message after event `seq` would do; null if the session has ended or the events are not available. */
  async preview(sent: EventOf<'message-sent'>, seq: number): Promise<Preview | null> {
    await this.#reach(seq)
    const text = await this.#textFor([sent.to], seq)
    return text === null ? null : (await this.#worker.ask({ type: 'preview', sent, seq, text })).preview
  }

  /** The linearization of the operations between two events, as far as the worker has followed; null if the session has ended. */
  async history(first: number, last: number): Promise<HistoryPart | null> {
    const { part } = await this.#worker.ask({ type: 'history', first, last })
    return this.#isOver ? null : part
  }

  async #textFor(nodes: readonly string[], seq: number): Promise<string | null> {
    if (this.#isOver) return null
    const { from } = await this.#worker.ask({ type: 'needs', nodes, seq })
    try {
      return await this.#textOf(from, seq)
    } catch {
      return null // The events are lost; the status of the session reports that.
    }
  }

  async #textOf(from: number, to: number): Promise<string> {
    const texts: string[] = []
    for (let next = from; next <= to && !this.#isOver;) {
      const { count, text } = await this.#texts.read(next, to - next + 1)
      texts.push(text)
      next += count
    }
    return texts.join('\n')
  }

  /** Follows the session to its end, in chunks. */
  async #run(header: TraceHeader): Promise<void> {
    await this.#worker.ask({ type: 'begin', header })
    while (!this.#isOver) {
      if (this.#followed >= this.#texts.latest()) {
        await this.#texts.quiet()
        continue
      }
      try {
        const { text } = await this.#texts.read(this.#followed + 1, followEvents)
        if (this.#isOver) return
        const { followed, rules, violations, history } = await this.#worker.ask({ type: 'follow', text })
        if (this.#isOver) return
        this.#followed = followed
        this.onRules(rules, violations)
        if (history !== null) this.onHistory(history)
      } catch {
        await this.#texts.quiet() // There is no connection, or the events are lost: try again later.
        continue
      }
      this.onFollowed(this.#followed)
      this.#release(this.#followed)
      await this.#texts.quiet()
    }
  }

  #reach(seq: number): Promise<void> {
    if (this.#followed >= seq || this.#isOver) return Promise.resolve()
    return new Promise((resolve) => this.#waiting.push({ seq, resolve }))
  }

  #release(followed: number): void {
    const there = this.#waiting.filter(({ seq }) => seq <= followed)
    this.#waiting = this.#waiting.filter(({ seq }) => seq > followed)
    for (const { resolve } of there) resolve()
  }
}
