// Whole transfer: a backup installs the whole state that its primary sent. It counts the chunks that the backup took, compares them with the
// digest in the last chunk, and compares both with what the backup says it installed. Whether a primary waited for that is rule 4's.
// It must never ask src/protocol whether a transfer was whole: only how a digest is computed.
import { hashOfEntry, hashOfRow, type Message, type TableRow, type TransferDigest } from '../../protocol'
import { messageOf, type EventOf, type Recorded, type TraceEvent } from '../../trace'
import type { Violation, LooksAt, Monitor } from './violation'
import { incarnationOfId, type RunFacts, type SentMessage } from './facts'

type Transfer = Extract<Recorded<Message>, { type: 'state-transfer' }>

/** The chunks of one transfer that one incarnation of a backup has taken. */
interface Coming {
  readonly incarnation: number
  readonly from: string
  readonly fromIncarnation: number
  readonly viewnum: number
  /** The rows of the chunks, by chunk number. */
  readonly chunks: Map<number, readonly TableRow[]>
  entries: number
  hash: number
  /** How many chunks there are; 0 until the last one has arrived. */
  count: number
  executed: number
  digest: TransferDigest | undefined
  /** The event that sent the last chunk taken. */
  seq: number
  /** The step in which the complete state must be installed; -1: none. */
  dueIn: number
}

export class WholeTransfer implements Monitor {
  readonly rule = 'whole-transfer'
  readonly looksAt: LooksAt = {
    events: ['transfer-installed'], sent: ['state-transfer-ack'], taken: ['state-transfer', 'state-transfer-ack'],
  }
  held = 0
  /** By backup: the transfer of its newest view. */
  readonly #coming = new Map<string, Coming>()
  /** By backup: the view whose state it reported as installed. */
  readonly #installed = new Map<string, { readonly incarnation: number; readonly viewnum: number }>()
  /** Nodes that took an unknown message: a missing chunk is not held against them. */
  readonly #blind = new Set<string>()

  look(event: TraceEvent, facts: RunFacts): Violation | null {
    switch (event.type) {
      case 'message-sent': return this.#sent(event)
      case 'message-taken': return this.#taken(event, facts)
      case 'transfer-installed': return this.#installs(event)
      default: return null
    }
  }

