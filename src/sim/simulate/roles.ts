// Resolves the words of a plan during a run: which node has a role, whether a moment has come, whether the cluster would survive a fault. Also
// whether the copies are equal. It must never change the world.
import type { Fault, Where } from '../../network'
import { noView, viewServerName, type Member, type NodeName, type ReplicaState, type View, type ViewServerState } from '../../protocol'
import { copyDifference, copyOfReplica, currentView, toldCopyOf, type ClusterState, type ToldCopy } from '../../trace'
import type { World } from '../world'
import type { FaultAct, NodeWord, WaitsFor } from './plan'

export class Roles {
  readonly #world: World
  /** What the events have shown; null if every node is ours, and its state can be read. */
  readonly #seen: ClusterState | null

  constructor(world: World, seen: ClusterState | null) {
    this.#world = world
    this.#seen = seen
  }

  /** Whether the view server says so when the cluster is stuck. */
  get tellsStuck(): boolean {
    return this.#seen?.inferred.tellsStuck(viewServerName) ?? true
  }

  isProgram(name: NodeName): boolean {
    return (this.#seen?.nodes.get(name)?.program ?? null) !== null
  }

  /** Whether the cluster would survive the fault: it hits no member, or an acked view keeps a live member even if all other members are lost. */
  leavesAWayOn(act: FaultAct): boolean {
    if (act.type !== 'kill' && act.type !== 'restart' && act.type !== 'restart-with-echoes') return true
    const { current, isAcked, servers } = this.viewServer
    const node = this.nodeOf(act.node)
    const members = [current.primary, ...current.backups].flatMap((member) => member ? [member] : [])
    const isWell = ({ name, incarnation }: Member): boolean => this.isAlive(name, incarnation) && !this.#world.isPaused(name)
      && this.#world.transit.reaches(name, viewServerName)
      && (servers === null || servers.some((server) => server.name === name && server.incarnation === incarnation && !server.dead && server.missed === 0))
    if (node === viewServerName) return isAcked && members.every(isWell)
    if (!members.some(({ name }) => name === node)) return true
    if (isAcked) return current.backups.length > 0 && members.every(isWell)
    // A backup that restarts at once can still be initialised, if the primary is well.
    return act.type !== 'kill' && node !== current.primary?.name && current.primary !== null && isWell(current.primary)
  }

  /** Whether this incarnation of the node is alive. */
  isAlive(name: NodeName, incarnation: number): boolean {
    return this.#world.isUp(name) && this.#world.incarnationOf(name) === incarnation
  }

  /** Whether the moment that a fault waits for is now. */
  isNow({ moment }: WaitsFor): boolean {
    const { current, isAcked } = this.viewServer
    if (!current.primary || current.backups.length === 0) return false
    switch (moment) {
      case 'transfer': return !isAcked
      case 'in-flight': return this.#world.held(current.primary.name)?.isIdle === false
    }
  }

  /** Whether the members of the view hold the same: store, table in its order, and the number of the last operation. */
  copiesAreEqual(): boolean {
    const { current } = this.viewServer
    const members = [current.primary, ...current.backups].flatMap((member) => member ? [member.name] : [])
    if (members.some((name) => !this.#world.isUp(name))) return members.every((name) => !this.#world.isUp(name))
    const [first, ...others] = members.map((name) => this.#held(name))
    // What a program does not tell differs from nothing.
    return others.every((held) => !first || !held || (copyDifference(first, held) ?? '') === '')
  }

  #held(name: NodeName): ToldCopy | null {
    if (this.isProgram(name)) return toldCopyOf(this.#seen?.nodes.get(name)?.program?.state ?? null)
    return copyOfReplica(this.#world.inspect(name) as ReplicaState)
  }

  /** What the view server has decided. `servers`: what it knows of them; null for a program, which does not say. */
  get viewServer(): Pick<ViewServerState, 'isAcked'> & { readonly current: View; readonly servers: ViewServerState['servers'] | null } {
    if (this.#seen && this.isProgram(viewServerName)) {
      const view = currentView(this.#seen)
      return { current: view?.view ?? noView, isAcked: view !== undefined && view.ackedAt >= 0, servers: null }
    }
    const state = this.#world.inspect(viewServerName)
    if (state.kind !== 'view-server') throw new Error('the view server is none')
    return state
  }

  /** Null: no node has that role now, or there is no such node. */
  nodeOf(word: NodeWord): NodeName | null {
    if (word === 'primary') return this.viewServer.current.primary?.name ?? null
    if (word === 'backup') return this.viewServer.current.backups[0]?.name ?? null
    return this.#world.names.includes(word) ? word : null
  }

  /** The fault with names instead of roles; null if a node does not exist. */
  faultOf(fault: Fault): Fault | null {
    const all = (words: readonly NodeWord[]): NodeName[] => [...new Set(words.map((word) => this.nodeOf(word) ?? ''))]
    const where: Where = { ...fault.where, from: all(fault.where.from), to: all(fault.where.to) }
    const { effect } = fault
    const named = effect.type === 'isolate' ? { ...effect, nodes: all(effect.nodes) } : effect.type === 'partition' ? { ...effect, groups: effect.groups.map((group) => all(group).filter((name) => name !== '')) } : effect
    const names = [...where.from, ...where.to, ...named.type === 'isolate' ? named.nodes : []]
    return names.includes('') ? null : { ...fault, where, effect: named }
  }
}
