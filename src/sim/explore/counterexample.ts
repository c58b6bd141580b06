// Turns a path of the explorer into a recording: a world starts as the explorer's did, and the path is performed in it by hand. The monitors
// report the rules that are broken. A violation that only the explorer sees is reported with its own sentence: a machine that stopped itself,
// or copies that differ when no monitor compares them.
import { RuleTeller } from '../../check'
import type { NetworkAct } from '../../network'
import type { TraceEvent, TraceHeader, ViolationFound } from '../../trace'
import type { World } from '../world'
import type { ExplorePlan } from './plan'
import { playActs, type Standing } from './play-acts'
import { worldToExplore } from './starting-point'
import type { StepViolation } from './step-checks'
import type { Act } from './steps'

export interface Counterexample {
  readonly header: TraceHeader
  readonly events: readonly TraceEvent[]
  /** The seq of the freeze after which the path begins. */
  readonly begins: number
}

/** `found`: the violation at the end of the path; null if the explorer looked for something else. */
export async function counterexample(plan: ExplorePlan, title: string, acts: readonly Act[], found: StepViolation | null): Promise<Counterexample> {
  const events: TraceEvent[] = []
  // Copied, as a file would hold it: later steps must not change an event.
  const world = worldToExplore(plan, title, (event) => events.push(JSON.parse(JSON.stringify(event)) as TraceEvent))
  const begins = events.length
  await playActs(acts, standingWorld(world))
  for (const violation of violationsOf(world.header, events, found)) world.tell(violation)
  return { header: world.header, events, begins }
}

function violationsOf(header: TraceHeader, events: readonly TraceEvent[], found: StepViolation | null): ViolationFound[] {
  const violations: ViolationFound[] = []
  const teller = new RuleTeller(header, (violation) => violations.push(violation))
  for (const event of events) teller.take(event)
  const isTold = found === null || violations.some(({ rule }) => rule === found.rule)
  return isTold ? violations : [...violations, { type: 'violation', rule: found.rule, text: found.text, evidence: [events.length] }]
}

function standingWorld(world: World): Standing {
  const act = (one: NetworkAct): void => void world.perform(one)
  return {
    inFlight: () => world.inFlight,
    isArmed: (node, timer) => world.isArmed(node, timer),
    deliver: (id) => act({ type: 'deliver', id }),
    drop: (id) => act({ type: 'drop', id }),
    duplicate: (id) => act({ type: 'duplicate', id }),
    fire: (node, timer) => act({ type: 'fire', node, timer }),
    kill: (node) => world.kill(node),
    restart: (node) => world.restart(node),
    invoke: (client, operation, session) => void world.invoke(client, operation, { session }),
  }
}
