// The cluster freezes by itself while too much is queued, and thaws when there is room.
import { expect, test } from 'vitest'
import { BreakConditions } from '../../core'
import { ClusterClock } from './cluster-clock'
import type { Life } from './life'
import { Standstill } from './standstill'

interface Played { readonly standstill: Standstill; readonly told: string[]; readonly answer: () => void }

/** A view server and one replica, which answer when the test lets them. */
function play(): Played {
  const told: string[] = []
  const lives = new Map(['vs', 's1'].map((name) => [name, { name, isStarted: true, isPaused: false, exit: null, isFrozen: false, send: () => undefined } as unknown as Life]))
  let freeze = 0
  const standstill = new Standstill({
    nodes: ['vs', 's1'], clock: new ClusterClock(() => 0), latestSeq: () => 0, onThawed: () => undefined, conditions: new BreakConditions(() => undefined), lifeOf: (name) => lives.get(name),
    event: (event) => {
      if (event.type === 'frozen') told.push(`frozen: ${event.reason}`)
      if (event.type === 'thawed') told.push('thawed')
      freeze = Math.max(freeze, 'freeze' in event ? event.freeze : 0)
    },
  })
  return {
    standstill, told,
    // The number of a requested freeze is unknown until it holds, so both numbers are answered.
    answer: () => { for (const life of lives.values()) for (const number of [freeze, freeze + 1]) standstill.answered(life, number, '') },
  }
}

/** Resolves when the callbacks of settled promises have run. */
const settled = (): Promise<void> => new Promise((resolve) => { setImmediate(resolve) })

async function answered({ answer }: Played, times = 4): Promise<void> {
  for (let time = 0; time < times; time++) {
    await settled()
    answer()
  }
  await settled()
}

async function running(): Promise<Played> {
  const played = play()
  const run = played.standstill.run()
  await answered(played)
  await run
  return played
}

test('time stands while too much waits, nothing is handed over from then on, and it goes on when there is room', async () => {
  const played = await running()
  played.standstill.makeRoom('too much waits')
  expect(played.standstill.isHeldBack).toBe(true)
  await answered(played)
  expect(played.told).toEqual(['frozen: too much waits'])
  // The report repeats while the state lasts.
  played.standstill.makeRoom('too much waits')
  played.standstill.hasRoom()
  await answered(played)
  expect(played.told).toEqual(['frozen: too much waits', 'thawed'])
  expect([played.standstill.isHolding, played.standstill.isHeldBack]).toEqual([false, false])
})

test('room that comes before everybody stands lets time go on right after', async () => {
  const played = await running()
  played.standstill.makeRoom('too much waits')
  played.standstill.hasRoom()
  await answered(played, 8)
  expect(played.told).toEqual(['frozen: too much waits', 'thawed'])
})

test('a freeze by hand stays when there is room, and one that a person has thawed is not thawed again', async () => {
  const played = await running()
  const frozen = played.standstill.freeze()
  await answered(played)
  await frozen
  played.standstill.makeRoom('too much waits')
  played.standstill.hasRoom()
  await answered(played)
  expect(played.told).toEqual(['frozen: by hand'])
  const thawed = played.standstill.thaw()
  await answered(played)
  await thawed
  played.standstill.makeRoom('too much waits')
  await answered(played)
  const again = played.standstill.thaw()
  await answered(played)
  await again
  played.standstill.hasRoom()
  await answered(played)
  expect(played.told).toEqual(['frozen: by hand', 'thawed', 'frozen: too much waits', 'thawed'])
})

test('a branch of more freezes than a number has room for is refused before anybody is asked', async () => {
  await expect(play().standstill.beginFrozen(2 ** 32)).rejects.toThrow('a cluster counts to 4294967295')
})
