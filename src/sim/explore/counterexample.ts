// A counterexample is a recording like any other: the world is brought up as the explorer's was, and the path is carried out in it by hand.
// It never decides whether a rule is broken: the monitors say that of the recording.
import type { NetworkAct } from '../../network'
import type { TraceEvent, TraceHeader } from '../../trace'
import type { World } from '../world'
import type { ExplorePlan } from './plan'
import { playActs, type Standing } from './play-acts'
import { worldToExplore } from './starting-point'
import type { Act } from './steps'

export interface Counterexample {
  readonly header: TraceHeader
  readonly events: readonly TraceEvent[]
  /** The event of the freeze from which the path goes on. */
  readonly begins: number
}

export async function counterexample(plan: ExplorePlan, title: string, acts: readonly Act[]): Promise<Counterexample> {
  const events: TraceEvent[] = []
  // As a file has it: what a step changes later must not show in an event.
  const world = worldToExplore(plan, title, (event) => events.push(JSON.parse(JSON.stringify(event)) as TraceEvent))
  const begins = events.length
  await playActs(acts, standingWorld(world))
  return { header: world.header, events, begins }
}

function standingWorld(world: World): Standing {
  const act = (one: NetworkAct): void => world.act(one)
  return {
    underWay: () => world.startingPoint().mails,
    isArmed: (node, timer) => world.startingPoint().nodes.find(({ name }) => name === node)?.timers.includes(timer) ?? false,
    deliver: (id) => act({ type: 'deliver', id }),
    drop: (id) => act({ type: 'drop', id }),
    duplicate: (id) => act({ type: 'duplicate', id }),
    fire: (node, timer) => act({ type: 'fire', node, timer }),
    kill: (node) => world.kill(node),
    restart: (node) => world.restart(node),
    invoke: (client, operation, session) => void world.invoke(client, operation, { session }),
  }
}
