import { expect, test } from 'vitest'
import { rehearse } from './rehearsal'

test('a rehearsal comes to a write that is acknowledged after the failover, each time', () => {
  for (let play = 0; play < 3; play++) expect(rehearse()).toBe(true)
})
