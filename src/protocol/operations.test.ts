// The table of operations: what every room that reads it relies on.
import { describe, expect, test } from 'vitest'
import { utf8ToBytes } from './byte-string'
import { bytesOfOperation, codeOf, fieldsOf, heldIn, isOperationType, makeOperation, operationTypes, resultsOf, typeOfCode, withBytes } from './operations'

const bytes = utf8ToBytes

describe('the table of operations', () => {
  test('keeps the numbers of the wire, each of one operation', () => {
    // Numbers stand in journals and between builds: a changed one is another protocol.
    expect(Object.fromEntries(operationTypes.map((type) => [type, codeOf(type)]))).toMatchObject({ put: 1, append: 2, get: 3, delete: 4, cas: 5 })
    expect(operationTypes.map(codeOf).map(typeOfCode)).toEqual(operationTypes)
    expect([0, 250].map(typeOfCode)).toEqual([undefined, undefined])
  })

  test('makes an operation of its fields in their order, and finds them again', () => {
    const values = [null, bytes('2')]
    const cas = makeOperation('cas', bytes('x'), () => values.shift() ?? null)
    expect(cas).toEqual({ type: 'cas', key: 'x', expected: null, value: '2' })
    expect(Object.keys(cas)).toEqual(['type', 'key', 'expected', 'value'])
    expect(fieldsOf('cas').map((field) => heldIn(cas, field))).toEqual([null, '2'])
    expect(makeOperation('get', bytes('x'), () => bytes('never'))).toEqual({ type: 'get', key: 'x' })
  })

  test('changes the bytes of every field, and leaves a missing value missing', () => {
    expect(withBytes({ type: 'cas', key: bytes('x'), expected: null, value: bytes('2') }, (held) => `<${held}>`)).toEqual({ type: 'cas', key: '<x>', expected: null, value: '<2>' })
    expect(bytesOfOperation({ type: 'cas', key: bytes('key'), expected: bytes('12'), value: bytes('3') })).toBe(6)
    expect(bytesOfOperation({ type: 'delete', key: bytes('key') })).toBe(3)
  })

  test('knows its own names only, and a result for each', () => {
    expect(['put', 'Put', 'toString', ''].map(isOperationType)).toEqual([true, false, false, false])
    expect(operationTypes.filter((type) => resultsOf(type).length === 0)).toEqual([])
  })
})
