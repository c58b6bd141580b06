// The beginning of a branch, in the switchboard: its recording holds the parent's events up to the moment. They are read once; each living
// node gets the inputs of its life, and what is not in a node is gathered (moment.ts). Nothing of the past is carried out or told again.
import { open } from 'node:fs/promises'
import { StringDecoder } from 'node:string_decoder'
import { Refused } from '../network'
import type { NodeName } from '../protocol'
import { createRecordingReader, type EventOf, type TraceEvent } from '../trace'
import type { BranchBegin } from './control'
import { encodeAsFarAs, encodePast, encodePastTimers, encodePresent } from './lab-frames'
import type { Life } from './life'
import { Moment } from './moment'

/** Bytes of the recording that are on their way to the nodes at once. */
const pieceBytes = 1024 * 1024

export interface BranchOptions {
  readonly path: string
  readonly begin: BranchBegin
  readonly lives: ReadonlyMap<NodeName, Life>
}

export class BranchBeginning {
  readonly #options: BranchOptions
  #moment: Moment | null = null
  #piece = 0
  /** Nodes that have not come as far as the last piece. */
  readonly #waiting = new Map<NodeName, { resolve(): void; reject(error: Error): void }>()

  constructor(options: BranchOptions) {
    this.#options = options
  }

  /** Resolves when every node has lived its life again. Rejects with a Refused if one ends at it. */
  async run(): Promise<Moment> {
    const { path, begin, lives } = this.#options
    const file = await open(path, 'r')
    try {
      const reader = createRecordingReader()
      const decoder = new StringDecoder('utf8')
      const piece = Buffer.allocUnsafe(pieceBytes)
      for (let position = 0; position < begin.bytes;) {
        const { bytesRead } = await file.read(piece, 0, Math.min(piece.length, begin.bytes - position), position)
        if (bytesRead === 0) throw new Error('the beginning of the branch is shorter than it was')
        position += bytesRead
        for (const event of reader.push(decoder.write(piece.subarray(0, bytesRead))).events) this.#take(event, reader.header)
        await this.#untilHere()
      }
      for (const life of lives.values()) life.send((writer) => encodePresent(writer, begin.at))
      if (!this.#moment) throw new Error('the beginning of the branch has no events')
      return this.#moment
    } finally {
      await file.close()
    }
  }

  #take(event: TraceEvent, header: ReturnType<typeof createRecordingReader>['header']): void {
    if (!header) return
    this.#moment ??= new Moment(header)
    const life = 'node' in event ? this.#options.lives.get(event.node) : undefined
    if (life && 'incarnation' in event && event.incarnation === life.incarnation) {
      const input = this.#moment.inputOf(event)
      if (input) life.send((writer) => encodePast(writer, event.at, input))
    }
    if (event.type === 'frozen' || event.type === 'timers-stopped') this.#tellTimers(this.#moment, event)
    this.#moment.take(event)
  }

  #tellTimers({ state }: Moment, { at, timers }: EventOf<'frozen'> | EventOf<'timers-stopped'>): void {
    for (const life of this.#options.lives.values()) {
      const own = timers.filter(({ node }) => node === life.name)
      if (own.length > 0 && state.nodes.get(life.name)?.incarnation === life.incarnation) life.send((writer) => encodePastTimers(writer, at, own))
    }
  }

  async #untilHere(): Promise<void> {
    this.#piece++
    await Promise.all([...this.#options.lives.values()].map((life) => new Promise<void>((resolve, reject) => {
      if (life.exit || !life.isConnected) return reject(ended(life))
      this.#waiting.set(life.name, { resolve, reject })
      life.send((writer) => encodeAsFarAs(writer, this.#piece))
    })))
  }

  /** A node says that it has come as far as this piece. */
  cameAsFarAs(life: Life, piece: number): void {
    if (piece === this.#piece) this.#waiting.get(life.name)?.resolve()
  }

  ended(life: Life): void {
    this.#waiting.get(life.name)?.reject(ended(life))
  }
}

function ended({ name, exit }: Life): Refused {
  return new Refused(`${name} ended while it was stepped again.${exit?.stderr ? ` It said: ${exit.stderr}` : ''}`)
}
