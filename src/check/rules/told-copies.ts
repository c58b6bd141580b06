// What programs tell of their copies, compared with each other's and with those of nodes of ours: two copies of one view that have executed as much hold
// the same. It must never compare what was not told.
import type { HeldCopy } from '../../protocol'
import { copyDifference, copyOfReplica, toldCopyOf, type EventOf, type ToldCopy } from '../../trace'
import { evidenceOf, type Violation } from './violation'
import type { RunFacts } from './facts'

interface Told {
  readonly viewnum: number
  readonly seq: number
  readonly copy: ToldCopy
  /** It was compared with a copy of ours that had executed as much. */
  isCompared: boolean
}

/** A larger store of ours is not copied to be compared. */
const keysMax = 2000

export class ToldCopies {
  held = 0
  /** By program: the copy that it told last, while it serves. */
  readonly #told = new Map<string, Told>()
  /** Programs that are replicas, and those of them that have told a store. */
  readonly #replicas = new Set<string>()
  readonly #tellers = new Set<string>()
  readonly #isReported = new Set<string>()

  /** Why copies are not all known; empty if they are. */
  get limit(): string {
    const silent = [...this.#replicas].filter((name) => !this.#tellers.has(name))
    return silent.length === 0 ? '' : `${silent.join(', ')} ${silent.length === 1 ? 'does' : 'do'} not tell what ${silent.length === 1 ? 'it holds' : 'they hold'}`
  }

  started(program: string): void {
    this.#replicas.add(program)
    this.#told.delete(program)
  }

  /** `ours`: the copies of nodes of ours now. */
  take({ node, incarnation, state, seq }: EventOf<'state-told'>, facts: RunFacts, ours: Iterable<readonly [string, HeldCopy]>): Violation | null {
    if (!this.#replicas.has(node)) return null
    const copy = toldCopyOf(state)
    const belief = facts.beliefOf(node, incarnation)
    if (copy?.store) this.#tellers.add(node)
    if (copy === null || belief === undefined || !belief.serving || belief.role === 'idle') {
      this.#told.delete(node)
      return null
    }
    const told: Told = { viewnum: belief.viewnum, seq, copy, isCompared: false }
    this.#told.set(node, told)
    for (const [other, { viewnum, copy: theirs, seq: since }] of this.#told) {
      if (other === node || viewnum !== told.viewnum || theirs.executed !== copy.executed) continue
      const violation = this.#compare(node, copy, other, theirs, told.viewnum, [since, seq])
      if (violation) return violation
    }
    for (const [name, held] of ours) {
      const violation = this.#compareWithOurs(node, told, name, held, seq)
      if (violation) return violation
    }
    return null
  }

  /** A node of ours has executed: compares it with what programs told when they had executed as much. */
  stepped(name: string, held: HeldCopy, seq: number): Violation | null {
    for (const [node, told] of this.#told) {
      if (told.isCompared) continue
      const violation = this.#compareWithOurs(node, told, name, held, seq)
      if (violation) return violation
    }
    return null
  }

  #compareWithOurs(node: string, told: Told, name: string, held: HeldCopy, seq: number): Violation | null {
    const { viewnum, copy } = told
    if (held.viewnum !== viewnum || !held.serving || held.role === 'idle' || held.executed !== copy.executed || held.store.size > keysMax) return null
    told.isCompared = true
    return this.#compare(node, copy, name, copyOfHeld(held), viewnum, [told.seq, seq])
  }

  #compare(node: string, copy: ToldCopy, other: string, theirs: ToldCopy, viewnum: number, seqs: readonly number[]): Violation | null {
    const difference = copyDifference(copy, theirs)
    if (difference === null) return null
    if (difference === '') {
      this.held++
      return null
    }
    const pair = `${viewnum} ${[node, other].sort().join(' ')}`
    if (this.#isReported.has(pair)) return null
    this.#isReported.add(pair)
    const seq = Math.max(...seqs)
    return {
      rule: 'equal-copies', seq, evidence: evidenceOf(...seqs),
      text: `In view ${viewnum} ${node} and ${other} have both executed up to seq ${copy.executed}, and of the two ${difference}.`,
    }
  }
}

function copyOfHeld({ executed, store, table }: HeldCopy): ToldCopy {
  return copyOfReplica({ executed, store: store.sortedEntries(), table: table.rows() })
}
