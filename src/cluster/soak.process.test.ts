// The soak with one seed; `npm run soak` runs five. UNDERSTUDY_SOAK_SECONDS and UNDERSTUDY_SOAK_SEEDS change that.
import { expect, test } from 'vitest'
import { soak } from './testing/soak'

const seconds = Number(process.env['UNDERSTUDY_SOAK_SECONDS'] ?? (process.env['UNDERSTUDY_LONG'] === '1' ? 60 : 15))
const seeds = (process.env['UNDERSTUDY_SOAK_SEEDS'] ?? '1').split(',')

for (const seed of seeds) {
  test(`seed ${seed}: ${seconds} s of random kills, pauses and restarts lose no acknowledged append and double none`, async () => {
    const faultsMin = Math.floor(40 * seconds / 60)
    const result = await soak({ seed, seconds, faultsMin })
    console.log(JSON.stringify(result))
    expect(result.problems).toEqual([])
    // A run in which little happened proves little.
    expect(result.faults).toBeGreaterThanOrEqual(faultsMin)
    expect(result.acknowledged).toBeGreaterThanOrEqual(Math.floor(5000 * seconds / 60))
  }, (seconds + 180) * 1000)
}
