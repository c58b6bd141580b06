// The pool with fake worker programs: order, early end, and dying threads.
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { pathToFileURL } from 'node:url'
import { afterEach, beforeEach, expect, it } from 'vitest'
import type { Answer, Job } from './jobs'
import { runJobs } from './worker-pool'

let folder: string
beforeEach(() => { folder = mkdtempSync(join(tmpdir(), 'understudy-pool-test-')) })
afterEach(() => { rmSync(folder, { recursive: true, force: true }) })

/** A worker that answers each job with a seed that identifies the job; `before` runs first. */
function program(before: string): URL {
  const path = join(folder, 'worker.mjs')
  writeFileSync(path, `
    import { existsSync, writeFileSync } from 'node:fs'
    import { parentPort } from 'node:worker_threads'
    parentPort.on('message', (job) => {
      const mark = ${JSON.stringify(folder)} + '/job-' + job.from
      ${before}
      parentPort.postMessage({ type: 'seeds', results: [{ seed: job.from }] })
    })
  `)
  return pathToFileURL(path)
}

const jobs = (count: number): Job[] => Array.from({ length: count }, (_, index) => ({ type: 'seeds', from: index, to: index, stopAtFirst: false, look: { draw: { mutants: [] }, only: null } }))
const seedOf = (answer: Answer): number => answer.type === 'seeds' ? answer.results[0]?.seed ?? -1 : -1

/** In the order of the answers. */
async function answersOf(worker: URL, count: number, workers: number, goesOn: (seed: number) => boolean = () => true): Promise<number[]> {
  const seeds: number[] = []
  await runJobs(jobs(count), { program: worker, workers, onAnswer: (answer, index) => {
    expect(seedOf(answer)).toBe(index)
    seeds.push(index)
    return goesOn(index)
  } })
  return seeds
}

async function seedsOf(worker: URL, count: number, workers: number): Promise<number[]> {
  return (await answersOf(worker, count, workers)).sort((one, other) => one - other)
}

it('every job is answered once, whatever the number of threads', async () => {
  const worker = program('')
  expect(await seedsOf(worker, 7, 1)).toEqual([0, 1, 2, 3, 4, 5, 6])
  expect(await seedsOf(worker, 7, 3)).toEqual([0, 1, 2, 3, 4, 5, 6])
  expect(await seedsOf(worker, 0, 3)).toEqual([])
})

it('after the last one that is wanted none is begun, and those before it are all answered', async () => {
  // Independent of that thread's speed: only jobs that the other thread started before the answer may still finish.
  for (const slow of ['', 'if (job.from === 5) for (const until = Date.now() + 50; Date.now() < until;);']) {
    const answers = await answersOf(program(slow), 500, 2, (seed) => seed !== 5)
    expect(answers).toEqual(expect.arrayContaining([0, 1, 2, 3, 4, 5]))
    expect(answers.length - 1 - answers.indexOf(5)).toBeLessThanOrEqual(1)
  }
})

it('a job whose thread dies is done by another', async () => {
  const worker = program('if (job.from % 3 === 0 && !existsSync(mark)) { writeFileSync(mark, ""); process.exit(1) }')
  expect(await seedsOf(worker, 7, 2)).toEqual([0, 1, 2, 3, 4, 5, 6])
})

it('a job at which every thread dies ends it with a sentence', async () => {
  const worker = program('if (job.from === 3) throw new Error("the node stopped")')
  await expect(seedsOf(worker, 7, 2)).rejects.toThrow('A part of the simulation could not be worked out: the node stopped.')
})
