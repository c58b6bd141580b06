// Histories of other tools, and texts that are not histories: every refusal names its line and column.
import { parseEDNString } from 'edn-data'
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { EdnProblem, EdnReader, ednLimits, ednText } from './edn-reader'
import { ednString } from './edn-text'
import { readHistory } from './history'

const history = (...lines: string[]): string => lines.join('\n')

function problemOf(text: string): string {
  try {
    readHistory(text)
  } catch (error) {
    if (error instanceof EdnProblem) return error.message
    throw error
  }
  return ''
}

describe('a history', { timeout: 300_000 }, () => {
  it('of Knossos: one map a line, one register of numbers', () => {
    const { operations, skipped } = readHistory(history(
      '{:process 0, :type :invoke, :f :write, :value 1, :time 1000000, :index 0} ; the first',
      '{:process 0, :type :ok, :f :write, :value 1, :time 4000000, :index 1}',
      '{:process :nemesis, :type :info, :f :kill, :value ["s1"]}',
      '{:process 1, :type :invoke, :f :read, :value nil}',
      '{:process 2, :type :invoke, :f :cas, :value [1 2]}',
      '{:process 1, :type :info, :f :read, :value nil, :error :timeout}',
      '{:process 2, :type :fail, :f :cas, :value [1 2]}',
      '{:process 3, :type :invoke, :f :read}',
      '{:process 3, :type :ok, :f :read, :value 1}',
    ))
    expect(skipped).toBe(1)
    expect(operations).toEqual([
      { process: '0', operation: { type: 'put', key: 'register', value: '1' }, outcome: { type: 'ok', result: { type: 'done' } }, invoked: 0, returned: 1, ended: 1, invokedNs: 1_000_000, endedNs: 4_000_000, line: 1 },
      { process: '1', operation: { type: 'get', key: 'register' }, outcome: { type: 'unknown', reason: ':timeout' }, invoked: 2, returned: null, ended: 4, invokedNs: null, endedNs: null, line: 4 },
      { process: '2', operation: { type: 'cas', key: 'register', expected: '1', value: '2' }, outcome: { type: 'failed', reason: '' }, invoked: 3, returned: 5, ended: 5, invokedNs: null, endedNs: null, line: 5 },
      { process: '3', operation: { type: 'get', key: 'register' }, outcome: { type: 'ok', result: { type: 'value', value: '1' } }, invoked: 6, returned: 7, ended: 7, invokedNs: null, endedNs: null, line: 8 },
    ])
  })

  it('of independent keys, in one vector', () => {
    const { operations } = readHistory('[{:process 0 :type :invoke :f :w :value [x 1]} {:process 0 :type :ok :f :w :value [x 1]} {:process 0 :type :invoke :f :cas :value [x [1 2]]}\n{:process 1 :type :invoke :f :r :value [x nil]} {:process 1 :type :ok :f :r :value [x nil]}]')
    expect(operations.map(({ operation }) => operation)).toEqual([
      { type: 'put', key: 'x', value: '1' }, { type: 'cas', key: 'x', expected: '1', value: '2' }, { type: 'get', key: 'x' },
    ])
    expect(operations.map(({ outcome }) => outcome.type === 'ok' ? outcome.result?.type : outcome.type)).toEqual(['done', 'unknown', 'missing'])
  })

  it('of Porcupine: keys beside strings', () => {
    const { operations } = readHistory('{:process 0, :type :invoke, :f :append, :key "0", :value "x 0 0 y"}\n{:process 0, :type :ok, :f :append, :key "0", :value "x 0 0 y"}\n{:process 0, :type :invoke, :f :get, :key "0", :value nil}\n{:process 0, :type :ok, :f :get, :key "0", :value ""}')
    expect(operations.map(({ operation, outcome }) => [operation, outcome])).toEqual([
      [{ type: 'append', key: '0', value: 'x 0 0 y' }, { type: 'ok', result: { type: 'done' } }],
      [{ type: 'get', key: '0' }, { type: 'ok', result: { type: 'value', value: '' } }],
    ])
  })

  it('an empty text is an empty history', () => {
    expect([readHistory(''), readHistory('[]'), readHistory('; nothing\n')].map(({ operations }) => operations)).toEqual([[], [], []])
  })

  const invoke = '{:process 0, :type :invoke, :f :read, :value nil}'
  const refusals: readonly (readonly [text: string, sentence: string])[] = [
    ['7', 'Line 1, column 1: A history is made of maps like {:process 0, :type :invoke, :f :read, :value nil}.'],
    [`${invoke}\n ${invoke}`, 'Line 2, column 2: Process 0 invokes while its operation of line 1 is open.'],
    [`${invoke}\n{:process 0, :type :info, :f :read}\n${invoke}`, 'Line 3, column 1: Process 0 acts again after an operation that ended :info; a new process number must take its place.'],
    ['{:process 3, :type :ok, :f :read, :value 1}', 'Line 1, column 1: Process 3 has no open operation that could end here.'],
    [`${invoke}\n{:process 0, :type :ok, :f :write, :value 1}`, 'Line 2, column 28: Process 0 ends :write, and what it has open since line 1 is :read.'],
    ['{:type :ok}', 'Line 1, column 1: This entry has no :process.'],
    ['{:process -1, :type :ok}', 'Line 1, column 11: A :process is a whole number, or a keyword like :nemesis.'],
    ['{:process 1, :type :done}', 'Line 1, column 20: A :type is :invoke, :ok, :fail or :info.'],
    ['{:process 1, :type :invoke, :f :txn, :value []}', 'Line 1, column 32: The operation :txn is none of read, write, append, cas and delete.'],
    ['{:process 1, :type :invoke, :f :constructor}', 'Line 1, column 32: The operation :constructor is none of read, write, append, cas and delete.'],
    ['{:process 1, :type :invoke}', 'Line 1, column 1: This entry has no :f.'],
    ['{:process 1, :type :invoke, :f :write, :value nil}', 'Line 1, column 47: What is written has a :value.'],
    ['{:process 1, :type :invoke, :f :cas, :value 4}', 'Line 1, column 45: The :value of a :cas is [expected new].'],
    ['{:process 1, :type :invoke, :f :write, :value 1}\n{:process 2, :type :invoke, :f :write, :value "1"}', 'Line 2, column 47: "1" stands here as a string and elsewhere as another value; the two could not be told apart.'],
    ['}', 'Line 1, column 1: A } closes nothing.'],
    ['[{:process 1]', 'Line 1, column 13: A ] closes nothing.'],
    ['{:a 1 :b}', 'Line 1, column 1: This map has a key without a value.'],
    [`[${invoke}`, 'Line 1, column 51: The text ends before a ].'],
    [`[${invoke}] 4`, 'Line 1, column 53: Something follows the vector of the history.'],
    ['{:a "x', 'Line 1, column 5: This string is never closed.'],
    ['{:a "\\q"}', 'Line 1, column 6: A string has no escape \\q.'],
    ['{:a "\\u12"}', 'Line 1, column 6: Four hexadecimal digits follow \\u.'],
    ['{:a \\constructor}', 'Line 1, column 5: There is no character \\constructor.'],
    ['\n\n  {:a 1x}', 'Line 3, column 7: "1x" is no value of EDN.'],
    ['#_', 'Line 1, column 1: Nothing follows #_.'],
    ['['.repeat(100), `Line 1, column ${ednLimits.depth + 3}: This is nested deeper than ${ednLimits.depth}.`],
  ]
  for (const [text, sentence] of refusals) {
    it(`is refused: ${JSON.stringify(text.slice(0, 60))}`, () => { expect(problemOf(text)).toBe(sentence) })
  }

  it('whatever a text is, it is read or refused with a line and a column', () => {
    const pieces = fc.constantFrom('{', '}', '[', ']', '(', ')', '#', '#_', '#{', '#inst ', '"', '\\', ':', ';', '\n', ' ', ',', 'nil', 'true', ':process', ':type', ':invoke', ':f', ':read', '0', '1.5', '-', invoke)
    fc.assert(fc.property(fc.array(fc.oneof(pieces, fc.string({ maxLength: 3 })), { maxLength: 30 }), (parts) => {
      expect(problemOf(parts.join(''))).toMatch(/^$|^Line \d+, column \d+: [A-Z"].*\.$/s)
    }), { numRuns: 1000 })
  })
})

describe('EDN', { timeout: 300_000 }, () => {
  it('strings that we write are read as they were, by us and by another reader', () => {
    const part = fc.oneof(fc.string({ unit: 'binary', maxLength: 3 }), fc.constantFrom('"', '\\', '\n', '\r', '\\n', '\\u0041', '\u202e', ';', '#_', 'a'))
    fc.assert(fc.property(fc.array(part, { maxLength: 12 }).map((parts) => parts.join('')), (text) => {
      const form = new EdnReader(ednString(text)).next()
      expect(form?.type === 'string' && form.value).toBe(text)
      expect(ednString(text)).not.toMatch(/[\n\r]/)
      expect(parseEDNString(ednString(text))).toBe(text)
    }))
  })

  it('reads every kind of value', () => {
    const text = '#inst "2020-01-01" #_ignored {:a/b [1 -2.5e3 3N 1/2 nil true], sym-bol #{\\a \\newline \\u0041}} (+ -)'
    const reader = new EdnReader(text)
    const forms = [reader.next(), reader.next(), reader.next(), reader.next()]
    expect(forms.map((form) => form && ednText(form))).toEqual(['#inst "2020-01-01"', '{:a/b [1 -2500.0 3 1/2 nil true], sym-bol #{\\A \\a \\newline}}', '[+ -]', undefined])
  })
})
