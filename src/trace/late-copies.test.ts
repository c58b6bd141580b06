// Recordings of version 4: a copy of a message that had left the network gets its original's contents, if they are still known.
import { expect, test } from 'vitest'
import { upgradeFrom } from './upgrade'

const message = { type: 'forward', seq: 1 }
const sent = { type: 'message-sent', id: 's1.1.4.0', from: 's1', to: 's2', message }
const copy = (id: string, of: string): Record<string, unknown> => ({ type: 'message-duplicated', id, of, reason: 'by hand' })

function upgraded(...events: readonly Record<string, unknown>[]): unknown {
  const way = upgradeFrom(4)
  return events.map((event) => way?.event(event)).at(-1)
}

test('a copy of a message in flight carries nothing of its own', () => {
  expect(upgraded(sent, copy('a', 's1.1.4.0'))).toMatchObject({ carries: null })
})

test.each(['message-taken', 'message-dropped'])('a copy of one that is gone by %s, and a copy of that copy, carry what it was', (type) => {
  const gone = [sent, { type, id: 's1.1.4.0' }]
  expect(upgraded(...gone, copy('a', 's1.1.4.0'))).toMatchObject({ carries: { from: 's1', to: 's2', message } })
  expect(upgraded(...gone, copy('a', 's1.1.4.0'), copy('b', 'a'))).toMatchObject({ carries: null })
  expect(upgraded(...gone, copy('a', 's1.1.4.0'), { type: 'message-taken', id: 'a' }, copy('b', 'a'))).toMatchObject({ carries: { from: 's1', to: 's2', message } })
})

test('a copy of what no event tells, or of what was forgotten, carries nothing, and each recording has a memory of its own', () => {
  expect(upgraded(copy('a', 'unknown'))).toMatchObject({ carries: null })
  upgraded(sent, { type: 'message-taken', id: 's1.1.4.0' })
  expect(upgraded(copy('a', 's1.1.4.0'))).toMatchObject({ carries: null })
  const others = Array.from({ length: 20_000 }, (_, index) => [{ ...sent, id: `x${index}` }, { type: 'message-taken', id: `x${index}` }]).flat()
  expect(upgraded(sent, { type: 'message-taken', id: 's1.1.4.0' }, ...others, copy('a', 's1.1.4.0'))).toMatchObject({ carries: null })
})
