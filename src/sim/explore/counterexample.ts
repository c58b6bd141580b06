// A counterexample is a recording like any other: the world is brought up as the explorer's was, and the path is carried out in it by hand.
// The monitors say which rules are broken in it; what only the explorer sees, that a machine stopped itself or that copies differ at a moment at
// which no monitor looks, is told by its own sentence.
import { RuleTeller } from '../../check'
import type { NetworkAct } from '../../network'
import type { TraceEvent, TraceHeader, Violation } from '../../trace'
import type { World } from '../world'
import type { ExplorePlan } from './plan'
import { playActs, type Standing } from './play-acts'
import { worldToExplore } from './starting-point'
import type { StepBreach } from './step-checks'
import type { Act } from './steps'

export interface Counterexample {
  readonly header: TraceHeader
  readonly events: readonly TraceEvent[]
  /** The event of the freeze from which the path goes on. */
  readonly begins: number
}

/** `breach`: what the explorer found at the end of the path; null where it was looking for something else. */
export async function counterexample(plan: ExplorePlan, title: string, acts: readonly Act[], breach: StepBreach | null): Promise<Counterexample> {
  const events: TraceEvent[] = []
  // As a file has it: what a step changes later must not show in an event.
  const world = worldToExplore(plan, title, (event) => events.push(JSON.parse(JSON.stringify(event)) as TraceEvent))
  const begins = events.length
  await playActs(acts, standingWorld(world))
  for (const violation of violationsOf(world.header, events, breach)) world.tell(violation)
  return { header: world.header, events, begins }
}

function violationsOf(header: TraceHeader, events: readonly TraceEvent[], breach: StepBreach | null): Violation[] {
  const violations: Violation[] = []
  const teller = new RuleTeller(header, (violation) => violations.push(violation))
  for (const event of events) teller.take(event)
  const isTold = breach === null || violations.some(({ rule }) => rule === breach.rule)
  return isTold ? violations : [...violations, { type: 'violation', rule: breach.rule, text: breach.text, evidence: [events.length] }]
}

function standingWorld(world: World): Standing {
  const act = (one: NetworkAct): void => world.act(one)
  return {
    underWay: () => world.underWay,
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
