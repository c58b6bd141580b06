// Splitting a line into words: quoted, broken, or megabytes long.
import { describe, expect, it } from 'vitest'
import { valueBytesMax } from '../protocol'
import { OperationError, wordsOf } from './client-operations'

describe('the words of a line', () => {
  it.each([
    ['', []], ['  \t ', []], ['put a 1', ['put', 'a', '1']], ['  put\ta  1 ', ['put', 'a', '1']], ['put a "x y"', ['put', 'a', 'x y']], ['put a "\\"\\\\\\n\\u00fc"', ['put', 'a', '"\\\nü']],
    ['put a ""', ['put', 'a', '']], ['put a "x"y', ['put', 'a', 'x', 'y']], ['put a "open word', ['put', 'a', '"open', 'word']], ['put a x"y"', ['put', 'a', 'x"y"']],
  ] as const)('%j', (line, words) => {
    expect(wordsOf(line)).toEqual(words)
  })

  it('of the largest value are read, with and without quotes, and where each character is an escape', () => {
    const value = 'x'.repeat(valueBytesMax)
    for (const text of [value, JSON.stringify(value)]) expect(wordsOf(`put k ${text}`)[2] === value).toBe(true)
    expect(wordsOf(`put k ${JSON.stringify('\u0001'.repeat(valueBytesMax))}`)[2]).toHaveLength(valueBytesMax)
  })

  it('that are no JSON are refused, and a long one is cut in the sentence', () => {
    expect(() => wordsOf('put a "\\x"')).toThrow(new OperationError('"\\x" is no JSON string.'))
    expect(() => wordsOf(`put a "\\x${'y'.repeat(1000)}"`)).toThrow(/^"\\xy{77}… is no JSON string\.$/)
  })
})
