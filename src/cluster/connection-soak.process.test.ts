// The connection soak for some seconds, with the servers' journals judged too. `npm run soak:connections` runs it for ten minutes.
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { connectionSoak } from './testing/connection-soak'
import { cli as program, runProgram } from '../system/testing/built'

const seconds = Number(process.env['UNDERSTUDY_SOAK_SECONDS'] ?? 10)
const seed = process.env['UNDERSTUDY_SOAK_SEEDS'] ?? '1'
/** Journals of a longer run are too large to merge in a test. */
const journalledSecondsMax = 60

test(`seed ${seed}: ${seconds} s of closed connections, kills and stops leave no operation of a client without a timer open, lose none and double none`, async () => {
  const folder = mkdtempSync(join(tmpdir(), 'understudy-soak-'))
  try {
    const journals = seconds <= journalledSecondsMax
    const result = await connectionSoak({ seed, seconds, program, folder, journals })
    console.log(JSON.stringify(result))
    expect(result.problems).toEqual([])
    // A run in which little happened proves little.
    const { operations, closedBefore, closedAfter, kills, stops } = result
    expect([operations > 10 * seconds, Math.min(closedBefore, closedAfter) > seconds / 2, kills + stops >= Math.floor(seconds / 10)]).toEqual([true, true, true])
    if (!journals) return
    const lab = (...words: string[]) => runProgram(process.execPath, [program, ...words])
    const merged = join(folder, 'merged.jsonl')
    expect(await lab('merge', ...['vs', 's1', 's2', 's3'].map((name) => join(folder, `${name}.journal`)), '--out', merged)).toMatchObject({ status: 0 })
    const conformance = await lab('conformance', merged, '--json')
    expect(JSON.parse(conformance.stdout)).toMatchObject({ conforms: true, difference: null })
    expect(await lab('check', merged)).toMatchObject({ status: 0 })
  } finally {
    rmSync(folder, { recursive: true, force: true })
  }
}, (seconds + 180) * 1000)
