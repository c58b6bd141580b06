// Checks that need more than one node: answers are executed by every backup, one primary, equal copies, nothing lost or executed twice. Also
// whether a single copy of the store could give the results. Run after each step, for what that step changed.
import type { NodeName, Result } from '../../protocol'
import { execute, MapStore, type Store } from '../../protocol'
import type { ReplicaFacts, ViewServerFacts } from './facts'
import type { Explored, Local, Transition } from './locals'
import { operationOf, tokenOf, type Program } from './plan'
import type { StepViolation } from './step-checks'

export class StateChecks {
  /** By the ids of the clients' locals: whether a single copy of the store could give their results. */
  readonly #histories = new Map<string, boolean>()
  readonly #slots: ReadonlyMap<NodeName, number>
  readonly #program: Program

  constructor(nodes: readonly { readonly name: NodeName }[], program: Program) {
    this.#program = program
    this.#slots = new Map(nodes.map(({ name }, slot) => [name, slot]))
  }

  /** `locals` are those after the step of `slot`. Returns the first violation. */
  violation(locals: readonly Local[], slot: number, { sends, next }: Transition): StepViolation | null {
    const { facts } = next
    if (facts === null) return null
    if (facts.type === 'client') return this.#linearizability(locals)
    if (facts.type === 'view-server') return null
    for (const { message } of sends) {
      if (message.type !== 'reply' || message.replayed || message.executedViewnum !== message.viewnum) continue
      const violation = this.#answered(locals, locals[slot] as Local, facts, message.seq)
      if (violation) return violation
    }
    return onePrimary(locals, next, facts) ?? doubled(next, facts, locals) ?? this.#copies(locals, next, facts) ?? this.#lost(locals, next, facts)
  }

  /** Rule 1: every backup of the view has executed what the primary answers. A backup that has died since cannot be checked. */
  #answered(locals: readonly Local[], primary: Local, facts: ReplicaFacts, seq: number): StepViolation | null {
    for (const { name, incarnation } of facts.view.backups) {
      const backup = locals[this.#slots.get(name) ?? -1]
      if (backup?.incarnation !== incarnation || backup.facts?.type !== 'replica') continue
      if (seq > 0 && backup.facts.executed >= seq) continue
      return { rule: 'rule-1', text: `${primary.name} answered ${seq === 0 ? 'a read by itself' : `seq ${seq}`} in view ${facts.view.viewnum} before ${name}, its backup, had executed it.` }
    }
    return null
  }

  /** Copies that have executed equally much in the same acked view are equal, and no backup has executed what was not sent. */
  #copies(locals: readonly Local[], one: Local, facts: ReplicaFacts): StepViolation | null {
    if (!facts.serving || facts.role === 'idle') return null
    for (const other of locals) {
      if (other === one || other.facts?.type !== 'replica') continue
      const { facts: theirs } = other
      if (!theirs.serving || theirs.role === 'idle' || theirs.view.viewnum !== facts.view.viewnum) continue
      if (theirs.executed === facts.executed && theirs.copyText !== facts.copyText) {
        return { rule: 'equal-copies', text: `${one.name} and ${other.name} have executed the same number of operations in view ${facts.view.viewnum} and do not hold the same.` }
      }
      const [primary, backup] = facts.role === 'primary' ? [facts, theirs] : [theirs, facts]
      if (primary.role === 'primary' && backup.role === 'backup' && backup.executed >= primary.nextSeq) {
        return { rule: 'backup-not-ahead', text: `A backup has executed seq ${backup.executed} in view ${facts.view.viewnum}, and its primary has sent no more than seq ${primary.nextSeq - 1}.` }
      }
    }
    return null
  }

  /** The primary that serves the newest view holds all acknowledged writes. If keys are deleted, only the results can show a loss. */
  #lost(locals: readonly Local[], one: Local, facts: ReplicaFacts): StepViolation | null {
    if (facts.role !== 'primary' || !facts.serving || this.#program.includes('delete')) return null
    const viewServer = locals.find(({ kind }) => kind === 'view-server')?.facts as ViewServerFacts | undefined
    if (viewServer && facts.view.viewnum < viewServer.current.viewnum) return null
    for (const { name, operations } of locals) {
      for (const [index, { result }] of operations.entries()) {
        const token = tokenOf(name, index)
        if (result === null || this.#program[index] !== 'append' || facts.value.includes(token)) continue
        return { rule: 'no-lost-write', text: `${one.name} serves view ${facts.view.viewnum} without ${token}, which ${name} had been told was done.` }
      }
    }
    return null
  }

  #linearizability(locals: readonly Local[]): StepViolation | null {
    const clients = locals.filter(({ kind }) => kind === 'client')
    const key = clients.map(({ id }) => id).join(' ')
    const known = this.#histories.get(key)
    const isLinearizable = known ?? isOneCopy(clients, this.#program)
    if (known === undefined) this.#histories.set(key, isLinearizable)
    return isLinearizable ? null : { rule: 'linearizability', text: `${clients.map((client) => historyText(client, this.#program)).join(', ')}: no order of these operations gives these results.` }
  }
}

function onePrimary(locals: readonly Local[], one: Local, facts: ReplicaFacts): StepViolation | null {
  if (facts.role !== 'primary' || !facts.serving) return null
  const other = locals.find((local) => (
    local !== one && local.facts?.type === 'replica' && local.facts.role === 'primary' && local.facts.serving && local.facts.view.viewnum === facts.view.viewnum
  ))
  return other ? { rule: 'one-primary', text: `${one.name} and ${other.name} both act as primary of view ${facts.view.viewnum}.` } : null
}

/** A value names its operation, so a value that occurs twice was executed twice. */
function doubled(one: Local, { value }: ReplicaFacts, locals: readonly Local[]): StepViolation | null {
  if (value === '') return null
  for (const client of locals) {
    for (let index = 0; index < client.operations.length; index++) {
      const token = tokenOf(client.name, index)
      if (value.indexOf(token) !== value.lastIndexOf(token)) return { rule: 'at-most-once', text: `${one.name} holds ${token} twice: it executed an append twice.` }
    }
  }
  return null
}

function historyText({ name, operations }: Local, program: Program): string {
  return operations.map(({ result }, index) => `${name}'s ${program[index]} ${result === null ? 'is out' : `gave ${'value' in result ? result.value : result.type}`}`).join(', ')
}

/**
 * Whether some order of the operations, each within its time, gives every result. An operation that has not ended may have taken effect or
 * not. Wing and Gong's search over the few operations of an exploration: each step takes the next operation of some client.
 */
export function isOneCopy(clients: readonly { readonly name: NodeName; readonly operations: readonly Explored[] }[], program: Program): boolean {
  const done = clients.map(() => 0)
  const search = (store: Store): boolean => {
    if (clients.every(({ operations }, place) => operations.slice(done[place]).every(({ result }) => result === null))) return true
    for (const [place, { name, operations }] of clients.entries()) {
      const index = done[place] as number
      const next = operations[index]
      // It began after these operations had ended, so they come first.
      if (!next || next.after.some((count, other) => other !== place && (done[other] as number) < count)) continue
      const after = store.copy()
      const result = execute(after, operationOf(program, name, index))
      if (next.result !== null && !sameResult(next.result, result)) continue
      done[place] = index + 1
      if (search(after)) return true
      done[place] = index
    }
    return false
  }
  return search(new MapStore())
}

function sameResult(one: Result, other: Result): boolean {
  return one.type === other.type && ('value' in one ? one.value : '') === ('value' in other ? other.value : '')
}
