// The worker thread of worker-pool.ts: it computes one job after another for its parent, and ends with it.
import { parentPort, workerData } from 'node:worker_threads'
import { drawnPrograms, type SimulatedPrograms } from '../programs/simulated-programs'
import { work, type Job } from './jobs'

const programs = workerData ? drawnPrograms(workerData as SimulatedPrograms) : undefined

parentPort?.on('message', (job: Job) => {
  parentPort?.postMessage(work(job, () => performance.now(), programs))
})
