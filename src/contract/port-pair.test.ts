// The in-process pair passes the acceptance suite of carriers.
import { expect, it } from 'vitest'
import { describeCarrier } from './testing/port-acceptance'
import { createPortPair } from './port-pair'

describeCarrier('in-process pair', () => {
  const [screen, lab] = createPortPair()
  return Promise.resolve({ screen, lab, dispose: () => { screen.close(); return Promise.resolve() } })
})

it('a pair carries JSON text: what JSON loses is lost here too', async () => {
  const [one, other] = createPortPair()
  const heard = new Promise((resolve) => other.onFrame(resolve))
  one.send({ type: 'event', name: 'status', data: { kept: 1, lost: undefined, nan: Number.NaN } })
  expect(await heard).toEqual({ type: 'event', name: 'status', data: { kept: 1, nan: null } })
})
