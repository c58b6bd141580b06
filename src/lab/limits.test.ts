import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { DiskRoom } from './disk-room'
import { Allowance, classLimits } from './limits'

let folder: string
let nowMs: number
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'limits-'))
  nowMs = 0
})
afterEach(() => rm(folder, { recursive: true }))

const allowance = (limits: Partial<typeof classLimits> = {}): Allowance => new Allowance({ ...classLimits, ...limits }, { recordings: folder, copies: join(folder, 'later') }, () => nowMs)

describe('a cluster', () => {
  it.each([
    ['of more processes than a lab may run', { pingIntervalMs: 100 }, 7, 'A cluster of 7 nodes runs 8 processes; a lab of this class may run 7.'],
    ['that pings too often', { pingIntervalMs: 19 }, 6, 'No interval of a lab of this class is shorter than 20 ms; pingIntervalMs is 19.'],
    ['that checks too often', { pingIntervalMs: 20, pingCheckIntervalMs: 1 }, 6, 'No interval of a lab of this class is shorter than 20 ms; pingCheckIntervalMs is 1.'],
    ['that sends again too often', { pingIntervalMs: 20, retryMs: 1 }, 6, 'No interval of a lab of this class is shorter than 20 ms; retryMs is 1.'],
  ])('%s is refused', (_what, settings, nodes, sentence) => {
    expect(() => allowance({ processesMax: 7 }).checkCluster(settings, nodes)).toThrow(sentence)
    allowance({ processesMax: 7 }).checkCluster({ pingIntervalMs: 20, pingCheckIntervalMs: 20, retryMs: 20 }, 6)
  })
})

describe('starts', () => {
  it('are refused when too many were within a minute, with the time that is left, and are there again when it has gone', () => {
    const labs = allowance({ startsPerMinute: 20 })
    labs.takeStarts(7)
    labs.takeStarts(7)
    expect(() => labs.takeStarts(7)).toThrow('A lab of this class may start 20 processes a minute; this may be done in 3 s.')
    labs.takeStarts(6)
    expect(() => labs.takeStarts(1)).toThrow('in 3 s.')
    nowMs += 21_000
    labs.takeStarts(7)
    expect(() => labs.takeStarts(1)).toThrow('in 3 s.')
  })

  it('that came to nothing are given back, and no more than that', async () => {
    const labs = allowance({ startsPerMinute: 20 })
    for (let count = 0; count < 10; count++) await expect(labs.starting(15, () => Promise.reject(new Error('refused')))).rejects.toThrow('refused')
    await labs.starting(15, () => Promise.resolve())
    await expect(labs.starting(15, () => Promise.resolve())).rejects.toThrow('may start 20 processes')
    const giveBack = labs.takeStarts(5)
    nowMs += 60_000
    giveBack()
    labs.takeStarts(20)
    expect(() => labs.takeStarts(1)).toThrow('20 processes')
  })
})

describe('the disk', () => {
  it('counts recordings and copies each for itself, also in a folder that is not there yet, and nothing that lies deeper', async () => {
    const labs = allowance({ diskMiBMax: 1 })
    expect([await labs.recordedBytes(), await labs.recordings.leftBytes(), await labs.copies.leftBytes()]).toEqual([0, 1024 * 1024, 1024 * 1024])
    await writeFile(join(folder, 'a'), Buffer.alloc(1024))
    await mkdir(join(folder, 'later'))
    await writeFile(join(folder, 'later', 'b'), Buffer.alloc(2048))
    expect([await labs.recordedBytes(), await labs.recordings.leftBytes(), await labs.copies.leftBytes()]).toEqual([1024, 1023 * 1024, 1022 * 1024])
    await writeFile(join(folder, 'a'), Buffer.alloc(2 * 1024 * 1024))
    expect(await labs.recordings.leftBytes()).toBe(0)
  })

  it('takes no copy that would be more than is left', async () => {
    const labs = allowance({ diskMiBMax: 2 })
    await mkdir(join(folder, 'later'))
    const room = (): DiskRoom => new DiskRoom(join(folder, 'later', 'copy'), { freeMiBMin: 0, room: labs.copies })
    await room().need(2 * 1024 * 1024)
    await expect(room().need(2 * 1024 * 1024 + 1)).rejects.toThrow('What a lab of this class opens and packs may hold 2 MiB in all.')
    await writeFile(join(folder, 'later', 'a'), Buffer.alloc(1024 * 1024))
    const growing = room()
    await growing.need(1024 * 1024)
    await writeFile(join(folder, 'later', 'copy'), Buffer.alloc(1024 * 1024))
    await expect(growing.need(1024 * 1024)).rejects.toThrow('2 MiB in all')
  })
})
