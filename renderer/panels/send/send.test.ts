import { describe, expect, it } from 'vitest'
import { emptyForm, formProblem, mixText, operationOf, parseOperation, type SendForm } from './send'

const form = (changes: Partial<SendForm> = {}): SendForm => ({ ...emptyForm(), client: 'c1', ...changes })

describe('the Send panel', () => {
  it('sends a compare-and-swap that expects a missing key apart from one that expects an empty value', () => {
    expect(operationOf(form({ type: 'cas', key: 'x', texts: { value: '1', expected: '' }, isMissing: { expected: true } }))).toEqual({ type: 'cas', key: 'x', expected: null, value: '1' })
    expect(operationOf(form({ type: 'cas', key: 'x', texts: { value: '1', expected: '' } }))).toEqual({ type: 'cas', key: 'x', expected: '', value: '1' })
  })

  it('leaves the value out where an operation has none', () => {
    expect(operationOf(form({ type: 'get', key: 'x', texts: { value: '1' } }))).toEqual({ type: 'get', key: 'x' })
  })

  it('says what is wrong before it sends', () => {
    expect(formProblem(form({ client: '' }))).toBe('Choose a client to send from.')
    expect(formProblem(form({ key: 'é'.repeat(40_000) }))).toBe('The key is larger than 64 KiB.')
    expect(formProblem(form({ key: 'e'.repeat(60_000) }))).toBe('')
    expect(formProblem(form())).toBe('')
  })

  it('reads an operation from words', () => {
    expect(parseOperation('put x hello world')).toEqual({ type: 'put', key: 'x', value: 'hello world' })
    expect(parseOperation('GET x')).toEqual({ type: 'get', key: 'x' })
    expect(parseOperation('cas x 1 2')).toEqual({ type: 'cas', key: 'x', expected: '1', value: '2' })
    expect(['put x', 'get', 'kill s1', 'get x y', ''].map(parseOperation)).toEqual([undefined, undefined, undefined, undefined, undefined])
  })

  it('says the mix in percent, largest first', () => {
    expect(mixText({ put: 50, append: 10, get: 40, delete: 0, cas: 0 })).toBe('50 % put, 40 % get, 10 % append')
    expect(mixText({ put: 0, append: 0, get: 0, delete: 0, cas: 0 })).toBe('no operations')
  })
})
