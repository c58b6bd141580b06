// The forms in which tools write histories, and what is refused because it is ambiguous or is not one of our operations.
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { EdnProblem, ednText, type EdnForm } from './edn-form'
import { EdnReader } from './edn-reader'
import { readHistory } from './history'
import type { HistoryOptions, ImportedOperation } from './imported-history'

const lines = (...all: string[]): string => all.join('\n')

function problemOf(text: string, options: HistoryOptions = {}): string {
  try {
    readHistory(text, options)
  } catch (error) {
    if (error instanceof EdnProblem) return error.message
    throw error
  }
  return ''
}

const operationOf = ({ operation, outcome }: ImportedOperation): unknown => [operation, outcome.type === 'ok' ? outcome.result : outcome.type]
const read = (text: string, options: HistoryOptions = {}): unknown[] => readHistory(text, options).operations.map(operationOf)

const entries = ['{:process 0, :type :invoke, :f :write, :value 1}', '{:process 0, :type :ok, :f :write, :value 1}', '{:process 1, :type :invoke, :f :read, :value nil}', '{:process 1, :type :ok, :f :read, :value 1}']
const wanted = [
  [{ type: 'put', key: 'register', value: '1' }, { type: 'done' }], [{ type: 'get', key: 'register' }, { type: 'value', value: '1' }],
]

describe('the form of a history', () => {
  it('is one map a line, a vector, a list, or one of them in another', () => {
    const all = entries.join('\n')
    for (const text of [all, `[${all}]`, `(${all})`, `[(${all})]`, `([${all}])`, `\ufeff(${all})\r\n; the end`, `#_[1] [${all}] #_(2)`]) expect(read(text)).toEqual(wanted)
    expect(problemOf(`(${all}`)).toBe('Line 4, column 44: The text ends before a ).')
    expect(problemOf(`(${all}) {}`)).toBe('Line 4, column 46: Something follows the list of the history.')
    expect(problemOf(`[(${all}) (${all})]`)).toBe('Line 4, column 46: Something follows the list of the history.')
  })

  it('may have tags, metadata, namespaces, names of processes that are no numbers, and entries of processes that are no clients', () => {
    const { operations, skipped } = readHistory(lines(
      '#jepsen.history.Op{:index 0, :time 10, :type :invoke, :process :c1, :f :write, :value 1, :jepsen/extra nil}',
      '{:type :info, :process :nemesis, :f :kill, :value {:a #{1}}}', '{:type :info, :process :watcher, :f :note, :value nil}',
      '^{:line 3} {:index 3, :process :c1, :type :ok, :f :write, :value 1}', '{:process "c2", :type :invoke, :f :read}', '{:process "c2", :type :ok, :f :read, :value ^:m 1}',
    ))
    expect([operations.map(operationOf), skipped]).toEqual([wanted, 2])
    expect(operations.map(({ process }) => process)).toEqual([':c1', 'c2'])
    expect(ednText(new EdnReader('#:a{:b 1, :_/c 2, :d/e 3, "f" 4}').next() as EdnForm)).toBe('{"f" 4, :a/b 1, :c 2, :d/e 3}')
  })

  it('may be JSON: objects on lines, or in an array', () => {
    const json = ['{"process": 0, "type": "invoke", "f": "write", "value": 1, "time": 5}', '{"process": 0, "type": "ok", "f": "write", "value": 1.0}',
      '{"process": "nemesis", "type": "info", "f": "kill"}', '{"process": 1, "type": "invoke", "f": "read", "value": null}', '{"process": 1, "type": "ok", "f": "read", "value": 1}']
    for (const text of [json.join('\n'), `[${json.join(',\n')}]`, `\ufeff ${json.join('\r\n')}\n`]) expect(read(text)).toEqual(wanted)
    expect(read('[{"process":0,"type":"invoke","f":"get","key":"a\\u00e9\\/"},{"process":0,"type":"ok","f":"get","key":"a","value":""}]', { missing: 'nil' }))
      .toEqual([[{ type: 'get', key: 'aé/' }, { type: 'value', value: '' }]])
    const refused: readonly (readonly [string, string])[] = [
      ['{"process": 0,', 'Line 1, column 1: This { is never closed.'], ['{"process": 0 "type": 1}', 'Line 1, column 15: A comma is missing here.'],
      ['{"a": tru}', 'Line 1, column 7: "tru" is no value of JSON.'], ['{"a": 1, "a": 2}', 'Line 1, column 10: This object has the name "a" twice.'],
      ['{"a": "b', 'Line 1, column 7: This string is never closed.'], ['{"a": 1} {"a" 1}', 'Line 1, column 1: This entry has no :process.'],
      ['{"a": 01}', 'Line 1, column 8: A comma is missing here.'], [`{"a": ${'['.repeat(1e5)}`, 'Line 1, column 71: This is nested deeper than 64.'],
      ['[{"a": 1}\n{"a": 1}]', 'Line 1, column 2: This entry has no :process.'], ['{"a":"\\x"}', 'Line 1, column 7: A string has no escape \\x.'],
    ]
    for (const [text, sentence] of refused) expect([text.slice(0, 30), problemOf(text)]).toEqual([text.slice(0, 30), sentence])
  })

  it('is refused with its place whatever stands in the way of reading it', () => {
    const refused: readonly (readonly [string, string])[] = [
      ['#_ '.repeat(1e5), 'Line 1, column 196: This is nested deeper than 64.'], ['#a '.repeat(1e5), 'Line 1, column 196: This is nested deeper than 64.'],
      ['^'.repeat(1e5), 'Line 1, column 66: This is nested deeper than 64.'], ['{'.repeat(1e5), 'Line 1, column 66: This is nested deeper than 64.'],
      ['{:process 0, :process 1}', 'Line 1, column 14: This map has the key :process twice.'], ['#{1 1N}', 'Line 1, column 5: This set holds 1 twice.'],
      ['{:a 01}', 'Line 1, column 5: "01" is no value of EDN.'], ['#:a', 'Line 1, column 1: A #: is followed by a namespace and a map.'],
      ['^{:a 1}', 'Line 1, column 1: Nothing follows this metadata.'], [`{:process ${'9'.repeat(1e5)}, :type :ok}`, `Line 1, column 1: Process ${'9'.repeat(1e5)} has no open operation that could end here.`],
      [`${entries[0]?.replace('{', '{:index 5, ')}\n${entries[1]?.replace('{', '{:index 4, ')}`, 'Line 2, column 9: This :index comes after 5: the entries of a history stand in their order.'],
    ]
    for (const [text, sentence] of refused) expect([text.slice(0, 30), problemOf(text)]).toEqual([text.slice(0, 30), sentence])
  })
})

