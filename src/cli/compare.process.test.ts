// `compare` as a person uses it: the built program, its exit status, and its output for equal, different and invalid files.
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { gzipSync } from 'node:zlib'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { failoverRecording, randomRecording, recordingText } from '../sim/testing/random-recording'
import { counted } from '../trace'
import { runCli } from '../system/testing/built'

const sample = failoverRecording()
const text = recordingText(sample)
const events = counted(sample.events.length, 'event')
const forward = sample.events.find((event) => event.type === 'message-sent' && event.message.type === 'forward')

let folder: string
let recording: string
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'understudy-compare-test-'))
  recording = place('one.jsonl', text)
})
afterEach(() => { rmSync(folder, { recursive: true, force: true }) })

function place(name: string, content: string | Uint8Array): string {
  writeFileSync(join(folder, name), content)
  return join(folder, name)
}

function compare(...args: string[]): { status: number | null; stdout: string; stderr: string } {
  return runCli(['compare', ...args])
}

describe('compare', () => {
  it('alike: status 0, and how many events; packed or not', () => {
    const packed = place('two.jsonl.gz', gzipSync(text))
    expect(compare(recording, packed, '--heartbeats')).toMatchObject({ status: 0, stdout: `${recording} and ${packed} are alike: ${events}.\n` })
  })

  it('one changed value: status 1, the lane, and both events from there on', () => {
    const seq = forward?.seq ?? 0
    const other = place('other.jsonl', text.replace(new RegExp(`("seq":${seq},.*"message":\\{"type":"forward",.*?"seq":)\\d+`), '$1777'))
    const { status, stdout } = compare(recording, other, '--rows', '1')
    expect(status).toBe(1)
    expect(stdout).toContain(`s1: from #${seq} and from #${seq}\n`)
    expect(stdout).toMatch(new RegExp(`\n< #${seq} .* s1 forward sent to s2 seq \\d+ .*\n> #${seq} .* s1 forward sent to s2 seq 777 `))
  })

  it('two runs: what they were made with, what is only in one, as text and as JSON', () => {
    const other = place('random.jsonl', recordingText(randomRecording('compare-cli')))
    const { status, stdout } = compare(recording, other)
    expect(status).toBe(1)
    expect(stdout).toContain('They were made with different seed: failover and compare-cli.')
    const { lanes, counts, rows, alike } = JSON.parse(compare(recording, other, '--json').stdout) as { alike: boolean; lanes: unknown[]; counts: Record<string, number>; rows: unknown[] }
    expect([alike, lanes.length > 0, rows.length > 0]).toEqual([false, true, true])
    expect(counts).toHaveProperty(['only-second'])
  })

  it('a torn file is compared and it is said; no recording, no file and no number are status 2 with one sentence', () => {
    const torn = place('torn.jsonl', text.slice(0, 200_000))
    expect(compare(recording, torn)).toMatchObject({ status: 1, stdout: expect.stringContaining(`${torn}: The last line was cut off;`) as string })
    const foreign = place('foreign.jsonl', 'no\n')
    expect(compare(recording, foreign)).toEqual({ status: 2, stdout: '', stderr: `${foreign}: This file is not an Understudy recording.\n` })
    expect(compare(recording, join(folder, 'none'))).toMatchObject({ status: 2, stdout: '', stderr: `${join(folder, 'none')} cannot be read: no such file.\n` })
    expect(compare(recording, recording, '--rows', 'x').status).toBe(2)
  })
})