  #sent(event: EventOf<'message-sent'>): Violation | null {
    const { message, from, to, id, seq } = event
    if (message.type !== 'state-transfer-ack' || !message.installed) return null
    const incarnation = incarnationOfId(id)
    const installed = this.#installed.get(from)
    // Without a journal, what the node installed is unknown.
    if (incarnation === 0 || (installed?.incarnation === incarnation && installed.viewnum === message.viewnum)) return null
    this.#installed.set(from, { incarnation, viewnum: message.viewnum })
    return { rule: this.rule, seq, evidence: [seq], text: `${from} says that it installed the state that ${to} sent in view ${message.viewnum}, and it did not.` }
  }

  #taken(event: EventOf<'message-taken'>, facts: RunFacts): Violation | null {
    const sent = facts.sentOf(event.id)
    if (sent === undefined) {
      this.#blind.add(event.node)
      return null
    }
    const { message } = sent
    const late = this.#notInstalled(event)
    if (late !== null || message.type !== 'state-transfer' || message.toIncarnation !== event.incarnation) return late
    // A backup in another view ignores the chunk.
    const belief = facts.beliefOf(event.node, event.incarnation)
    return belief?.role === 'backup' && belief.viewnum === message.viewnum ? this.#takeChunk(event, sent, message, belief.isInferred) : null
  }

  // ---- at a backup

  /** Finds a backup that did not install a complete state in the step that took its last chunk. */
  #notInstalled({ node, incarnation, step, seq }: EventOf<'message-taken'>): Violation | null {
    const coming = this.#coming.get(node)
    if (coming?.incarnation !== incarnation || coming.dueIn < 0 || step === coming.dueIn) return null
    coming.dueIn = -1
    const text = `${node} took the whole state that ${coming.from} sent in view ${coming.viewnum}, and did not install it.`
    return { rule: this.rule, seq, evidence: [coming.seq, seq], text }
  }

  /** `mayWait`: it did not say that it was ready for the state, so it need not install the state at once. */
  #takeChunk({ node, seq, step }: EventOf<'message-taken'>, sent: SentMessage, message: Transfer, mayWait: boolean): Violation | null {
    const coming = this.#comingOf(node, sent.from, message)
    if (coming === null || coming.chunks.has(message.chunk)) return null
    const chunk = messageOf(message)
    if (chunk.type !== 'state-transfer') return null
    for (const entry of chunk.entries) coming.hash = (coming.hash + hashOfEntry(entry)) | 0
    coming.entries += chunk.entries.length
    coming.chunks.set(chunk.chunk, chunk.rows)
    coming.seq = sent.seq
    if (chunk.last) {
      coming.count = chunk.chunk + 1
      coming.digest = chunk.digest
      coming.executed = chunk.executed
    }
    return coming.chunks.size === coming.count ? this.#judge(node, coming, seq, mayWait ? -1 : step) : null
  }

  /** The transfer that this chunk belongs to; null for one that is older than the known one. */
  #comingOf(node: string, from: string, { toIncarnation: incarnation, fromIncarnation, viewnum }: Transfer): Coming | null {
    const known = this.#coming.get(node)
    if (known?.incarnation === incarnation && known.viewnum > viewnum) return null
    if (known?.incarnation === incarnation && known.viewnum === viewnum && known.from === from && known.fromIncarnation === fromIncarnation) return known
    const begun: Coming = {
      incarnation, from, fromIncarnation, viewnum, chunks: new Map(), entries: 0, hash: 0, count: 0, executed: 0, digest: undefined, seq: 0, dueIn: -1,
    }
    this.#coming.set(node, begun)
    return begun
  }

  /** All chunks have arrived: compares them with the primary's digest. `dueIn`: the step that must install the state; -1: any. */
  #judge(node: string, coming: Coming, seq: number, dueIn: number): Violation | null {
    const { digest, from, viewnum, entries } = coming
    if (digest === undefined) return null
    let hash = coming.hash
    let rows = 0
    let before = 0
    for (let at = 0; at < coming.count; at++) {
      for (const row of coming.chunks.get(at) ?? []) {
        hash = (hash + hashOfRow(row, before)) | 0
        before = row.seq
        rows++
      }
    }
    if (entries === digest.keys && rows === digest.rows && (hash >>> 0) === digest.hash) {
      this.held++
      coming.dueIn = dueIn
      return null
    }
    const differs = entries === digest.keys && rows === digest.rows
      ? 'they do not hold what it has'
      : `it says that it has ${digest.keys} keys and ${digest.rows} rows`
    return {
      rule: this.rule, seq, evidence: coming.seq < seq ? [coming.seq, seq] : [seq],
      text: `In view ${viewnum} ${from} sent ${node} ${entries} keys and ${rows} rows of its at-most-once table, and ${differs}.`,
    }
  }

  #installs({ node, incarnation, from, viewnum, executed, keys, seq }: EventOf<'transfer-installed'>): Violation | null {
    this.#installed.set(node, { incarnation, viewnum })
    const coming = this.#coming.get(node)
    // A state of another view is judged by rule 4.
    if (this.#blind.has(node) || coming?.incarnation !== incarnation || coming.viewnum !== viewnum || coming.from !== from) return null
    coming.dueIn = -1
    const { chunks, count, digest } = coming
    const says = chunks.size !== count ? `only ${chunks.size} of its ${count === 0 ? 'chunks' : `${count} chunks`} had come`
      : executed !== coming.executed ? `it takes seq ${executed} for the last one executed, and in that state it is seq ${coming.executed}`
      : digest !== undefined && keys !== digest.keys ? `it holds ${keys} keys of ${digest.keys}` : ''
    return says === '' ? null
      : { rule: this.rule, seq, evidence: [coming.seq, seq], text: `${node} installed the state that ${from} sent in view ${viewnum}, and ${says}.` }
  }
}
