// Comparing values never recurses deeper than recorded data nests, so no recording can overflow the stack.
import { expect, it } from 'vitest'
import type { TraceEvent } from '../trace'
import { EventDigester } from './event-digests'
import { sameValue } from './same-value'

const nested = (brackets: number): unknown => JSON.parse(`${'['.repeat(brackets)}${']'.repeat(brackets)}`) as unknown
const objects = (depth: number): unknown => JSON.parse(`${'{"a":'.repeat(depth)}1${'}'.repeat(depth)}`) as unknown

it.each([['brackets', nested], ['objects', objects]])('%s without end are compared up to a depth', (_what, of) => {
  expect(sameValue(of(20), of(20))).toBe(true)
  expect(sameValue(of(20), of(19))).toBe(false)
  expect(sameValue(of(200_000), of(200_000))).toBe(false)
  const digester = new EventDigester()
  for (const depth of [3, 4, 200_000]) digester.take({ seq: 1, at: 0, wall: 0, type: 'lab-note', text: of(depth), node: '' } as unknown as TraceEvent)
  const [three, four, all] = digester.digests().wholes
  expect(new Set([three, four, all]).size).toBe(3)
})
