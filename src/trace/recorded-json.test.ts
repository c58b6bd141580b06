// JSON that is written directly equals the text of the recorded form: the same value, and for values of every kind the same characters.
import fc from 'fast-check'
import { expect, test } from 'vitest'
import type { ByteString, Message, Report } from '../protocol'
import { arbitraryOperation, arbitraryResult } from './testing/arbitrary-operations'
import { recordMessage, recordOperationInput, recordReport } from './recorded'
import { messageJson, operationInputJson, reportJson } from './recorded-json'

const bytes = fc.oneof(
  fc.uint8Array({ maxLength: 40 }).map((array) => String.fromCharCode(...array) as ByteString),
  fc.constantFrom('', 'plain', '"', '\\', 'base64:', 'base64:AAAA', 'a\nb', 'x'.repeat(2000)).map((text) => text as ByteString),
)
const count = fc.nat({ max: Number.MAX_SAFE_INTEGER })
const clientId = fc.stringMatching(/^[!-~]{1,32}$/)
const operation = arbitraryOperation(bytes)
const result = arbitraryResult(bytes)
const between = { viewnum: count, fromIncarnation: count, toIncarnation: count }
const messages: fc.Arbitrary<Message> = fc.oneof(
  fc.record({ type: fc.constant('request' as const), clientId, requestId: count, viewnum: count, operation }),
  fc.record({ type: fc.constant('reply' as const), clientId, requestId: count, viewnum: count, seq: count, replayed: fc.boolean(), executedViewnum: count, result }),
  fc.record({ type: fc.constant('forward' as const), ...between, seq: count, clientId, requestId: count, operation }),
  fc.record({ type: fc.constant('forward-ack' as const), ...between, executed: count }),
  fc.record({ type: fc.constant('restarted' as const), ...between }),
)
const reports: fc.Arbitrary<Report> = fc.oneof(
  fc.record({ type: fc.constant('operation-started' as const), operationId: count, clientId, requestId: count }),
  fc.record({
    type: fc.constant('operation-returned' as const), operationId: count, tries: count,
    outcome: fc.oneof(
      fc.record({ type: fc.constant('ok' as const), result, by: fc.constantFrom('s1', ''), viewnum: count, seq: count, replayed: fc.boolean(), executedViewnum: count }),
      fc.record({ type: fc.constant('unknown' as const), reason: fc.constant('timeout' as const) }),
    ),
  }),
  fc.record({ type: fc.constant('note' as const), text: fc.string() }),
)

test('messages, reports and operations are the JSON text of their recorded forms', () => {
  fc.assert(fc.property(messages, (message) => {
    expect(JSON.parse(messageJson(message))).toEqual(JSON.parse(JSON.stringify(recordMessage(message))))
  }))
  fc.assert(fc.property(reports, (report) => {
    expect(JSON.parse(reportJson(report))).toEqual(JSON.parse(JSON.stringify(recordReport(report))))
  }))
  fc.assert(fc.property(operation, count, fc.integer({ min: -1, max: 1000 }), (asked, operationId, session) => {
    const input = { type: 'operation' as const, operationId, session, operation: asked, target: '' as const }
    expect(operationInputJson(input)).toBe(JSON.stringify(recordOperationInput(input)))
  }))
})
