// For every event that is held its type, and the seq of the event that sent its message: five bytes an event, where a map of all ids
// would be a hundred. Pure.
import { eventTypes, isHeartbeatMessage, isHeartbeatTimer, type ClusterState, type EventType, type TraceEvent } from '../../src/trace'

/** Events of one chunk: chunks are let go whole. */
const chunkEvents = 65_536
/** In `kinds`: the event is about a heartbeat. The other bits are its type. */
const heartbeatBit = 0x80

interface Chunk {
  readonly sent: Int32Array
  readonly kinds: Uint8Array
}

const codeOf: ReadonlyMap<EventType, number> = new Map(eventTypes.map((type, index) => [type, index + 1]))

export class MessageIndex {
  /** Messages that were sent and are neither taken nor lost yet: the seq of their sending, doubled, plus one for a heartbeat. */
  readonly #underWay = new Map<string, number>()
  readonly #chunks = new Map<number, Chunk>()
  /** The chunk of the event that was taken last. */
  #chunk: Chunk = emptyChunk()
  #chunkIndex = -1

  /** `before`: the cluster before the first event that is taken; without it that is event 1. */
  constructor(before?: ClusterState) {
    for (const [id, { sentSeq, type, to }] of before?.underWay ?? []) {
      // As for a sent event: what goes to a server is the answer to its ping.
      const isBeat = type === 'ping' || (type === 'view-reply' && before?.nodes.get(to)?.kind === 'replica')
      this.#underWay.set(id, sentSeq * 2 + Number(isBeat))
    }
  }

  /** Takes the next event; they come in order. */
  take(event: TraceEvent): void {
    const { seq } = event
    this.#openChunkOf(seq)
    const at = seq % chunkEvents
    this.#chunk.kinds[at] = codeOf.get(event.type) ?? 0
    switch (event.type) {
      case 'message-sent': {
        const message = seq * 2 + Number(isHeartbeatMessage(event.message))
        this.#underWay.set(event.id, message)
        return this.#join(at, message)
      }
      case 'message-duplicated': {
        const original = this.#underWay.get(event.of)
        if (original !== undefined) this.#underWay.set(event.id, original)
        return this.#join(at, original)
      }
      case 'message-taken':
      case 'message-dropped':
        this.#join(at, this.#underWay.get(event.id))
        this.#underWay.delete(event.id)
        return
      case 'message-handed':
      case 'message-delayed':
      case 'message-held':
      case 'message-released': return this.#join(at, this.#underWay.get(event.id))
      case 'timer-fired':
        if (isHeartbeatTimer(event.name)) this.#chunk.kinds[at] |= heartbeatBit
        return
      default: return
    }
  }

  /** Events before `seq` are not asked for any more. */
  dropBefore(seq: number): void {
    for (const index of this.#chunks.keys()) if ((index + 1) * chunkEvents <= seq) this.#chunks.delete(index)
  }

  /** 0 for an event that is about no message, or is not held. */
  sentSeq(seq: number): number {
    return this.#chunks.get(Math.floor(seq / chunkEvents))?.sent[seq % chunkEvents] ?? 0
  }

  /** A ping, its answer, or the timer that sends or checks pings, and what happens to them. */
  isHeartbeat(seq: number): boolean {
    return (this.#kindAt(seq) & heartbeatBit) !== 0
  }

  typeAt(seq: number): EventType | undefined {
    return eventTypes[(this.#kindAt(seq) & ~heartbeatBit) - 1]
  }

  #kindAt(seq: number): number {
    return this.#chunks.get(Math.floor(seq / chunkEvents))?.kinds[seq % chunkEvents] ?? 0
  }

  #join(at: number, message: number | undefined): void {
    if (message === undefined) return
    this.#chunk.sent[at] = Math.floor(message / 2)
    if (message % 2 === 1) this.#chunk.kinds[at]! |= heartbeatBit
  }

  #openChunkOf(seq: number): void {
    const index = Math.floor(seq / chunkEvents)
    if (index === this.#chunkIndex) return
    this.#chunkIndex = index
    this.#chunk = this.#chunks.get(index) ?? emptyChunk()
    this.#chunks.set(index, this.#chunk)
  }
}

function emptyChunk(): Chunk {
  return { sent: new Int32Array(chunkEvents), kinds: new Uint8Array(chunkEvents) }
}
