// The network as a person changes it: links cut and healed, faults that report what they have done, and a frozen cluster whose messages
// are delivered one by one.
import { expect, test } from './fixtures'
import { messagesByHand, operationsIn, viewsIn } from './recording'

/** Seconds that the cluster is frozen, far longer than the 600 ms of silence after which a server is dead. */
const frozenSeconds = process.env['UNDERSTUDY_LONG'] === '1' ? 60 : 10

test(`freezes under a workload for ${frozenSeconds} s, delivers 20 messages in another order than sent, and thaws: no failover, no lost operation`, async ({ lab, folder }) => {
  test.setTimeout(300_000)
  await lab.startQuickCluster()
  const views = await lab.viewCount()
  // A slow link to the backup keeps many operations in flight, so that a freeze at any time leaves messages to deliver.
  await lab.addFault('delay', async (dialog) => {
    await dialog.getByTestId('fault-from').selectOption('s1')
    await dialog.getByTestId('fault-to').selectOption('s2')
    await dialog.getByTestId('fault-ms').fill('60')
  })
  await lab.startAppends(400, 2, 32)
  await expect.poll(() => lab.operationCount()).toBeGreaterThan(200)
  const began = Date.now()
  await lab.freeze()
  for (let delivered = 0; delivered < 20; delivered++) {
    await expect(lab.messages.first()).toBeVisible()
    // Alternates between the last row on screen (the newest of its node) and the first row (the one that has waited longest).
    await lab.actOnMessage(delivered % 2 === 0 ? -1 : 0, 'Enter')
  }
  await lab.expectAccessible()
  // No cluster time passes meanwhile.
  await lab.page.waitForTimeout(Math.max(0, frozenSeconds * 1000 - (Date.now() - began)))
  await lab.thaw()
  const operations = await lab.operationCount()
  await expect.poll(() => lab.operationCount(), { message: 'operations go on' }).toBeGreaterThan(operations + 200)
  await lab.switchWorkload()
  await expect(lab.page.locator('[data-test="operation-row"][data-state="waiting"]')).toHaveCount(0)
  for (const key of ['k0', 'k1']) expect((await lab.send('get', key)).state).toBe('ok')
  expect(await lab.viewCount()).toBe(views)

  const { text } = await lab.save(folder)
  const byHand = messagesByHand(text)
  expect(byHand.length, 'messages that were taken during the freeze').toBeGreaterThanOrEqual(20)
  expect(byHand, 'they were not taken in the order of sending').not.toEqual(byHand.toSorted((one, other) => one - other))
  expect(viewsIn(text)).toBe(views)
  const ended = operationsIn(text)
  expect(ended.filter(({ outcome }) => outcome !== 'ok'), 'operations that did not end well').toEqual([])
  for (const key of ['k0', 'k1']) {
    const value = ended.findLast((operation) => operation.type === 'get' && operation.key === key)?.result ?? ''
    const pieces = value.match(/w\d+\.*/g) ?? []
    const appended = ended.filter((operation) => operation.type === 'append' && operation.key === key).map((operation) => operation.value)
    expect(pieces.toSorted(), `${key} holds every append once`).toEqual(appended.toSorted())
  }
})

test('steps a frozen cluster by hand: a copy, a drop and a delivery, all by keyboard, and the retry comes through', async ({ lab }) => {
  await lab.startQuickCluster()
  await lab.freezeWhenSent('forward')
  const before = await lab.operationCount()
  await lab.page.locator('[data-panel="send"]').getByLabel('key', { exact: true }).fill('x')
  await lab.page.locator('[data-panel="send"]').getByLabel('value', { exact: true }).fill('1')
  await lab.page.locator('[data-panel="send"]').getByRole('button', { name: 'Send', exact: true }).click()
  await lab.expectFrozen()
  await expect(lab.page.getByTestId('freeze-reason')).toContainText('forward is sent')
  // It must be selected and on screen, however many messages wait before it.
  await expect(lab.selectedMessage).toContainText('forward from s1')
  const waiting = await lab.inboxCount()
  await lab.selectedMessage.click()
  await expect(lab.page.getByTestId('delivery-preview')).toContainText(/executed|forward-ack/)
  await lab.page.keyboard.press('u')
  await expect.poll(() => lab.inboxCount()).toBe(waiting + 1)
  await lab.page.keyboard.press('d')
  await expect.poll(() => lab.inboxCount()).toBe(waiting)
  await (await lab.findMessage('forward from s1')).click()
  await lab.page.keyboard.press('Enter')
  await lab.findMessage('forward-ack from s2')
  await lab.expectAccessible()
  await lab.page.keyboard.press('Escape')
  await lab.thaw()
  expect(await lab.outcome(before)).toMatchObject({ state: 'ok' })
})

test('cuts one direction of a link in the matrix, mends it, and every fault says what it has done', async ({ lab }) => {
  await lab.startQuickCluster()
  await lab.link('s1', 'vs').click()
  await expect(lab.link('s1', 'vs')).toHaveAccessibleName(/s1 to vs: cut/)
  await expect(lab.link('vs', 's1')).toHaveAccessibleName(/vs to s1: (?!cut)/)
  // The primary cannot reach the view server but reaches every other node.
  await lab.expectView('s2')
  await expect(lab.faults).toHaveCount(1)
  await expect(lab.faults).toContainText(/[1-9]\d* lost/)
  await lab.link('s1', 'vs').focus()
  await lab.page.keyboard.press('x')
  await expect(lab.faults).toHaveCount(0)

  await lab.addFault('delay', async (dialog) => {
    await dialog.getByTestId('fault-ms').fill('30')
    await expect(dialog.getByTestId('fault-words')).toContainText('30 ms')
    await lab.expectAccessible()
  })
  expect(await lab.send('put', 'slow', '1')).toMatchObject({ state: 'ok' })
  await expect(lab.faults).toContainText(/[1-9]\d* late/)
  await lab.faults.getByRole('switch').click()
  await expect(lab.faults.getByRole('switch')).toHaveAttribute('aria-checked', 'false')
  await lab.page.getByTestId('unreliable').click()
  await expect(lab.faults).toHaveCount(2)
  for (let count = 0; count < 10; count++) expect((await lab.send('append', 'log', String(count))).state).toBe('ok')
  expect(await lab.send('get', 'log')).toEqual({ state: 'ok', result: '"0123456789"' })
  await lab.expectAccessible()
  await lab.mendAll()
})

test('a partition: the side with the view server goes on, the other does not serve', async ({ lab }) => {
  await lab.startQuickCluster()
  await lab.send('put', 'x', '1')
  await lab.addFault('partition', async (dialog) => {
    for (const name of ['s1', 'c2']) await dialog.getByTestId(`side-${name}`).selectOption('left')
    for (const name of ['vs', 's2', 's3', 'c1']) await dialog.getByTestId(`side-${name}`).selectOption('right')
  })
  await lab.expectView('s2')
  expect(await lab.send('get', 'x')).toEqual({ state: 'ok', result: '"1"' })
  await expect(lab.process('s1')).toHaveAttribute('data-believes', 'primary')
  await lab.mendAll()
  await expect(lab.process('s1')).not.toHaveAttribute('data-believes', 'primary')
})
