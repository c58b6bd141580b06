// What the state transfers of a run have reached: how their chunks were cut, and in which order they arrived.
import type { Message, NodeName, Settings } from '../../protocol'
import { bytesOf, type EventOf, type Recorded } from '../../trace'

type Chunk = Recorded<Extract<Message, { type: 'state-transfer' }>>

/** How many chunks make a transfer a long one. */
const manyChunks = 20

export class TransferCoverage {
  readonly #settings: Settings
  readonly #add: (kind: string) => void
  /** By receiver, view and incarnation: the highest chunk that was sent, and how many chunks carry rows. */
  readonly #sent = new Map<string, { highest: number; withRows: number }>()
  readonly #taken = new Map<string, number>()
  /** By receiver and view: the sequence number of the installed state. */
  readonly #installed = new Map<string, number>()

  constructor(settings: Settings, add: (kind: string) => void) {
    this.#settings = settings
    this.#add = add
  }

  sent(to: NodeName, chunk: Chunk): void {
    const key = keyOf(to, chunk)
    const known = this.#sent.get(key) ?? { highest: -1, withRows: 0 }
    this.#sent.set(key, known)
    if (chunk.chunk <= known.highest) return this.#add('a chunk again')
    known.highest = chunk.chunk
    this.#cut(chunk)
    if (chunk.rows.length > 0 && ++known.withRows === 2) this.#add('rows in several chunks')
    if (chunk.chunk === 1) this.#add('a transfer of several chunks')
    if (chunk.chunk === this.#settings.transferWindow) this.#add('a transfer of more chunks than its window')
    if (chunk.chunk + 1 === manyChunks) this.#add('twenty chunks')
  }

  #cut({ chunk, entries, rows }: Chunk): void {
    const { transferChunkBytes } = this.#settings
    const bytes = entries.map(({ key, value }) => bytesOf(key).length + bytesOf(value).length)
    const total = bytes.reduce((sum, one) => sum + one, 0)
    if (total === transferChunkBytes) this.#add('a chunk that ends exactly')
    if (bytes.some((one) => one > transferChunkBytes)) this.#add('an entry larger than its chunk')
    if (entries.length === 0 && rows.length > 0) this.#add('a chunk of rows alone')
    if (chunk === 0 && entries.length === 0 && rows.length === 0) this.#add('a transfer of nothing')
  }

  taken(node: NodeName, chunk: Chunk): void {
    const key = keyOf(node, chunk)
    const highest = this.#taken.get(key) ?? -1
    if (chunk.chunk < highest) this.#add('chunks out of order')
    this.#taken.set(key, Math.max(highest, chunk.chunk))
  }

  installed({ node, viewnum, executed }: EventOf<'transfer-installed'>): void {
    this.#installed.set(`${node} ${viewnum}`, executed)
  }

  /** The sequence number of the state that this server installed in this view; 0 for none. */
  installedAt(node: NodeName, viewnum: number): number {
    return this.#installed.get(`${node} ${viewnum}`) ?? 0
  }
}

function keyOf(to: NodeName, { viewnum, toIncarnation, fromIncarnation }: Chunk): string {
  return `${to} ${viewnum} ${toIncarnation} ${fromIncarnation}`
}
