// A recording far longer than a lesson's session: the window shows it while it is read, and moving through it stays fast.
import { join } from 'node:path'
import { writeBigRecording } from '../src/bench/big-recording'
import { expect, test } from './fixtures'

test.use({ empty: true })

const events = process.env['UNDERSTUDY_LONG'] === '1' ? 1_000_000 : 200_000
const middle = events / 2

test(`${events} events are shown while they are read, drawn as a whole and one by one, scrolled, and travelled to`, async ({ lab, folder }) => {
  test.setTimeout(400_000)
  const path = join(folder, 'big.jsonl')
  await writeBigRecording({ path, events })
  await lab.open(path)
  await lab.openTab('Log')
  // Rows appear before the last event has arrived.
  await lab.logContains('killed')
  await lab.expectEvents(events)

  // The whole recording in one picture, then single messages in its middle.
  await lab.focusElsewhere()
  await lab.showAll()
  await expect(lab.page.getByRole('grid', { name: new RegExp(`^Space-time.*#1 to #${String(events).replace(/\B(?=(\d{3})+$)/g, '.')}$`) })).toBeAttached()
  await lab.expectDrawn()
  await lab.goToEvent(middle)
  await lab.expectCursor(middle)
  for (let press = 0; press < 14; press++) await lab.press('+')
  await lab.diagramTells('s2', /forward/)
  await lab.expectDrawn()
  await expect(lab.nodeState).toContainText('after step')
  await lab.scrollLog(0)
  await expect(lab.page.getByTestId('log-row').first()).toContainText('started')
  await lab.scrollLog(0.5)
  await expect(lab.page.getByTestId('log-row').first()).toBeVisible()

  await lab.goToEvent(1)
  await lab.expectCursor(1)
  await lab.goToEvent(events)
  await lab.expectCursor(events)
  await lab.expectAccessible()
})
