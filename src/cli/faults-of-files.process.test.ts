// Faults of files: every command that takes a recording reports the same sentence with status 2. No command reads anything but a regular file.
// Irrelevant differences (a byte order mark, blank lines at the end, compression) change no output.
import { execFileSync } from 'node:child_process'
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { gzipSync } from 'node:zlib'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { failoverRecording, recordingText } from '../sim/testing/random-recording'
import { runCli } from '../system/testing/built'

const text = recordingText(failoverRecording())
const [header = '', ...lines] = text.trimEnd().split('\n')

let folder: string
let good: string
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'understudy-faults-test-'))
  good = place('good.jsonl', text)
  mkdirSync(join(folder, 'folder'))
  execFileSync('mkfifo', [join(folder, 'pipe')])
})
afterAll(() => { rmSync(folder, { recursive: true, force: true }) })

function place(name: string, bytes: string | Buffer): string {
  const path = join(folder, name)
  writeFileSync(path, bytes)
  return path
}

interface Ended { readonly status: number | null; readonly stdout: string; readonly stderr: string }

function lab(...args: string[]): Ended {
  return runCli([...args], { cwd: folder })
}

const commands: readonly (readonly [name: string, words: (path: string) => string[]])[] = [
  ['check', (path) => ['check', path]], ['check --json', (path) => ['check', '--json', path]], ['conformance', (path) => ['conformance', path]],
  ['compare, the first', (path) => ['compare', path, good]], ['compare, the second', (path) => ['compare', good, path]],
  ['export', (path) => ['export', path, '--format', 'csv']], ['rerun', (path) => ['rerun', path]],
]

const packed = gzipSync(text)
const damaged = Buffer.from(packed)
damaged.fill(0xff, packed.length >> 1, (packed.length >> 1) + 40)
const nested = lines[0]?.replace('"seed":"', '"seed":{"x":"').replace(/}$/, '}}') ?? ''

const faults: readonly (readonly [name: string, path: () => string, sentence: string])[] = [
  ['no file', () => join(folder, 'none'), ' cannot be read: no such file.'], ['a folder', () => join(folder, 'folder'), ' is a folder, not a recording.'],
  ['a device without an end', () => '/dev/zero', ' is a device, not a recording.'], ['a pipe', () => join(folder, 'pipe'), ' is a pipe, not a recording.'],
  ['an empty file', () => place('fault', ''), ': This file is empty.'], ['another file', () => place('fault', 'dear diary\n'), ': This file is not an Understudy recording.'],
  ['no text', () => place('fault', Buffer.from([0xff, 0xfe, 10])), ': This file holds bytes that are not UTF-8 text, which no recording does.'],
  ['a damaged packed file', () => place('fault', damaged), ': The compressed file is damaged.'],
  ['two recordings', () => place('fault', Buffer.concat([packed, packed])), `: Line ${lines.length + 2} begins another recording: this file holds more than one.`],
  ['a blank line in the middle', () => place('fault', `${header}\n\n${lines.join('\n')}\n`), ': Line 2 is blank, and line 3 is not.'],
  ['a damaged part', () => place('fault', `${header}\n${nested}\n`), ': Line 2 is a node-started event whose seed is missing or of the wrong kind.'],
]

describe.each(commands)('%s', (_name, words) => {
  it.each(faults)('of %s: the sentence, status 2, nothing on standard output', (_fault, path, sentence) => {
    const named = path()
    expect(lab(...words(named))).toEqual({ status: 2, stdout: '', stderr: `${named}${sentence}\n` })
  })

  it('says of a recording what it says, however it is packed, with a byte order mark, and with blank lines at its end', () => {
    const said = ({ status, stdout, stderr }: Ended): string => `${status} ${stdout} ${stderr}`.replaceAll(/"?seconds"?:?[^,}]*|\d+\.\d\d s\./g, '')
    const plain = said(lab(...words(place('same', text))))
    for (const bytes of [`\ufeff${text}\n \n`, Buffer.concat([gzipSync(text.slice(0, 5000)), gzipSync(text.slice(5000)), gzipSync('\n\n')])]) {
      expect(said(lab(...words(place('same', bytes))))).toBe(plain)
    }
  })
})

describe('what takes other files', () => {
  it.each([
    ['check --history', ['check', '--history'], 'a history'], ['import', ['import', '--out', 'out.jsonl'], 'a history'], ['run', ['run'], 'a scenario'],
    ['merge', ['merge', '--out', 'out.jsonl'], 'a journal'],
  ])('%s reads no device and no pipe', (_name, words, wanted) => {
    for (const [path, kind] of [['/dev/zero', 'a device'], ['pipe', 'a pipe']] as const) {
      const { status, stdout, stderr } = lab(...words, path)
      expect([status, stdout]).toEqual([2, ''])
      expect(stderr).toMatch(new RegExp(`${path} is ${kind}, not ${wanted}\\.\\n$`))
    }
  })

  it('a history of 100 000 marks that discard, or of as many brackets, is refused with one sentence', () => {
    for (const bad of ['#_'.repeat(100_000), '['.repeat(100_000), '{:a '.repeat(100_000), '#a '.repeat(100_000), '^'.repeat(100_000), `{"a":${'['.repeat(100_000)}`]) {
      const { status, stdout, stderr } = lab('check', '--history', place('deep.edn', bad))
      expect([status, stdout]).toEqual([2, ''])
      expect(stderr).toMatch(/^\S+deep\.edn: Line 1, column \d+: This is nested deeper than 64\.\n$/)
    }
  })
})

describe('text of others', () => {
  const evil = '\u001b[2J\u009b31m\u202e'
  const controls = /[\u0000-\u0009\u000b-\u001f\u007f-\u009f\u202a-\u202e]/

  it('in names, values and paths does not reach the terminal', () => {
    const value = lines.map((line) => line.replace('"stderr":""', `"stderr":${JSON.stringify(evil)}`).replaceAll('"label":"person"', `"label":${JSON.stringify(evil)}`))
    const changed = value.map((line, index) => index === 40 ? line.replace('"type"', '"type"') : line)
    const path = place(`evil${evil}.jsonl`, [header.replace('"seed":"failover"', `"seed":${JSON.stringify(evil)}`), ...changed, ''].join('\n'))
    for (const [, words] of commands) {
      const { stdout, stderr } = lab(...words(path))
      expect(`${words(path)[0] === 'export' ? '' : stdout}${stderr}`).not.toMatch(controls)
    }
    const scenario = place('evil.yaml', 'title: "\\e[2Jx\\x9b31m"\non: [simulator]\nsteps:\n  - expect: { views: { atLeast: 99 } }\n')
    for (const words of [['run', scenario], ['run', `none${evil}`], ['check', `none${evil}`], ['merge', `none${evil}`, '--out', 'x'], ['export', good, '--format', `x${evil}`]]) {
      const { stdout, stderr } = lab(...words)
      expect(`${stdout}${stderr}`).not.toMatch(controls)
      expect(`${stdout}${stderr}`).not.toBe('')
    }
  })
})
