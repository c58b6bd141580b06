// The rules of the protocol, checked while a cluster runs: a correct cluster keeps them, and a cluster with a mutant breaks them.
import { expect, test } from './fixtures'

test('a cluster as it should be keeps every rule through a failover, and says what was not exercised', async ({ lab }) => {
  await lab.startQuickCluster()
  await lab.openTab('Rules')
  // No request reached a server that is not primary, so rule 3 must not show a green tick.
  await expect(lab.rule(3)).toHaveAttribute('data-standing', 'not-exercised')
  await lab.send('put', 'x', '1')
  await lab.act('Kill', 's1')
  await lab.expectView('s2', 's3')
  expect(await lab.send('get', 'x')).toEqual({ state: 'ok', result: '"1"' })
  await lab.openTab('Rules')
  for (const number of [1, 2, 3, 4, 6]) await expect(lab.rule(number)).toHaveAttribute('data-standing', 'held')
  await expect(lab.rule(1)).toContainText('[1]')
  await expect(lab.page.locator('[data-standing="broken"]')).toHaveCount(0)
  await lab.expectAccessible()
})

test('rule 1 broken on purpose: it turns red with its sentence, and the guilty message is lit', async ({ lab }) => {
  await lab.startQuickCluster({ broken: 'answers-before-backups' })
  await expect(lab.page.getByTestId('broken-chip')).toContainText('Rule 1 broken')
  await lab.send('put', 'a', '1')
  await lab.openTab('Rules')
  await expect(lab.rule(1)).toHaveAttribute('data-standing', 'broken')
  await expect(lab.rule(1)).toContainText('s1 answered put a 1 as seq 1 in view 2 before s2, its backup, had said that it executed it.')
  await expect(lab.page.getByRole('tab', { name: /Rules/ })).toContainText('1 broken')
  await lab.act('Kill', 's1')
  await lab.expectView('s2', 's3')
  await lab.rule(1).getByTestId('rule-go').click()
  await expect(lab.selected).toContainText('reply s1 → c1')
  await lab.diagramTells('s1', /reply/)
  await lab.expectAccessible()
  // The other rules were kept.
  for (const number of [2, 4, 6]) await expect(lab.rule(number)).toHaveAttribute('data-standing', 'held')
})

test('copies that differ are told; the trace tells it too, travel stops there once, and the cluster freezes at it', async ({ lab }) => {
  await lab.startQuickCluster({ broken: 'acks-without-executing' })
  await expect(lab.page.getByTestId('broken-chip')).toBeVisible()
  await lab.freezeWhenRuleBroken()
  await lab.sendOnly('put', 'a', '1')
  await lab.expectFrozen()
  await lab.openTab('Rules')
  const equal = lab.page.locator('[data-rule="equal-copies"]')
  await expect(equal).toHaveAttribute('data-standing', 'broken')
  await expect(equal).toContainText('Nothing is in flight, and under "a" s2 holds nothing, s1, the primary of view 2, "1".')
  // The window found the violation and the trace reports it too; time travel must stop there only once.
  await lab.command('Previous violation')
  const at = await lab.cursorSeq()
  await lab.command('Previous violation')
  await expect(lab.said).toContainText('There is no earlier violation.')
  await lab.expectCursor(at)
  await lab.logContains('equal-copies broken')
  await lab.expectAccessible()
})