describe('what is no operation of one key', () => {
  const of = (f: string, invoked: string, ended = invoked): string => lines(`{:process 0, :type :invoke, :f :${f}, :value ${invoked}}`, `{:process 0, :type :ok, :f :${f}, :value ${ended}}`)
  const transactions = 'Transactions are not supported: each operation is a read, a write, an append, a delete or a cas of one key.'

  it.each([
    ['write', '[[:w 9 2]]', 47], ['read', '[[:r 9 nil]]', 46], ['txn', '[[:append 1 2] [:r 1 nil]]', 45], ['write', '([:w 9 2] [:w 8 1])', 47], ['read', '[:r 9 nil]', 46],
    ['write', '[["w" 9 2]]', 47], ['write', '[9 [[:w 9 2]]]', 50], ['cas', '[1 [[:r 1 nil]]]', 48],
  ])('a transaction under :%s, %s, is refused where it stands', (f, value, column) => {
    expect(problemOf(of(f, value), { model: f === 'write' && value.startsWith('[9') ? 'keys' : undefined })).toBe(`Line 1, column ${column}: ${transactions}`)
  })

  it('a transaction is refused in its completion, without a process, and in JSON', () => {
    expect(problemOf(of('read', 'nil', '[[:r 9 1]]'))).toBe(`Line 2, column 42: ${transactions}`)
    expect(problemOf('{:index 0 :type :invoke :value [[:append 253 1] [:r 253 nil]]}')).toBe(`Line 1, column 32: ${transactions}`)
    expect(problemOf('{"process": 0, "type": "invoke", "f": "write", "value": [["w", 9, 2]]}')).toBe(`Line 1, column 57: ${transactions}`)
  })

  it('values beside versions are refused, not taken for keys or for values', () => {
    const versions = 'Values beside versions, [version value], are not supported.'
    const nilRead = '{:process 9, :type :invoke, :f :read, :value [7 nil]}\n'
    expect(problemOf(nilRead + of('write', '[7 [nil 3]]', '[7 [1 3]]'))).toBe(`Line 2, column 50: ${versions}`)
    expect(problemOf(nilRead + of('cas', '[7 [nil [3 4]]]', '[7 [1 [3 4]]]'))).toBe(`Line 2, column 48: ${versions}`)
    expect(problemOf(of('read', '[nil nil]', '[1 3]'))).toBe('Line 1, column 47: A key is a value, not nil.')
    expect(problemOf(of('read', 'nil', '[1 3]') + '\n' + of('write', '3', '[2 3]'))).toMatch(/^Line 4, column 43: This ends with \[2 3\] and began with 3: values beside versions/)
    expect(problemOf(of('write', '3') + '\n' + of('read', 'nil', '[1 3]'))).toMatch(/^Line 4, column 42: Every read gives a collection and every write writes one value: .* versions are not supported\.$/)
    expect(problemOf(of('write', '3') + '\n' + of('read', 'nil', '{:version 1, :value 3}'))).toMatch(/^Line 4, column 42: Every read gives a collection/)
  })

  it('a pair is a key beside a value or one value, as the reads tell; where none tells it is refused, or --model decides', () => {
    const writes = of('write', '[1 2]')
    expect(problemOf(writes)).toBe('Line 1, column 47: This :value can be a key beside its value, or one value of a register, and no entry tells which: choose with --model keys or --model register.')
    expect(problemOf(of('cas', '[1 [2 3]]'))).toMatch(/^Line 1, column 45: This :value can be a key beside its value/)
    expect(read(writes, { model: 'keys' })).toEqual([[{ type: 'put', key: '1', value: '2' }, { type: 'done' }]])
    expect(read(writes, { model: 'register' })).toEqual([[{ type: 'put', key: 'register', value: '[1 2]' }, { type: 'done' }]])
    // A read is invoked with nil, or with its key and nil; later entries decide about earlier ones.
    expect(read(`${writes}\n${of('read', 'nil', '(1 2)')}`)).toEqual([
      [{ type: 'put', key: 'register', value: '[1 2]' }, { type: 'done' }], [{ type: 'get', key: 'register' }, { type: 'value', value: '[1 2]' }],
    ])
    expect(read(`${writes}\n${of('read', '[1 nil]', '[1 2]')}`)).toEqual([
      [{ type: 'put', key: '1', value: '2' }, { type: 'done' }], [{ type: 'get', key: '1' }, { type: 'value', value: '2' }],
    ])
    expect(problemOf(`${of('read', 'nil', '2')}\n${of('read', '[1 nil]', '[1 2]')}`)).toBe('Line 3, column 46: Here a :value is [key value], and from line 1 on it is one value of a register.')
    expect(problemOf(`${of('read', '[1 nil]')}\n${of('write', '3')}`)).toBe('Line 3, column 47: Here a :value is one value, and from line 1 on it is [key value].')
    expect(problemOf(`${of('read', '[1 nil]', '[2 3]')}`)).toBe('Line 2, column 43: This ends with the key 2 and began with another.')
    expect(problemOf(`${of('read', '"x"', '["x" 5]')}`)).toMatch(/^Line 2, column 42: This read ends with \["x" 5\] and began with "x"/)
    expect(problemOf(`${of('write', '1')}\n{:process 0, :type :invoke, :f :write, :key "k", :value 1}`)).toMatch(/^Line 3, column 57: This entry has a :key, and from line 1 on it is one value/)
  })

  it('an append of what is no string, and a delete of what can be a key or a value', () => {
    expect(problemOf(lines('{:process 0, :type :invoke, :f :append, :key 1, :value 5}', '{:process 1, :type :invoke, :f :read, :key 1}', '{:process 1, :type :ok, :f :read, :value [5]}')))
      .toMatch(/^Line 1, column 56: An :append is of strings/)
    expect(problemOf('{:process 0, :type :invoke, :f :delete, :value "x"}')).toMatch(/^Line 1, column 48: A :delete has no value but nil/)
  })

  it('texts of keys and of values never meet', () => {
    expect(read(lines('{:process 0, :type :invoke, :f :write, :key "1", :value 1}', '{:process 0, :type :ok, :f :write, :key "1", :value 1}'))).toHaveLength(1)
    expect(problemOf(lines('{:process 0, :type :invoke, :f :write, :key "1", :value 1}', '{:process 1, :type :invoke, :f :write, :key 1, :value 1}')))
      .toBe('Line 2, column 45: 1 stands here as another value and elsewhere as a string; the two could not be told apart.')
  })
})

