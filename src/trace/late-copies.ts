// Adds what recordings before version 5 lack: the contents of a copy whose original had left the network.
// They come from earlier events, as far as those are remembered. It must never invent what no event has.

/** Limits of the messages that are remembered after they were taken or lost: one to two times this many, and this many characters. */
const goneMax = 10_000
const goneCharactersMax = 4_000_000

type Json = Readonly<Record<string, unknown>>

/** Takes the events of one recording, in order and not checked yet, and returns each as version 5 would have written it. */
export class LateCopies {
  readonly #inFlight = new Map<unknown, Json>()
  readonly #gone = new Gone()

  upgraded(event: Json): Record<string, unknown> {
    switch (event['type']) {
      case 'message-sent':
        this.#inFlight.set(event['id'], event)
        return event
      case 'message-taken':
      case 'message-dropped':
        this.#leave(event['id'])
        return event
      case 'message-duplicated': return this.#copied(event)
      default: return event
    }
  }

  /** The message was taken or lost; a copy of it may still come. */
  #leave(id: unknown): void {
    const sent = this.#inFlight.get(id)
    if (sent === undefined) return
    this.#inFlight.delete(id)
    this.#gone.keep(id, sent)
  }

  #copied(event: Json): Record<string, unknown> {
    const sent = this.#inFlight.get(event['of'])
    const original = sent ?? this.#gone.get(event['of'])
    if (original === undefined) return { ...event, carries: null }
    this.#inFlight.set(event['id'], original)
    if (sent !== undefined) return { ...event, carries: null }
    const { from, to, message } = original
    return { ...event, carries: { from, to, message } }
  }
}

/** Two generations: the older one is dropped as a whole, so that each message costs the same. */
class Gone {
  #late = new Map<unknown, Json>()
  #early = new Map<unknown, Json>()
  #characters = 0

  keep(id: unknown, sent: Json): void {
    this.#late.set(id, sent)
    this.#characters += JSON.stringify(sent).length
    if (this.#late.size < goneMax && this.#characters < goneCharactersMax) return
    this.#early = this.#late
    this.#late = new Map()
    this.#characters = 0
  }

  get(id: unknown): Json | undefined {
    return this.#late.get(id) ?? this.#early.get(id)
  }
}
