// `export` as a person uses it: the built program, its exit status, its output, and what remains after a failed write.
import { spawnSync } from 'node:child_process'
import { chmodSync, existsSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { gzipSync } from 'node:zlib'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { exporters, exportFormats, exportPieces } from '../export'
import { failoverRecording, recordingText } from '../sim/testing/random-recording'
import { counted, grouped } from '../trace'
import { cli, hangsMs, root, runCli } from '../system/testing/built'

const sample = failoverRecording()
const text = recordingText(sample)
const events = counted(sample.events.length, 'event')

let folder: string
let recording: string
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'understudy-export-test-'))
  recording = join(folder, 'failover.jsonl')
  writeFileSync(recording, text)
})
afterEach(() => { rmSync(folder, { recursive: true, force: true }) })

interface Ran { readonly status: number | null; readonly stdout: string; readonly stderr: string }

function lab(...args: string[]): Ran {
  return runCli(['export', ...args])
}

const left = (): string[] => readdirSync(folder).filter((name) => name !== 'failover.jsonl')

describe('export', () => {
  it('every format is on standard output what the exporter gives, and in --out the same', () => {
    for (const format of exportFormats) {
      const expected = [...exportPieces(exporters[format], sample.header, sample.events)].join('')
      const out = join(folder, `export${exporters[format].extension}`)
      const [shown, written] = [lab(recording, '--format', format), lab(recording, '--format', format, '--out', out)]
      expect([shown.status, written.status, written.stdout], format).toEqual([0, 0, ''])
      expect(shown.stdout === expected && readFileSync(out, 'utf8') === expected, format).toBe(true)
      expect(written.stderr).toMatch(/^[^:]+: \d[^.]+, of /m)
      expect(written.stderr).toContain(`, of ${events} in ${out}.`)
      expect(written.stderr.split('\n').some((line) => line.startsWith(`${exporters[format].title}: `))).toBe(true)
    }
    expect(left().filter((name) => name.includes('.part'))).toEqual([])
  })

  it('a range, and a gzip file', () => {
    const packed = join(folder, 'packed.jsonl.gz')
    writeFileSync(packed, gzipSync(text))
    const expected = [...exportPieces(exporters.mermaid, sample.header, sample.events, { from: 900, to: 1200 })].join('')
    expect(lab(packed, '--format', 'mermaid', '--from', '900', '--to', '1200')).toMatchObject({ status: 0, stdout: expected })
  })

  it('a torn recording is exported and it is said, in the file and beside it', () => {
    const torn = text.slice(0, 200_000)
    writeFileSync(recording, torn)
    const whole = grouped(torn.split('\n').length - 2)
    const { status, stdout, stderr } = lab(recording, '--format', 'mermaid')
    expect(status).toBe(0)
    expect(stderr).toContain(`The last line was cut off; ${whole} events are whole.`)
    expect(stdout).toContain('The last line was cut off')
  })

  const refusals: readonly (readonly [what: string, args: () => string[], sentence: () => string])[] = [
    ['an unknown format', () => [recording, '--format', 'pdf'], () => `There is no export format "pdf"; there are ${exportFormats.join(', ')}.`],
    ['a recording that is not there', () => [join(folder, 'no'), '--format', 'csv'], () => `${join(folder, 'no')} cannot be read: no such file.`],
    ['a folder', () => [folder, '--format', 'csv'], () => `${folder} is a folder, not a recording.`],
    ['a foreign file', () => [join(root, 'package.json'), '--format', 'csv'], () => `${join(root, 'package.json')}: This file is not an Understudy recording.`],
    ['a range that ends before it begins', () => [recording, '--format', 'csv', '--from', '9', '--to', '3'], () => '--from 9 is after --to 3.'],
    ['a range after the last event', () => [recording, '--format', 'csv', '--from', '9999'], () => `${recording} has ${events}; --from 9999 is after the last.`],
    ['a number that is none', () => [recording, '--format', 'csv', '--from', 'x'], () => '--from must be a whole number from 1 to 9007199254740991, not "x".'],
    ['a place whose folder is missing', () => [recording, '--format', 'csv', '--out', join(folder, 'no/x.csv')], () => `${join(folder, 'no/x.csv')} cannot be written: there is no folder ${join(folder, 'no')}.`],
    ['a place that is a folder', () => [recording, '--format', 'csv', '--out', folder], () => `${folder} cannot be written: it is a folder.`],
    ['a place that is no regular file', () => [recording, '--format', 'csv', '--out', '/dev/null'], () => '/dev/null cannot be written: it is no regular file.'],
    ['the recording itself', () => [recording, '--format', 'csv', '--out', recording], () => `${recording} is the recording itself; choose another --out.`],
  ]
  for (const [what, args, sentence] of refusals) {
    it(`${what}: one sentence, status 2, nothing left`, () => {
      expect(lab(...args())).toEqual({ status: 2, stdout: '', stderr: `${sentence()}\n` })
      expect(left()).toEqual([])
      expect(readFileSync(recording, 'utf8') === text).toBe(true)
    })
  }

  it('a recording that is broken in its middle leaves an earlier export as it was', () => {
    const out = join(folder, 'out.csv')
    writeFileSync(out, 'earlier')
    const lines = text.split('\n')
    writeFileSync(recording, [...lines.slice(0, 800), 'garbage', ...lines.slice(801)].join('\n'))
    expect(lab(recording, '--format', 'csv', '--out', out)).toEqual({ status: 2, stdout: '', stderr: `${recording}: Line 801 is not JSON.\n` })
    expect([left(), readFileSync(out, 'utf8')]).toEqual([['out.csv'], 'earlier'])
  })

  it('a recording reached by a link is still the recording', () => {
    const link = join(folder, 'link.jsonl')
    symlinkSync(recording, link)
    expect(lab(recording, '--format', 'csv', '--out', link).status).toBe(2)
    expect(readFileSync(recording, 'utf8') === text).toBe(true)
  })

  it.skipIf(process.getuid?.() === 0)('a place that may not be written: one sentence, nothing left', () => {
    const closed = join(folder, 'closed')
    mkdirSync(closed)
    chmodSync(closed, 0o500)
    expect(lab(recording, '--format', 'csv', '--out', join(closed, 'x.csv'))).toMatchObject({ status: 2, stderr: `${join(closed, 'x.csv')} cannot be written: permission is denied.\n` })
    expect(existsSync(join(closed, 'x.csv'))).toBe(false)
  })

  it('whoever closes standard output early has what they wanted: no complaint', () => {
    const { status, stderr } = spawnSync('sh', ['-c', `"${process.execPath}" "${cli}" export "${recording}" --format shiviz | head -c 10; true`], { encoding: 'utf8', timeout: hangsMs, killSignal: 'SIGKILL' })
    expect([status, stderr.includes('Error')]).toEqual([0, false])
  })
})