describe('what keys hold at the beginning', () => {
  const get = (process: number, value: string, key = 'x'): string => lines(`{:process ${process}, :type :invoke, :f :get, :key "${key}", :value nil}`, `{:process ${process}, :type :ok, :f :get, :key "${key}", :value ${value}}`)
  const put = (process: number, value: string, key = 'x', type = 'ok'): string =>
    lines(`{:process ${process}, :type :invoke, :f :put, :key "${key}", :value ${value}}`, `{:process ${process}, :type :${type}, :f :put, :key "${key}", :value ${value}}`)
  const assumed = (...all: string[]): string => readHistory(lines(...all)).assumed.join(' ')

  it('is an empty value where one was read that nobody had written, and nil by nobody; that is said with the line', () => {
    expect(assumed(get(0, '""'), put(0, '"1"'), get(0, '"1"'))).toBe('A missing key is taken to read as an empty value, as the read of line 1 gave one that nobody had written, and no read gave nil (--missing nil takes it the other way).')
    expect(assumed(get(0, 'nil', 'y'), get(0, '""'))).toBe('') // Here a missing key reads as nil, so "" is an error.
    expect(assumed(put(0, '""'), get(0, '""'))).toBe('') // It was written.
    expect(assumed(put(0, '"1"'), get(0, '""'))).toBe('') // It was there.
    expect(assumed(put(0, '""', 'x', 'fail'), get(0, '""'))).not.toBe('')
    expect(assumed('{:process :nemesis, :type :info, :f :model, :value {:begins :empty, :missing nil}}', get(0, '""'))).toBe('') // It says so, as our own exports do.
    expect(assumed('{:process 0, :type :invoke, :f :cas, :key "x", :value [nil "1"]}', '{:process 0, :type :ok, :f :cas, :key "x", :value [nil "1"]}', get(1, '""', 'y'))).toBe('')
    expect(assumed(put(0, '"1"'), '{:process 0, :type :invoke, :f :delete, :key "x"}', '{:process 0, :type :ok, :f :delete, :key "x"}', get(0, '""'))).not.toBe('')
  })

  it('can be said', () => {
    const register = lines('{:process 0, :type :invoke, :f :read}', '{:process 0, :type :ok, :f :read, :value 0}')
    expect(readHistory(register, { initial: '0' })).toMatchObject({ operations: [{ line: 0, isInitial: true, operation: { type: 'put', value: '0' }, invoked: -2, returned: -1 }, { line: 1 }], assumed: ['Every key begins with 0 (--initial).'] })
    expect(problemOf(register, { initial: '"0"' })).toBe('Line 2, column 42: 0 stands here as another value and elsewhere as a string; the two could not be told apart.')
    expect(readHistory(get(0, 'nil'), { missing: 'any' }).operations).toMatchObject([{ outcome: { type: 'ok', result: null } }])
    expect(readHistory(get(0, '""'), { missing: 'nil' })).toMatchObject({ assumed: [], operations: [{ line: 1 }] })
  })
})

