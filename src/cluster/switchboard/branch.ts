// Begins a branch in the switchboard. The branch's recording holds the parent's events up to the snapshot and is read once. Each running node
// replays the inputs of its incarnation, and snapshot.ts collects what is outside of the nodes. It must never perform or report an effect of the past
// again.
import { open } from 'node:fs/promises'
import { StringDecoder } from 'node:string_decoder'
import { Refused } from '../../network'
import type { NodeName } from '../../protocol'
import { createRecordingReader, type EventOf, type TraceEvent } from '../../trace'
import type { BranchBegin } from '../supervisor/control'
import { encodeAsFarAs, encodePast, encodePastTimers, encodePresent } from '../wire/lab-frames'
import type { Life } from './life'
import { Snapshot } from './snapshot'

/** Bytes of the recording that are in flight to the nodes at once. */
const pieceBytes = 1024 * 1024
/** Time limit for a node to replay one chunk. */
const piecePatienceMs = 30_000

export interface BranchOptions {
  readonly path: string
  readonly begin: BranchBegin
  readonly lives: ReadonlyMap<NodeName, Life>
  /** All nodes have replayed another chunk. */
  readonly onPiece: () => void
}

export class BranchBeginning {
  readonly #options: BranchOptions
  #snapshot: Snapshot | null = null
  #piece = 0
  /** Nodes that have not confirmed the last chunk. */
  readonly #waiting = new Map<NodeName, { resolve(): void; reject(error: Error): void }>()

  constructor(options: BranchOptions) {
    this.#options = options
  }

  /** Resolves when every node has replayed its incarnation. Rejects with a Refused if a node ends during it. */
  async run(): Promise<Snapshot> {
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
        this.#options.onPiece()
      }
      for (const life of lives.values()) life.send((writer) => encodePresent(writer, begin.at))
      if (!this.#snapshot) throw new Error('the beginning of the branch has no events')
      return this.#snapshot
    } finally {
      await file.close()
    }
  }

  #take(event: TraceEvent, header: ReturnType<typeof createRecordingReader>['header']): void {
    if (!header) return
    this.#snapshot ??= new Snapshot(header)
    const life = 'node' in event ? this.#options.lives.get(event.node) : undefined
    if (life && 'incarnation' in event && event.incarnation === life.incarnation) {
      const input = this.#snapshot.inputOf(event)
      if (input) life.send((writer) => encodePast(writer, event.at, input))
    }
    if (event.type === 'frozen' || event.type === 'timers-stopped') this.#tellTimers(this.#snapshot, event)
    this.#snapshot.take(event)
  }

  #tellTimers({ state }: Snapshot, { at, timers }: EventOf<'frozen'> | EventOf<'timers-stopped'>): void {
    for (const life of this.#options.lives.values()) {
      const own = timers.filter(({ node }) => node === life.name)
      if (own.length > 0 && state.nodes.get(life.name)?.incarnation === life.incarnation) life.send((writer) => encodePastTimers(writer, at, own))
    }
  }

  async #untilHere(): Promise<void> {
    this.#piece++
    const late = setTimeout(() => {
      for (const [name, waiting] of this.#waiting) waiting.reject(new Refused(`${name} was stepped again for ${piecePatienceMs / 1000} s without coming further.`))
    }, piecePatienceMs)
    try {
      await Promise.all([...this.#options.lives.values()].map((life) => new Promise<void>((resolve, reject) => {
        if (life.exit || !life.isConnected) return reject(ended(life))
        this.#waiting.set(life.name, { resolve, reject })
        life.send((writer) => encodeAsFarAs(writer, this.#piece))
      })))
    } finally {
      clearTimeout(late)
    }
  }

  /** A node confirms that it has replayed this chunk. */
  cameAsFarAs(life: Life, piece: number): void {
    if (piece !== this.#piece) return
    this.#waiting.get(life.name)?.resolve()
    this.#waiting.delete(life.name)
  }

  ended(life: Life): void {
    this.#waiting.get(life.name)?.reject(ended(life))
  }
}

function ended({ name, exit }: Life): Refused {
  return new Refused(`${name} ended while it was stepped again.${exit?.stderr ? ` It said: ${exit.stderr}` : ''}`)
}
