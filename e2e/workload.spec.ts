// A workload through two failovers, checked against its own recording; then that recording is saved, opened and shown unchanged.
import { expect, test } from './fixtures'
import { operationsIn } from './recording'

test('500 operations a second through two kills and restarts: no acknowledged write is lost, none is there twice', async ({ lab, folder }) => {
  const keys = 4
  await lab.startQuickCluster()
  await lab.startAppends(500, keys)
  /** Waits for as many operations as an idle machine does in two seconds. */
  const more = async (): Promise<void> => {
    const before = await lab.operationCount()
    await expect.poll(() => lab.operationCount()).toBeGreaterThan(before + 1100)
  }
  await more()
  await lab.act('Kill', 's1')
  await lab.expectView('s2', 's3')
  await lab.act('Restart', 's1')
  await more()
  await lab.act('Kill', 's2')
  await lab.expectView('s3')
  await lab.act('Restart', 's2')
  await more()
  await lab.switchWorkload()
  await lab.openTab('Operations')
  await expect(lab.page.locator('[data-test="operation-row"][data-state="waiting"]')).toHaveCount(0)
  for (let key = 0; key < keys; key++) expect((await lab.send('get', `k${key}`)).state).toBe('ok')

  const { text } = await lab.save(folder)
  const operations = operationsIn(text)
  const appends = operations.filter(({ type }) => type === 'append')
  const acknowledged = appends.filter(({ outcome }) => outcome === 'ok')
  expect(acknowledged.length, 'acknowledged appends').toBeGreaterThan(3000)
  for (let key = 0; key < keys; key++) {
    const value = operations.findLast((operation) => operation.type === 'get' && operation.key === `k${key}`)?.result ?? ''
    const pieces = value.match(/w\d+\.*/g) ?? []
    expect(new Set(pieces).size, `k${key} holds nothing twice`).toBe(pieces.length)
    const found = new Set(pieces)
    const lost = acknowledged.filter((append) => append.key === `k${key}` && !found.has(append.value))
    expect(lost, `acknowledged appends that k${key} has lost`).toEqual([])
  }
})

test('a saved recording opens and shows the same views and operations, and refuses every act with the reason', async ({ lab, folder }) => {
  await lab.startQuickCluster()
  await lab.send('put', 'x', '1')
  await lab.act('Kill', 's1')
  await lab.expectView('s2', 's3')
  await lab.send('get', 'x')
  const [views, operations] = [await lab.viewCount(), await lab.operationCount()]
  const { path } = await lab.save(folder, true)
  await lab.openWhole(path)
  await lab.expectView('s2', 's3')
  expect([await lab.viewCount(), await lab.operationCount()]).toEqual([views, operations])
  await expect(lab.process('s1')).toHaveAttribute('data-life', 'dead')
  await expect(lab.page.getByRole('button', { name: 'Kill s2', exact: true })).toHaveCount(0)
  await lab.expectAccessible()
})
