// Decides whether a server seemed silent because the machine had no time for its process, or for the switchboard between it and the view server.
// Pure. It must never explain by a stall what a kill, a pause or a cut link explains: the stall has to cover the silence.
import { viewServerName, type NodeName, type Settings } from '../protocol'
import type { EventOf } from './event'

export interface Stall {
  /** Empty for the switchboard. */
  readonly node: NodeName | ''
  readonly ms: number
  /** Cluster time at which it was over, in microseconds. */
  readonly until: number
}

/** A server that left a view because it missed its pings while its process ran. It lasts from its last ping to the change of the view. */
export interface Silence {
  readonly server: NodeName
  readonly since: number
  readonly until: number
  /** The stalls that overlap it: of the server itself, of the switchboard, of the view server. */
  readonly stalls: readonly Stall[]
}

/** The limit of stalls that are remembered, for a later silence and within one silence. */
const stallsMax = 16

export function stallOf({ node, ms, at }: EventOf<'stalled'>): Stall {
  return { node, ms, until: at }
}

/** With one more; above the limit the oldest is dropped. */
export function withStall(stalls: readonly Stall[], stall: Stall): readonly Stall[] {
  return [...stalls.slice(1 - stallsMax), stall]
}

export function isOf({ server, since, until }: Silence, stall: Stall): boolean {
  const isOnItsWay = stall.node === server || stall.node === '' || stall.node === viewServerName
  return isOnItsWay && stall.until > since && stall.until - stall.ms * 1000 < until
}

/** Milliseconds of this silence in which the machine stalled; 0 if the stalls do not explain the silence. */
export function stalledMs({ since, until, stalls }: Silence, { pingIntervalMs, pingCheckIntervalMs }: Settings): number {
  const parts = stalls.map((stall) => [Math.max(since, stall.until - stall.ms * 1000), Math.min(until, stall.until)] as const).sort(([one], [other]) => one - other)
  let covered = 0
  let reached = since
  for (const [from, to] of parts) {
    covered += Math.max(0, to - Math.max(from, reached))
    reached = Math.max(reached, to)
  }
  // No ping is due for one ping interval, and stalls below a check interval are not reported.
  const usual = (pingIntervalMs + pingCheckIntervalMs) * 1000
  const isExplained = covered >= pingCheckIntervalMs * 1000 && covered >= until - since - usual
  return isExplained ? Math.max(Math.round(covered / 1000), ...stalls.map(({ ms }) => ms)) : 0
}
