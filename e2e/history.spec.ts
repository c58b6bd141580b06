// The history that clients saw, linearized while a cluster runs. A correct cluster has an order; a broken one loses a write, and the panel names it.
import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, test } from './fixtures'

test('rule 1 broken on purpose: the rule turns red, the guilty message is lit, and the history shows the write that was lost', async ({ lab }) => {
  await lab.startQuickCluster({ broken: 'answers-before-backups' })
  await lab.send('put', 'a', '1')
  // From here on the backup receives nothing from its primary, which still answers clients.
  await lab.addLinkFault('drop', { from: 's1', to: 's2' })
  expect(await lab.send('put', 'a', '2')).toMatchObject({ state: 'ok' })
  await lab.act('Kill', 's1')
  await lab.expectView('s2', 's3')
  expect(await lab.send('get', 'a')).toEqual({ state: 'ok', result: '"1"' })

  await lab.openTab('Rules')
  await expect(lab.rule(1)).toHaveAttribute('data-standing', 'broken')
  await expect(lab.rule(1)).toContainText('before s2, its backup, had said that it executed it.')
  await lab.rule(1).getByTestId('rule-go').click()
  await expect(lab.selected).toContainText('reply s1 → c1')
  await lab.diagramTells('s1', /reply/)

  await lab.openTab('History')
  await expect(lab.page.getByRole('tab', { name: /History/ })).toContainText('1 error')
  await expect(lab.history).toHaveAttribute('data-standing', 'not-linearizable')
  await expect(lab.history).toContainText("Key a: c1's get returned 1, but 2 was acknowledged to c1 before it began.")
  await expect(lab.page.getByTestId('history-more')).toContainText('Longest part in order, 2 operations: c1 put a 1, c1 put a 2. c1 get a → 1 has no place behind it.')
  await lab.page.getByTestId('history-first-error').click()
  await expect(lab.selected).toContainText('c1 returned')
  await lab.showAll()
  await lab.expectPoints(2)
  await expect(lab.historyCells).toHaveCount(3)
  await expect(lab.historyCells.last()).toContainText('get a')
  await lab.expectAccessible()
})

test('a cluster as it should be: through a failover, what the clients saw can be put in order', async ({ lab }) => {
  await lab.startQuickCluster()
  await lab.press('y')
  await expect(lab.page.getByText('No operation has returned yet.')).toBeVisible()
  await lab.send('put', 'x', '1')
  await lab.act('Kill', 's1')
  await lab.expectView('s2', 's3')
  expect(await lab.send('get', 'x')).toEqual({ state: 'ok', result: '"1"' })
  await lab.openTab('History')
  await expect(lab.history).toHaveAttribute('data-standing', 'linearizable')
  await expect(lab.history).toContainText('2 operations on 1 key can be put in order.')
  await lab.showAll()
  await lab.expectPoints(2)
  await expect(lab.page.getByTestId('history-first-error')).toHaveCount(0)
  await lab.expectAccessible()
})

test("another tool's history is judged as well", async ({ lab, folder }) => {
  const path = join(folder, 'lost.edn')
  writeFileSync(path, [
    '{:process 0, :type :invoke, :f :write, :key "x", :value "1", :time 1000000}', '{:process 0, :type :ok, :f :write, :key "x", :value "1", :time 2000000}',
    '{:process 1, :type :invoke, :f :read, :key "x", :value nil, :time 3000000}', '{:process 1, :type :ok, :f :read, :key "x", :value nil, :time 4000000}',
  ].join('\n'))
  await lab.open(path)
  await lab.openTab('History')
  await expect(lab.history).toHaveAttribute('data-standing', 'not-linearizable')
  await expect(lab.history).toContainText("Key x: c2's get found no value, but 1 was acknowledged to c1 before it began.")
  await lab.page.getByTestId('history-first-error').click()
  await expect(lab.selected).toContainText('c2 returned')
})
