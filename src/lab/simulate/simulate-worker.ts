// The worker thread of worker-pool.ts: it computes one job after another for its parent, and ends with it.
import { parentPort } from 'node:worker_threads'
import { work, type Job } from './jobs'

parentPort?.on('message', (job: Job) => {
  parentPort?.postMessage(work(job, () => performance.now()))
})
