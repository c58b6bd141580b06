// The thread of guard.ts: ends a program that its owner has waited for too long.
import { workerData } from 'node:worker_threads'
import { guardLooksMs, guardNow, guardPlaces } from './guard'

const shared = workerData as Int32Array

setInterval(() => {
  const pid = Atomics.load(shared, guardPlaces.pid)
  if (pid === 0 || guardNow() < Atomics.load(shared, guardPlaces.untilMs)) return
  // Its owner may just have got its answer, and then watches nothing any more.
  if (Atomics.compareExchange(shared, guardPlaces.pid, pid, 0) !== pid) return
  Atomics.store(shared, guardPlaces.struck, 1)
  try {
    process.kill(-pid, 'SIGKILL')
  } catch {
    // It has ended.
  }
}, guardLooksMs)
