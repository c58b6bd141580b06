// One failover seen through every panel: the same moment in all of them, a branch from the middle of a state transfer, and hostile or altered files.
import { readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, test } from './fixtures'
import { seqOfFirst, withOtherEffect } from './recording'

test('one moment is the same moment in every panel', async ({ lab, folder }) => {
  await lab.startQuickCluster()
  await lab.send('put', 'x', '1')
  await lab.act('Kill', 's1')
  await lab.expectView('s2', 's3')
  await lab.send('put', 'x', '2')
  const { path, text } = await lab.save(folder)
  await lab.openWhole(path)
  await lab.selectProcess('s2')
  await expect(lab.nodeState).toContainText(/x\s*2/)
  expect([await lab.viewCount(), await lab.operationCount()]).toEqual([3, 2])

  const seq = seqOfFirst(text, 'node-exited')
  await lab.goToEvent(seq)
  await lab.expectCursor(seq)
  await lab.openTab('Log')
  await expect(lab.page.locator('[data-test="log-row"].current')).toContainText('exited')
  await expect(lab.selected).toContainText('s1 exited')
  expect([await lab.viewCount(), await lab.operationCount()]).toEqual([2, 1])
  await expect(lab.process('s1')).toContainText('killed')
  await expect(lab.page.getByTestId('view-card')).toHaveAttribute('data-viewnum', '2')
  await lab.diagramTells('s1', 'killed')
  await expect(lab.page.getByTestId('diagram-follow')).toHaveText('To the end')
  await expect(lab.page.getByRole('slider', { name: 'Time' })).toHaveAttribute('aria-valuetext', /^\d/)
  await lab.selectProcess('s2')
  await expect(lab.nodeState).toContainText(/x\s*1/)
  await lab.expectAccessible()

  await lab.press('End')
  expect([await lab.viewCount(), await lab.operationCount()]).toEqual([3, 2])
  await expect(lab.nodeState).toContainText(/x\s*2/)
})

test('a branch from the middle of a state transfer completes it, and the workload goes on', async ({ lab, folder }) => {
  await lab.startQuickCluster()
  await lab.send('put', 'x', '1')
  await lab.freezeWhenSent('state-transfer')
  await lab.act('Kill', 's1')
  await lab.expectFrozen()
  const { path, text } = await lab.save(folder)
  await lab.openWhole(path)
  // The cursor is at the end: the state transfer from s2 to s3 is in flight, and view 3 is not acked.
  await lab.branchHere()
  await lab.expectFrozen()
  await expect(lab.page.getByTestId('view-card')).toHaveAttribute('data-acked', 'false')
  await lab.expectAccessible()
  await lab.thaw()
  await lab.expectView('s2', 's3')
  expect(await lab.send('get', 'x')).toEqual({ state: 'ok', result: '"1"' })
  await lab.startAppends(100, 4)
  await lab.openTab('Operations')
  await expect.poll(() => lab.operationCount()).toBeGreaterThan(100)
  await lab.switchWorkload()
  const branch = await lab.save(folder)
  const [ownHeader, ...own] = branch.text.split('\n')
  const [, ...parents] = text.trimEnd().split('\n')
  expect(JSON.parse(ownHeader ?? '')).toMatchObject({ parent: { seq: parents.length } })
  expect(own.slice(0, parents.length)).toEqual(parents)
})

test('hostile text is text, and a recording with one changed effect is told apart at that step', async ({ lab, folder }) => {
  await lab.startQuickCluster()
  const hostile = '<img src=x onerror="document.title=1">\u202Egnp.exe'
  expect(await lab.send('put', hostile, '<script>1</script>')).toMatchObject({ state: 'ok' })
  await lab.send('put', 'y', '2')
  const { path, text } = await lab.save(folder)
  await lab.openWhole(path)
  await lab.openTab('Operations')
  // A character that would reverse the text direction is shown as an escape.
  await expect(lab.page.getByTestId('operation-row').first()).toContainText('put <img src=x onerror="document.title=1">\\u202egnp.exe <script>1</script>')
  await expect(lab.page).toHaveTitle(/Understudy/)

  const changed = withOtherEffect(text)
  writeFileSync(path, changed.text)
  await lab.openWhole(path)
  await lab.selectProcess(changed.node)
  // A step is identified by its input, which is the event before its effects.
  await expect(lab.nodeState).toContainText(new RegExp(`The recorded effects differ from #${String(changed.seq - 1).replace(/\B(?=(\d{3})+$)/, '\\s')} on`))

  const cut = join(folder, 'cut.jsonl')
  writeFileSync(cut, readFileSync(path, 'utf8').slice(0, -37))
  await lab.open(cut)
  await expect(lab.page.getByText(/The last line was cut off/).first()).toBeVisible()
})
