// Operations and results of every kind, for property tests; each test says what its byte strings are like.
import fc from 'fast-check'
import type { ByteString, Operation, Result } from '../../protocol'

export function arbitraryOperation(bytes: fc.Arbitrary<ByteString>): fc.Arbitrary<Operation> {
  return fc.oneof(
    fc.record({ type: fc.constantFrom('put' as const, 'append' as const), key: bytes, value: bytes }),
    fc.record({ type: fc.constantFrom('get' as const, 'delete' as const), key: bytes }),
    fc.record({ type: fc.constant('cas' as const), key: bytes, expected: fc.option(bytes), value: bytes }),
  )
}

export function arbitraryResult(bytes: fc.Arbitrary<ByteString>): fc.Arbitrary<Result> {
  return fc.oneof(
    fc.record({ type: fc.constantFrom('done' as const, 'missing' as const, 'too-large' as const) }),
    fc.record({ type: fc.constant('value' as const), value: bytes }),
    fc.record({ type: fc.constant('mismatch' as const), actual: fc.option(bytes) }),
  )
}
