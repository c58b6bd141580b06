// Where an exploration begins: a world that is brought up and then frozen. The same plan gives the same world, so a counterexample can be
// performed in another one.
import type { NodeState } from '../../protocol'
import type { TraceEvent } from '../../trace'
import { World } from '../world'
import type { StartingPoint } from './expander'
import { exploredSession } from './locals'
import { exploredKey, settingsToExplore, type ExplorePlan } from './plan'

/** The virtual time within which a healthy cluster gets its view and its backups. */
const readyLimitMs = 60_000

export function worldToExplore(plan: ExplorePlan, title: string, onEvent: (event: TraceEvent) => void): World {
  const world = new World({ title, seed: 'explore', replicas: plan.replicas, clients: plan.clients, settings: settingsToExplore(plan.settings), onEvent })
  if (plan.start === 'ready') {
    const isReady = (): boolean => {
      const viewServer = world.inspect('vs')
      if (viewServer.kind !== 'view-server' || !viewServer.isAcked || viewServer.current.viewnum === 0) return false
      const wanted = Math.min(plan.settings.backupsWanted, plan.replicas - 1)
      return viewServer.current.backups.length === wanted && viewServer.servers.length === plan.replicas && world.inFlight.length === 0
    }
    if (!world.runUntil(isReady, readyLimitMs)) throw new Error('the cluster did not get ready to be explored')
    // Each client reads once, so that it knows the view.
    for (const { name, kind } of world.header.nodes) if (kind === 'client') world.invoke(name, { type: 'get', key: exploredKey }, { session: exploredSession })
    const isQuiet = (): boolean => isReady() && world.names.every((name) => isFree(world.inspect(name)))
    if (!world.runUntil(isQuiet, readyLimitMs)) throw new Error('the clients of the cluster to be explored got no answer')
  }
  world.freezeFor('to be explored')
  return world
}

export function startingPoint(plan: ExplorePlan): StartingPoint {
  const snapshot = worldToExplore(plan, 'explored', () => undefined).startingPoint()
  return { ...snapshot, settings: settingsToExplore(plan.settings), session: exploredSession }
}

function isFree(state: NodeState): boolean {
  return state.kind !== 'client' || state.sessions.every((session) => session.state === 'free')
}
