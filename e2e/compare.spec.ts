// Two recordings side by side: a changed copy, a branch and its parent, another run, files that are not recordings.
import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, test } from './fixtures'
import { withOtherEffect } from './recording'

test('changed effects are found, shown beside the recorded ones, and reached by keys', async ({ lab, folder }) => {
  await lab.startQuickCluster()
  await lab.send('put', 'x', '1')
  await lab.send('put', 'x', '2')
  const { path, text } = await lab.save(folder)
  const last = withOtherEffect(text)
  const changed = withOtherEffect(last.text, 'first')
  const other = join(folder, 'changed.jsonl')
  writeFileSync(other, changed.text)
  await lab.openWhole(path)

  await lab.compareWith(path)
  await expect(lab.differences).toHaveText('no difference')
  await expect(lab.said).toHaveText(/are alike\.$/)
  await expect(lab.comparedRows).toHaveCount(1)

  await lab.compareWith(other)
  // One changed message differs in several events: sent, handed over and taken.
  await expect(lab.differences).toHaveText(/^1 of \d+$/)
  await lab.expectCursor(changed.seq)
  await expect(lab.comparedRow).toHaveAttribute('data-state', 'differs')
  await expect(lab.comparedRow).toContainText(`${changed.node}forward-ack sent`)
  const marked = lab.comparedRow.locator('mark')
  await expect(marked).toHaveCount(2)
  expect(Number.parseInt(await marked.nth(1).innerText())).toBe(Number.parseInt(await marked.nth(0).innerText()) + 1)
  await lab.expectAccessible()

  // F8 works from another tab too, because all panels share one cursor.
  await lab.openTab('Log')
  for (let step = 0; step < 9 && await lab.cursorSeq() < last.seq; step++) await lab.press('F8')
  await lab.expectCursor(last.seq)
  for (let step = 0; step < 9 && await lab.cursorSeq() > changed.seq; step++) await lab.press('Shift+F8')
  await lab.expectCursor(changed.seq)
  await lab.press('Shift+F8')
  await expect(lab.said).toHaveText('They do not differ before this.')

  await lab.press('8')
  await lab.page.getByRole('button', { name: 'fold alike' }).click()
  await expect.poll(() => lab.comparedRows.count()).toBeGreaterThan(5)
  await lab.page.getByRole('button', { name: 'End the comparison' }).click()
  await expect(lab.differences).toBeHidden()
})

test('a branch is compared with what it came from, and again when more has happened', async ({ lab, folder }) => {
  await lab.startQuickCluster()
  await lab.send('put', 'x', '1')
  await lab.send('put', 'x', '2')
  const { path, text } = await lab.save(folder)
  const events = text.trimEnd().split('\n').length - 1
  await lab.openWhole(path)
  await lab.branchHere()
  // The branch starts frozen.
  await lab.expectFrozen()
  await lab.compareWithParent()
  await expect(lab.differences).toHaveText('1 of 1')
  await expect(lab.comparedRow).toHaveAttribute('data-state', 'only-first')
  await lab.expectCursor(events + 1)
  await expect(lab.comparedRow).toContainText('branch')

  await lab.press('End')
  await lab.thaw()
  expect(await lab.send('put', 'x', '3')).toMatchObject({ state: 'ok' })
  await lab.openTab('Compare')
  await lab.page.getByRole('button', { name: 'Compare again' }).click()
  await expect(lab.differences).toBeVisible()
  // The events that only the branch has form one difference; no event of the parent is missing.
  await expect(lab.differences).toHaveText('1 of 1')
  await lab.page.getByRole('button', { name: 'fold alike' }).click()
  await expect(lab.comparedRow).toHaveAttribute('data-state', 'only-first')
  await lab.expectAccessible()
})

test('a file that is cut off is compared as far as it goes, and what is no recording is refused', async ({ lab, folder }) => {
  await lab.startQuickCluster()
  await lab.send('put', 'x', '1')
  const { path, text } = await lab.save(folder)
  const cut = join(folder, 'cut.jsonl')
  writeFileSync(cut, text.slice(0, text.length / 2))
  const foreign = join(folder, 'foreign.jsonl')
  writeFileSync(foreign, '<script>alert(1)</script>\n')
  await lab.openWhole(path)
  await lab.compareWith(cut)
  await expect(lab.page.getByText(/cut\.jsonl: The last line was cut off; .* events are whole\./)).toBeVisible()
  await expect(lab.comparedRow).toHaveAttribute('data-state', 'only-first')
  await lab.page.getByTestId('compare-picker').setInputFiles(foreign)
  await expect(lab.page.getByTestId('compare-problem')).toHaveText('foreign.jsonl: This file is not an Understudy recording.')
  await lab.expectAccessible()
})
