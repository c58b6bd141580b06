// The other end of worker-pool.ts: a thread that works out one job after the other for its parent, and ends with it.
import { parentPort } from 'node:worker_threads'
import { work, type Job } from './jobs'

parentPort?.on('message', (job: Job) => {
  parentPort?.postMessage(work(job, () => performance.now()))
})
