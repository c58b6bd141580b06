// `check --history` and `import` with other tools' histories and with invalid ones: status, sentence, and never a stack trace.
import { existsSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { runCli } from '../system/testing/built'

let folder: string
beforeEach(() => { folder = mkdtempSync(join(tmpdir(), 'understudy-history-test-')) })
afterEach(() => { rmSync(folder, { recursive: true, force: true }) })

function lab(...args: string[]): { status: number | null; stdout: string; stderr: string } {
  return runCli([...args])
}

function file(content: string | Uint8Array, name = 'history.edn'): string {
  const path = join(folder, name)
  writeFileSync(path, content)
  return path
}

const check = (content: string | Uint8Array, ...flags: string[]): ReturnType<typeof lab> & { path: string } => {
  const path = file(content)
  return { path, ...lab('check', '--history', path, ...flags) }
}

/** Operations of successive clients: [f, invoked value, and the value of :ok, or :fail or :info]. */
function serial(...operations: readonly (readonly [f: string, invoked: string, ended: string])[]): string {
  return operations.flatMap(([f, invoked, ended], process) => [
    `{:process ${process}, :type :invoke, :f :${f}, :value ${invoked}}`,
    /^:(fail|info)$/.test(ended) ? `{:process ${process}, :type ${ended}, :f :${f}, :value ${invoked}}` : `{:process ${process}, :type :ok, :f :${f}, :value ${ended}}`,
  ]).join('\n')
}

describe('check --history', () => {
  it('a missing key that reads as an empty value: told from the reads and said, or said with --missing', () => {
    const text = serial(['get', '["x" nil]', '["x" ""]'], ['append', '["x" "a"]', '["x" "a"]'], ['get', '["x" nil]', '["x" "a"]'])
    const told = check(text)
    expect(told).toMatchObject({ status: 0, stderr: '', stdout: `${told.path}: linearizable (3 operations, 1 key).\n  A missing key is taken to read as an empty value, as the read of line 1 gave one that nobody had written, and no read gave nil (--missing nil takes it the other way).\n` })
    expect(check(text, '--missing', 'empty')).toMatchObject({ status: 0 })
    expect(check(text, '--missing', 'nil')).toMatchObject({ status: 1, stdout: expect.stringContaining('returned an empty value, which no operation had written.') as string })
    expect(JSON.parse(check(text, '--json').stdout)).toMatchObject({ verdict: 'linearizable', operations: 3, assumed: [expect.stringContaining('line 1') as string] })
    const lost = serial(['get', '["x" nil]', '["x" ""]'], ['append', '["x" "a"]', '["x" "a"]'], ['get', '["x" nil]', '["x" ""]'])
    expect(check(lost)).toMatchObject({ status: 1, stdout: expect.stringContaining('but the append of a was acknowledged to process 1 before it began. It began in line 5; 2 operations can be put in order before it.') as string })
    expect(check(text, '--missing', 'none')).toMatchObject({ status: 2, stdout: '', stderr: '--missing is nil, empty or any, not "none".\n' })
  })

  it('a register that begins with a value', () => {
    const text = serial(['read', 'nil', '0'], ['cas', '[0 1]', '[0 1]'], ['read', 'nil', '1'])
    expect(check(text)).toMatchObject({ status: 1, stdout: expect.stringMatching(/returned 0, which no operation had written\. .* If the key held that at the beginning, say so with --initial\.\n$/) as string })
    expect(check(serial(['write', '1', '1'], ['read', 'nil', '0'])).stdout).not.toContain('--initial')
    expect(check(text, '--initial', '0')).toMatchObject({ status: 0, stdout: expect.stringContaining('Every key begins with 0 (--initial).') as string })
    expect(check(serial(['read', 'nil', 'nil']), '--initial', '0')).toMatchObject({ status: 1, stdout: expect.stringContaining('found no value, but the key began with 0.') as string })
    expect(check(text, '--initial', '(')).toMatchObject({ status: 2, stderr: '--initial takes one value of EDN, like 0 or \'"a"\', not "(".\n' })
    expect(check(serial(['write', '1', '1'], ['read', 'nil', 'nil']))).toMatchObject({ status: 1 })
    expect(check(serial(['write', '1', '1'], ['read', 'nil', 'nil']), '--missing', 'any')).toMatchObject({ status: 0, stdout: expect.stringContaining('A read of nil says nothing') as string })
  })

  it('nothing to judge: status 2, never green, in words and as JSON, of a recording too', () => {
    const of: readonly (readonly [string, string])[] = [
      ['', 'there is no operation of a client.'], ['[]', 'there is no operation of a client.'],
      ['{:process :nemesis, :type :info, :f :kill}', 'there is no operation of a client, and 1 entry of other processes.'],
      [serial(['write', '1', ':fail'], ['read', 'nil', ':fail']), 'no operation of a client returned with a result (2 failed, 0 ended unknown or not at all).'],
      [serial(['write', '1', ':info']), 'no operation of a client returned with a result (0 failed, 1 ended unknown or not at all).'],
      ['{:process 0, :type :invoke, :f :read}', 'no operation of a client returned with a result (0 failed, 1 ended unknown or not at all).'],
    ]
    for (const [text, why] of of) {
      const { status, stdout, stderr, path } = check(text, '--initial', '0')
      expect([status, stderr, stdout.split('\n')[0]]).toEqual([2, '', `${path}: nothing to judge: ${why}`])
    }
    expect(JSON.parse(check(of[3]?.[0] ?? '', '--json').stdout)).toMatchObject({ verdict: 'nothing-to-judge', operations: 0, why: of[3]?.[1] })
    const out = join(folder, 'nothing.jsonl')
    expect(lab('import', file(of[4]?.[0] ?? ''), '--out', out, '--initial', '7')).toMatchObject({ status: 0, stderr: `1 operation in ${out}.\nEvery key begins with 7 (--initial).\n` })
    expect(lab('check', out)).toMatchObject({ status: 2, stdout: expect.stringMatching(/not exercised\. No operation returned: nothing to judge\./) as string })
    expect(JSON.parse(lab('check', out, '--json').stdout)).toMatchObject({ linearizability: { standing: 'not-exercised', returned: 0 } })
    expect(lab('import', file('[]'), '--out', join(folder, 'none.jsonl'))).toMatchObject({ status: 2, stderr: expect.stringContaining('This history has no operation of a client.') as string })
    expect(existsSync(join(folder, 'none.jsonl'))).toBe(false)
  })

  it('an import carries what keys began with, so that the recording has the same verdict', () => {
    const path = file(serial(['read', 'nil', '0'], ['write', '5', ':fail'], ['read', 'nil', '5']))
    const out = join(folder, 'begun.jsonl')
    expect(lab('import', path, '--out', out, '--initial', '0')).toMatchObject({ status: 0 })
    expect(lab('check', out)).toMatchObject({ status: 1, stdout: expect.stringMatching(/c3's get returned 5, which only c2's write \(#\d+\) carries, and it failed\./) as string })
    expect(lab('check', '--history', path, '--initial', '0')).toMatchObject({ status: 1, stdout: expect.stringContaining("process 2's get returned 5, which only process 1's write (line 3) carries, and it failed.") as string })
  })

  it('lists, sets in another order and JSON are read; transactions, versions and what can be read in two ways are refused with their place', () => {
    const written = serial(['write', '#{1 2}', '#{1 2}'], ['read', 'nil', '#{2 1}'])
    for (const text of [written, `(${written})`, `[${written}]`]) expect(check(text)).toMatchObject({ status: 0 })
    const json = '{"process":0,"type":"invoke","f":"write","value":1}\n{"process":0,"type":"ok","f":"write","value":1}\n{"process":1,"type":"invoke","f":"read","value":null}\n{"process":1,"type":"ok","f":"read","value":'
    expect(check(`${json}1}`)).toMatchObject({ status: 0 })
    expect(check(`${json}2}`)).toMatchObject({ status: 1, stdout: expect.stringContaining('returned 2, which no operation had written') as string })
    const refused = (text: string, sentence: string): void => {
      const { status, stdout, stderr, path } = check(text)
      expect([status, stdout, stderr]).toEqual([2, '', expect.stringContaining(`${path}: Line ${sentence}`) as string])
    }
    refused(serial(['write', '[[:w 9 2]]', '[[:w 9 2]]'], ['read', '[[:r 9 nil]]', '[[:r 9 3]]']), '1, column 47: Transactions are not supported')
    refused(serial(['read', '[3 nil]', '[3 [1 4]]'], ['write', '[3 4]', '[3 [2 4]]']), '4, column 46: This ends with [2 4] and began with 4: values beside versions are not supported')
    refused(serial(['write', '[1 2]', '[1 2]']), '1, column 47: This :value can be a key beside its value')
    expect(check(serial(['write', '[1 2]', '[1 2]']), '--model', 'keys')).toMatchObject({ status: 0 })
  })

  it('ends at the first proof, cheapest keys first; --all-keys judges all, what is proven above what is not known', () => {
    const hard = [
      ...Array.from({ length: 40 }, (_, index) => `{:process ${index}, :type :invoke, :f :append, :key "hard", :value "${index}"}`),
      '{:process 98, :type :invoke, :f :write, :key "hard", :value ""}', '{:process 99, :type :invoke, :f :read, :key "hard", :value nil}', '{:process 99, :type :ok, :f :read, :key "hard", :value "0123456789101112131415?"}',
      '{:process 60, :type :invoke, :f :write, :key "x", :value "1"}', '{:process 60, :type :ok, :f :write, :key "x"}',
      '{:process 60, :type :invoke, :f :read, :key "x", :value nil}', '{:process 60, :type :ok, :f :read, :key "x", :value nil}',
    ].join('\n')
    const { status, stdout } = check(hard)
    expect([status, stdout.split('\n').slice(1)]).toEqual([1, [
      expect.stringMatching(/^ {2}Key x: process 60's get found no value, but 1 was acknowledged/) as string, '  1 key was not judged, as one proof is enough; --all-keys judges them too.', '',
    ]])
    const all = check(hard, '--all-keys', '--time-limit', '1')
    expect(all.status).toBe(1)
    expect(all.stdout).toMatch(/^.*: not linearizable \(44 operations, 2 keys\)\.\n {2}Key x: .*\n {2}Key hard: The time that was given ended/)
  })

  it('what nobody should give it: one sentence, status 2, and no stack trace', () => {
    const begin = '{:process 0, :type :invoke, :f :write, :value '
    const bad: readonly (readonly [string, string | Uint8Array, RegExp])[] = [
      ['nested brackets', '['.repeat(1e5), /Line 1, column \d+: This is nested deeper than 64\.\n$/], ['a nested value', begin + '{:a '.repeat(1e5), /Line 1, column \d+: This is nested deeper than 64\.\n$/],
      ['discards', '#_'.repeat(1e6), /Line 1, column \d+: This is nested deeper than 64\.\n$/], ['tags', begin + '#a '.repeat(1e5), /nested deeper than 64\.\n$/],
      ['nested JSON', `{"process": ${'['.repeat(1e5)}`, /nested deeper than 64\.\n$/], ['no UTF-8', new Uint8Array([0x7b, 0xff, 0xfe, 0x7d]), /This file holds bytes that are not UTF-8 text, which no history does\.\n$/],
      ['UTF-16', new Uint8Array([0xff, 0xfe, 0x7b, 0]), /not UTF-8 text/], ['zeros', new Uint8Array(1000), /Line 1, column 1: A history is made of maps/],
      ['a cut file', `${begin}1}\r\n{:process 0, :ty`, /Line 2, column 1: This \{ is never closed\.\n$/], ['a cut string', `${begin}"${'a'.repeat(1e6)}`, /Line 1, column 47: This string is never closed\.\n$/],
      ['100 MB in one line', Buffer.alloc(100 * 1024 * 1024, 'a'), /This history is longer than 64 MiB, the most that can be read\.\n$/],
      ['a long line', `${begin}${'9'.repeat(1e6)}}${' '.repeat(1e6)}{`, /Line 1, column 2000048: This \{ is never closed\.\n$/],
    ]
    for (const [what, content, sentence] of bad) {
      const { status, stdout, stderr, path } = check(content)
      expect([what, status, stdout]).toEqual([what, 2, ''])
      expect([what, stderr.slice(0, path.length + 400)]).toEqual([what, expect.stringMatching(sentence) as string])
      expect(stderr.split('\n')).toHaveLength(2)
    }
    const huge = '9'.repeat(100_000)
    const numbers = [`{:process ${huge}, :type :invoke, :f :write, :value 1e999, :time ${huge}}`, `{:process ${huge}, :type :ok, :f :write, :value 1e999, :time -${huge}}`].join('\r\n')
    expect(check(`\ufeff${numbers}\r\n`)).toMatchObject({ status: 0, stderr: '' })
    expect(lab('import', file(numbers), '--out', join(folder, 'huge.jsonl'))).toMatchObject({ status: 0 })
    expect(lab('check', join(folder, 'huge.jsonl'))).toMatchObject({ status: 0 })
  })
})
