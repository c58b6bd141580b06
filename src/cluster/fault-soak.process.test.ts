// All faults at once, for a short time. `npm run soak:faults` takes seeds 1 to 3 for five minutes each, in runs of 30 s. One run of ten also draws
// kills that may leave the cluster stuck.
import { expect, test } from 'vitest'
import { createRandom } from '../network'
import { faultSoak } from './testing/fault-soak'

const seconds = Number(process.env['UNDERSTUDY_SOAK_SECONDS'] ?? 12)
const runs = Number(process.env['UNDERSTUDY_SOAK_RUNS'] ?? 1)
const seeds = (process.env['UNDERSTUDY_SOAK_SEEDS'] ?? '1').split(',')

for (const seed of seeds) {
  const stuckRun = runs < 10 ? -1 : createRandom(seed, 'which run may get stuck').below(10)
  for (let run = 0; run < runs; run++) {
    const mayGetStuck = run % 10 === stuckRun
    test(`seed ${seed}, run ${run + 1}: ${seconds} s of all faults${mayGetStuck ? ', also those that leave a cluster stuck,' : ''} lose no acknowledged append and double none`, async () => {
      const faultsMin = Math.min(30, Math.floor(2 * seconds))
      const acknowledgedMin = Math.floor(5000 * Math.min(1, seconds / 30))
      const result = await faultSoak({ seed: `${seed}.${run}`, seconds, mayGetStuck, ...mayGetStuck ? {} : { faultsMin, acknowledgedMin } })
      console.log(JSON.stringify(result))
      expect(result.problems).toEqual([])
      // A run in which little happened proves little.
      if (mayGetStuck) return
      expect(result.faults).toBeGreaterThanOrEqual(faultsMin)
      expect(result.acknowledged).toBeGreaterThanOrEqual(acknowledgedMin)
    }, (seconds + 180) * 1000)
  }
}