describe('the text of a value', { timeout: 60_000 }, () => {
  const atom = fc.oneof(
    fc.constantFrom('nil', 'true', 'false', ':a/b', ':k', 'sym', '+', '1/2', '##Inf', '##NaN', '1M', '1.50M', '\\a', '\\newline', '\\space', '\\u0000', '\\(', '\\😀', '\\o101'),
    fc.integer().map(String), fc.bigInt().map((value) => `${value}N`), fc.double({ noNaN: true, noDefaultInfinity: true }).map((value) => /^-?\d+$/.test(String(value)) ? `${value}.0` : String(value)),
    fc.string({ unit: 'binary' }).map((value) => JSON.stringify(value)),
  )
  const { form } = fc.letrec<{ form: string }>((tie) => ({
    form: fc.oneof({ depthSize: 'small' }, atom,
      fc.array(tie('form'), { maxLength: 4 }).map((items) => `[${items.join(' ')}]`), fc.array(tie('form'), { maxLength: 4 }).map((items) => `(${items.join(', ')})`),
      fc.uniqueArray(atom, { maxLength: 4, selector: (text) => textOf(text) }).map((items) => `#{${items.join(' ')}}`),
      fc.uniqueArray(fc.tuple(atom, tie('form')), { maxLength: 4, selector: ([key]) => textOf(key) }).map((pairs) => `{${pairs.map((pair) => pair.join(' ')).join(', ')}}`),
      tie('form').map((text) => `#some/tag ${text}`)),
  }))
  const textOf = (text: string): string => ednText(new EdnReader(text).next() as EdnForm)

  it('reads as the same value again, whatever the value', () => {
    fc.assert(fc.property(form, (text) => {
      expect(textOf(textOf(text))).toBe(textOf(text))
      expect(textOf(text)).not.toMatch(/[\n\r]/)
    }), { numRuns: 2000 })
  })

  it('is one for equal values, and two for values that differ', () => {
    const equal = [['#{1 2}', '#{2 1}'], ['{:a 1 :b 2}', '{:b 2, :a 1}'], ['1', '1N'], ['1.0', '1.00'], ['(1 2)', '[1 2]'], ['-0', '0'], ['1e3', '1000.0'], ['"a"', '"\\u0061"'], ['#{#{1 2} 3}', '#{3 #{2 1}}']]
    for (const [one = '', other = ''] of equal) expect([one, textOf(one)]).toEqual([one, textOf(other)])
    const different = [['1', '1.0'], ['1', '1M'], ['"a"', ':a'], ['[1 2]', '#{1 2}'], ['[1 2]', '[2 1]'], ['#inst "x"', '"x"'], ['\\a', '"a"'], ['nil', '"nil"'], ['{:a 1}', '{:a 2}']]
    for (const [one = '', other = ''] of different) expect([one, textOf(one)]).not.toEqual([one, textOf(other)])
  })
})
