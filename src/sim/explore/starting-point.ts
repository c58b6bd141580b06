// Where an exploration begins: a cluster that the world has brought up, standing still. The same plan gives the same world, so a counterexample
// is carried out in another one that was brought up alike.
import type { NodeState } from '../../protocol'
import type { TraceEvent } from '../../trace'
import { World } from '../world'
import type { StartingPoint } from './expander'
import { exploredSession } from './locals'
import { exploredKey, settingsToExplore, type ExplorePlan } from './plan'

/** Virtual time in which a healthy cluster gets its view and its backups. */
const readyLimitMs = 60_000

export function worldToExplore(plan: ExplorePlan, title: string, onEvent: (event: TraceEvent) => void): World {
  const world = new World({ title, seed: 'explore', replicas: plan.replicas, clients: plan.clients, settings: settingsToExplore(plan.settings), onEvent })
  if (plan.start === 'ready') {
    const isReady = (): boolean => {
      const viewServer = world.inspect('vs')
      if (viewServer.kind !== 'view-server' || !viewServer.isAcked || viewServer.current.viewnum === 0) return false
      const wanted = Math.min(plan.settings.backupsWanted, plan.replicas - 1)
      return viewServer.current.backups.length === wanted && viewServer.servers.length === plan.replicas && world.underWay.length === 0
    }
    if (!world.runUntil(isReady, readyLimitMs)) throw new Error('the cluster did not get ready to be explored')
    // Each client has read once, so that it knows the view.
    for (const { name, kind } of world.header.nodes) if (kind === 'client') world.invoke(name, { type: 'get', key: exploredKey }, { session: exploredSession })
    const isQuiet = (): boolean => isReady() && world.names.every((name) => isFree(world.inspect(name)))
    if (!world.runUntil(isQuiet, readyLimitMs)) throw new Error('the clients of the cluster to be explored got no answer')
  }
  world.freeze('to be explored')
  return world
}

export function startingPoint(plan: ExplorePlan): StartingPoint {
  const moment = worldToExplore(plan, 'explored', () => undefined).startingPoint()
  return { ...moment, settings: settingsToExplore(plan.settings), session: exploredSession }
}

function isFree(state: NodeState): boolean {
  return state.kind !== 'client' || state.sessions.every((session) => session.state === 'free')
}
