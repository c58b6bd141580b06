// `bench failover` and `bench failover-keys`: time from kill -9 of the primary to the first acknowledged write. One uses an empty store, compared
// with a minimal failover in plain Node. The other has 100,000 keys that the new backup must get first, compared with Redis Sentinel.
import { join } from 'node:path'
import type { Bench, BenchContext, Goal } from './bench'
import { fastSettings, measureFailover, type FailoverKill } from './failover'
import { killFloor } from './failover-floor'
import { hasProgram } from './machine-line'
import { killRedisPrimary } from './redis-sentinel'
import { spreadOf } from './spread'

const pings = { pingIntervalMs: fastSettings.pingIntervalMs, deadAfterMs: 60, checkIntervalMs: fastSettings.pingCheckIntervalMs }

/** Kills per round. One kill says little: its time between two pings alone varies the result by 20 ms. */
const killsOfRound = 10

const besideFloor: Goal = { name: 'failover, empty store: ours / floor of plain Node', better: 'lower', needed: 1.6, aim: 1.15 }
const ours: Goal = { name: 'failover, empty store', better: 'lower', needed: null, aim: null, unit: 'ms' }

export const failover: Bench = {
  name: 'failover', title: 'kill -9 of the primary to the first acknowledged write: pings 20 ms, dead after 60 ms, checks each 5 ms',
  rounds: 3, seconds: 1, goals: [besideFloor, ours],
  async run(context) {
    const kills: FailoverKill[] = []
    const floors: number[] = []
    let endWatch = context.watchForeignCores()
    await measureFailover({
      program: join(context.programs, 'measured-node.js'), kills: context.rounds * killsOfRound, keys: 0, settings: { ...fastSettings, retryMs: 5 },
      onKill: async (kill) => {
        kills.push(kill)
        floors.push(await killFloor(join(context.programs, 'failover-floor-node.js'), pings))
        if (kills.length < killsOfRound) return
        const foreignCores = endWatch()
        const round = kill.kill / killsOfRound
        const [ofOurs, ofFloor] = [spreadOf(kills.splice(0).map(({ ms, timeline }) => (context.round({ round, row: 'kill', ...timeline }), ms))), spreadOf(floors.splice(0))]
        if (!ofOurs || !ofFloor) return
        context.round({ round, row: 'ours, ms', ...ofOurs, foreignCores })
        context.round({ round, row: 'floor, ms', ...ofFloor, foreignCores })
        context.value(ours.name, ofOurs.median, foreignCores)
        context.value(besideFloor.name, ofOurs.median / ofFloor.median, foreignCores)
        endWatch = context.watchForeignCores()
      },
    })
    endWatch()
  },
}

const keys = 100_000
/** Measured on another machine in 8 trials, for where there is no Redis. */
const sentinelElsewhereMs = 1355
const besideSentinel: Goal = { name: 'failover with 100,000 keys: ours / Redis Sentinel, replicated', better: 'lower', needed: 0.2, aim: 0.14 }
const oursWithKeys: Goal = { name: 'failover with 100,000 keys', better: 'lower', needed: null, aim: null, unit: 'ms' }

export const failoverKeys: Bench = {
  name: 'failover-keys', title: 'the same with a new backup that is given 100,000 keys of 16 and 64 bytes before the first write is acknowledged',
  rounds: 3, seconds: 1, goals: [besideSentinel, oursWithKeys],
  async run(context) {
    const hasRedis = hasProgram('redis-server') && hasProgram('redis-sentinel')
    if (!hasRedis) context.absent('Redis Sentinel', `There is no redis-sentinel on the PATH: the ratio is to ${sentinelElsewhereMs} ms, its median on another machine.`)
    let endWatch = context.watchForeignCores()
    await measureFailover({
      program: join(context.programs, 'measured-node.js'), kills: context.rounds, keys, settings: { ...fastSettings, retryMs: 100 },
      onKill: async (kill) => {
        const round = kill.kill
        const theirs = hasRedis ? await sentinelRound(context, round) : sentinelElsewhereMs
        const foreignCores = endWatch()
        context.round({ round, row: 'ours', ms: kill.ms, ...kill.timeline, foreignCores })
        context.value(oursWithKeys.name, kill.ms, foreignCores)
        context.value(besideSentinel.name, kill.ms / theirs, foreignCores)
        endWatch = context.watchForeignCores()
      },
    })
    endWatch()
  },
}

async function sentinelRound(context: BenchContext, round: number): Promise<number> {
  const { setMs, replicatedMs } = await killRedisPrimary(context, round, keys)
  context.round({ round, row: 'Redis Sentinel', setMs, ms: replicatedMs })
  return replicatedMs
}
