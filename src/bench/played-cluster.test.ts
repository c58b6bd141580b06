// A recording that is played as a live session: complete and in order. When it is stopped at any time, no file of it stays open.
import { mkdtempSync, readdirSync, readFileSync, readlinkSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { failoverRecording, recordingText } from '../sim/testing/random-recording'
import type { ClusterOptions } from '../lab'
import { playedClusters } from './played-cluster'

const sample = failoverRecording()
let folder: string
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'understudy-played-test-'))
  writeFileSync(join(folder, 'sample.jsonl'), recordingText(sample))
})
afterEach(() => { rmSync(folder, { recursive: true, force: true }) })

/** Files of the folder that this process has open. */
function openFiles(): string[] {
  return readdirSync('/proc/self/fd').flatMap((descriptor) => {
    try {
      return [readlinkSync(`/proc/self/fd/${descriptor}`)]
    } catch {
      return [] // The descriptor of the listing itself is closed already.
    }
  }).filter((path) => path.startsWith(folder))
}

test.runIf(process.platform === 'linux')('stopped before its end, in its middle and after it, leaves no file open and writes nothing more', async () => {
  for (const [name, rate, events] of [['first', 100, 1], ['middle', 20_000, 300], ['end', 1_000_000, sample.events.length]] as const) {
    const recordingPath = join(folder, `${name}.jsonl`)
    let told = 0
    let isThere = (): void => undefined
    const there = new Promise<void>((resolve) => { isThere = resolve })
    const onEvents: ClusterOptions['onEvents'] = ({ from, count }) => {
      expect(from).toBe(told + 1)
      told += count
      if (told >= events) isThere()
    }
    const cluster = await playedClusters(join(folder, 'sample.jsonl'), rate).startCluster({ recordingPath, onEvents, onRecording: () => undefined } as unknown as ClusterOptions)
    await there
    expect(openFiles()).toContain(recordingPath)
    await cluster.stop()
    expect(openFiles(), name).toEqual([])
    expect(readFileSync(recordingPath, 'utf8').trimEnd().split('\n').length - 1).toBe(told)
  }
})
