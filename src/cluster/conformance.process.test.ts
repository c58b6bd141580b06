// Recordings of real processes under all faults at once conform: three of them here, fifty with `npm run conformance:real`. Whether the cluster
// survives is tested by fault-soak. Here every recording is judged, including that of a failed run.
import { expect, test } from 'vitest'
import { judgeRecording, type JudgedRecording } from '../lab'
import { faultSoak } from './testing/fault-soak'

const recordings = Number(process.env['UNDERSTUDY_RECORDINGS'] ?? (process.env['UNDERSTUDY_LONG'] === '1' ? 3 : 1))
const seconds = 3
const faultsMin = 8

for (let seed = 1; seed <= recordings; seed++) {
  test(`recording ${seed}: ${faultsMin} faults and more, and all of it is what stepping again gives`, async () => {
    let judged: JudgedRecording | undefined
    const kinds = new Set<string>()
    const outcome = await faultSoak({
      seed: `conformance ${seed}`, seconds, faultsMin, mayGetStuck: seed % 10 === 0,
      onRecording: async (path) => {
        judged = await judgeRecording(path, { onEvent: ({ type }) => kinds.add(type) })
      },
    }).then(({ faults, problems }) => JSON.stringify({ faults, problems }), (error: Error) => error.message)
    console.log(`recording ${seed}: ${judged?.events} events, ${judged?.steps} steps, ${judged?.lives} lives; the run: ${outcome}`)
    expect(judged?.difference).toBeNull()
    expect(judged?.note).toBe('')
    // A recording in which little happened proves little.
    expect(judged?.steps).toBeGreaterThan(1000)
    expect([...kinds].filter((kind) => kind.startsWith('fault-')).length).toBeGreaterThan(0)
  })
}
