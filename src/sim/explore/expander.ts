// Expands states: which steps each allows, where they lead, and whether they break a rule. One expander is enough; each worker has one. It
// must never keep a new local or message to itself: it hands them out as definitions, so that other expanders can read its rows.
import { Locals, type Definition, type Mail, type StartingNode } from './locals'
import type { Message, NodeName, Settings } from '../../protocol'
import { stuckSentence } from '../../trace'
import { Permutations } from './names'
import type { ExplorePlan } from './plan'
import type { Batch, BatchResult, Found } from './search'
import { budgetOf, fingerprint, writeRow, type Fingerprint, type State } from './state'
import { StateChecks } from './state-checks'
import { Steps, type Act, type StepCode } from './steps'

export interface StartingPoint {
  /** For every node that restarts on a path. */
  readonly settings: Settings
  /** The clients' session for the explored operations. */
  readonly session: number
  readonly nodes: readonly StartingNode[]
  readonly mails: readonly { readonly from: NodeName; readonly to: NodeName; readonly message: Message }[]
}

export class Expander {
  readonly start: State
  readonly #plan: ExplorePlan
  readonly #locals: Locals
  readonly #steps: Steps
  readonly #permutations: number
  readonly #nodes: number

  /** `lane`: this expander's number among the `lanes` expanders that share states. */
  constructor(plan: ExplorePlan, { settings, session, nodes, mails }: StartingPoint, lane = 0, lanes = 1) {
    this.#plan = plan
    this.#nodes = nodes.length
    // Servers with a view behind them differ by more than their names, so permuting them would merge no states.
    const permutations = new Permutations(nodes, { clients: plan.reduces, replicas: plan.reduces && plan.start === 'cold' })
    this.#permutations = permutations.count
    this.#locals = new Locals({ nodes, settings, session, program: plan.program, permutations, begun: nodes.length + mails.length, lane, lanes })
    this.#steps = new Steps({ plan, settings, session }, this.#locals, new StateChecks(nodes, plan.program), nodes)
    this.start = {
      locals: nodes.map((node, index) => this.#locals.begin(node, index)),
      mails: mails.map(({ from, to, message }, index): Mail => this.#locals.mailOf(from, to, message, nodes.length + index)),
      budget: budgetOf(plan.bounds),
    }
  }

  /** How many distinct states of single nodes and distinct messages there are. */
  get counts(): { readonly locals: number; readonly mails: number } {
    return { locals: this.#locals.count, mails: this.#locals.mailCount }
  }

  /** The initial state as a row, with its fingerprint. */
  begin(): { readonly row: readonly number[]; readonly fingerprint: Fingerprint } {
    const row: number[] = []
    writeRow(this.start, row)
    const sum = { low: 0, high: 0 }
    fingerprint(this.start, this.#permutations, sum)
    return { row, fingerprint: sum }
  }

  define(definitions: readonly Definition[]): void {
    for (const definition of definitions) this.#locals.define(definition)
  }

  takeUntold(): Definition[] {
    return this.#locals.takeUntold()
  }

  expand({ number, rows, count }: Batch): BatchResult {
    const successors: number[] = []
    const found: Found[] = []
    const sum: Fingerprint = { low: 0, high: 0 }
    let steps = 0
    for (let at = 0, place = 0; place < count; place++) {
      const state = this.#read(rows, at)
      at += 2 + state.locals.length + state.mails.length
      this.#steps.each(state, (step) => {
        steps++
        const { state: after, violation } = this.#steps.after(state, step)
        if (violation && this.#plan.goal === 'violation') found.push({ place, step, violation })
        // After a broken rule anything may break, so its successors prove nothing.
        if (violation) return
        if (this.#isGoal(after)) found.push({ place, step, violation: null })
        fingerprint(after, this.#permutations, sum)
        successors.push(place, step, sum.low, sum.high)
        writeRow(after, successors)
      })
    }
    return { number, successors: Int32Array.from(successors), steps, found: found.slice(0, 1) }
  }

  /** The acts of a path from the initial state, for a driver that performs them. */
  acts(path: readonly StepCode[]): Act[] {
    const acts: Act[] = []
    this.#walk(path, (act) => acts.push(act))
    return acts
  }

  /** Why the cluster is stuck at the end of a path, in words; empty if it is not. */
  stuckAfter(path: readonly StepCode[]): string {
    const facts = this.#walk(path).locals.find(({ kind }) => kind === 'view-server')?.facts
    return facts?.type === 'view-server' && facts.stuck ? stuckSentence(facts.stuck) : ''
  }

  /** The state at the end of a path. */
  #walk(path: readonly StepCode[], onAct?: (act: Act) => void): State {
    return path.reduce((state, step) => this.#steps.after(state, step, onAct).state, this.start)
  }

  #isGoal({ locals }: State): boolean {
    switch (this.#plan.goal) {
      case 'violation': return false
      case 'finish':
        return locals.every(({ kind, operations }) => (
          kind !== 'client' || (operations.length === this.#plan.program.length && operations.every(({ result }) => result !== null))
        ))
      case 'stuck': return locals.some(({ facts }) => facts?.type === 'view-server' && facts.stuck !== null)
    }
  }

  #read(rows: Int32Array, at: number): State {
    const locals = []
    const mails = []
    const mailsAt = at + 2 + this.#nodes
    for (let index = at + 2; index < mailsAt; index++) locals.push(this.#locals.local(rows[index] as number))
    for (let index = mailsAt; index < mailsAt + (rows[at + 1] as number); index++) mails.push(this.#locals.mail(rows[index] as number))
    return { budget: rows[at] as number, locals, mails }
  }
}
