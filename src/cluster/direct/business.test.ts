// Which sender may send which message to a direct-mode node.
import { expect, test } from 'vitest'
import type { Message, ProtocolKind } from '../../protocol'
import { noBusiness, strangerIn } from './business'
import { messageTypes } from '../wire/wire'

const kinds: readonly ProtocolKind[] = ['view-server', 'replica', 'client']

test('each message is taken of these senders, and of no other', () => {
  const taken = Object.fromEntries((Object.keys(messageTypes) as Message['type'][]).map((type) => [type, kinds.filter((kind) => noBusiness(type, kind) === '').join(' ')]))
  expect(taken).toEqual({
    'ping': 'replica', 'view-reply': 'view-server', 'superseded': 'view-server', 'get-view': 'view-server replica client', 'query': 'view-server replica client',
    'query-reply': 'view-server', 'request': 'view-server replica client', 'reply': 'replica', 'rejected': 'replica', 'not-yet': 'replica',
    'forward': 'replica', 'forward-ack': 'replica', 'state-transfer': 'replica', 'state-transfer-ack': 'replica', 'restarted': 'replica', 'foreign': '',
  })
})

test.each([
  ['replica', 's1', '', ''], ['client', 'any', '', ''], ['client', 'vs', '', ''],
  ['view-server', 'vs', '', 'a view server calls nobody'], ['view-server', 's1', '', 'a view server calls nobody'], ['replica', 'vs', '', 'a view server calls nobody'],
  ['view-server', 'vs', 'vs', ''], ['replica', 'vs', 'vs', 'a view-server was expected there, it is a replica'],
  ['replica', 's1', 's1', ''], ['replica', 's2', 's1', 's1 was expected there, it is s2'], ['client', 's1', 's1', 'a replica was expected there, it is a client'],
] as const)('who greets as %s %s where "%s" was dialled: "%s"', (kind, name, expected, problem) => {
  expect(strangerIn({ kind, name }, expected)).toBe(problem)
})
