// A failover exported for other tools: as a report, a table and a diagram, of the whole session and of a range.
import { existsSync, readdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, test } from './fixtures'

test('exports a failover as report, table and diagram, whole and of a range', async ({ lab, folder }) => {
  await lab.startQuickCluster()
  await lab.send('put', 'x', '1')
  await lab.act('Kill', 's1')
  await lab.expectView('s2', 's3')
  await lab.send('append', 'x', '2')
  await lab.send('get', 'x')

  const report = await lab.export(folder, 'html')
  expect(report.name).toMatch(/\.html$/)
  expect(report.text).toMatch(/^<!doctype html>[^]*<\/html>\n$/)
  expect(report.text).toContain('get x')

  const table = (await lab.export(folder, 'csv')).text.trimEnd().split('\r\n')
  expect(table[0]).toMatch(/^client,incarnation,operation_id,/)
  expect(table.slice(1).map((row) => /,(put|append|get),x,/.exec(row)?.[1])).toEqual(['put', 'append', 'get'])

  const diagram = await lab.export(folder, 'mermaid')
  expect(diagram.text).toMatch(/^(%% .*\n)*sequenceDiagram\n/)

  // The range ends before the kill, so it has only operations of the first primary.
  const first = await lab.export(folder, 'csv', { from: 1, to: seqOf(table[1], 'returned') })
  expect(first.text.trimEnd().split('\r\n')).toHaveLength(2)
  expect(first.name).toMatch(/-1-\d+\.csv$/)

  const range = { from: seqOf(table[2], 'invoked'), to: seqOf(table[3], 'returned') }
  const part = await lab.export(folder, 'mermaid', range)
  expect(part.name).toMatch(new RegExp(`-${range.from}-${range.to}\\.mmd$`))
  expect(part.text).toContain(`From event ${range.from}`)
  expect(part.text).toContain('append x')
  expect(part.text).not.toContain('put x')
  expect((await lab.export(folder, 'html', range)).text).toContain(`from event ${range.from} to event ${range.to}`)
  // No partial file is left beside the saved ones.
  expect(readdirSync(folder).filter((name) => /\.(html|csv|mmd)/.test(name))).toHaveLength(6)
})

/** seq of the event at which an operation of the table was invoked or returned. */
function seqOf(row = '', which: 'invoked' | 'returned'): number {
  // A plain split is safe: none of these rows has a quoted text in the columns before.
  return Number(row.split(',')[which === 'invoked' ? 12 : 14])
}

test('says what a range is, what is wrong with it, and where an export waits for a session', async ({ lab }) => {
  await lab.send('put', 'x', '1')
  const dialog = await lab.openExport()
  await lab.expectAccessible()
  await expect(dialog.getByTestId('export-range-cursor')).toBeDisabled()
  await dialog.getByTestId('export-range-view').check()
  await expect(dialog.getByTestId('export-name')).toContainText(/-\d+-\d+\.html$/)
  await dialog.getByTestId('export-html').press('ArrowDown')
  await expect(dialog.getByTestId('export-shiviz')).toBeFocused()
  await expect(dialog.getByTestId('export-name')).toContainText(/\.log$/)
  await dialog.getByTestId('export-from').fill('9')
  await dialog.getByTestId('export-to').fill('3')
  await expect(dialog.getByRole('status')).toHaveText('The range ends before event 9.')
  await expect(dialog.getByTestId('export-run')).toHaveAttribute('aria-disabled', 'true')
  await lab.expectAccessible()
  await lab.page.keyboard.press('Escape')
  await expect(dialog).toBeHidden()
})

test('a history of another tool opens with its operations, and says what it has not', async ({ lab, folder }) => {
  await lab.send('put', 'x', '1')
  await lab.send('append', 'x', '2')
  await lab.send('get', 'x')
  const history = await lab.export(folder, 'jepsen')
  const path = join(folder, 'history.edn')
  writeFileSync(path, history.text)
  await lab.open(path)
  await expect.poll(() => lab.operationCount()).toBe(3)
  await expect(lab.page.getByTestId('operation-row').last()).toContainText('"12"')
  await lab.selectProcess('c1')
  await expect(lab.nodeState).toContainText('no processes: there is no state to show')
  await lab.press('b')
  await expect(lab.said).toHaveText('A history of another tool has operations and no processes: there is nothing to branch from.')
  await lab.expectAccessible()

  writeFileSync(path, '{:process 0, :type :invoke, :f :fly}')
  await lab.page.getByTestId('file-picker').setInputFiles(path)
  await expect(lab.said).toHaveText('history.edn: Line 1, column 32: The operation :fly is none of read, write, append, cas and delete.')
})

test.describe('without a session', () => {
  test.use({ empty: true })
  test('there is nothing to export, and that is said', async ({ lab }) => {
    await expect(lab.page.getByRole('heading', { name: 'Start a cluster and break it' })).toBeVisible()
    await lab.page.keyboard.press('Control+e')
    await expect(lab.said).toHaveText('There is no session to export.')
    await expect(lab.exportDialog).toBeHidden()
  })
})

test.describe('to a place that cannot be written', () => {
  // A file where a folder must be: writing there fails for root too.
  test.use({ saveFolder: 'a-file' })
  test('says so and leaves nothing', async ({ lab, folder, host }) => {
    test.skip(host !== 'electron', 'a browser says this itself')
    writeFileSync(join(folder, 'a-file'), 'mine')
    await lab.send('put', 'x', '1')
    const dialog = await lab.openExport()
    await dialog.getByTestId('export-csv').click()
    await dialog.getByTestId('export-run').click()
    await expect(lab.said).toHaveText(/\.csv cannot be written there: a part of the path is no folder\. Nothing of it was left; save it elsewhere\.$/)
    expect(existsSync(join(folder, 'a-file'))).toBe(true)
    expect(readdirSync(folder).filter((name) => /\.(csv|crdownload)/.test(name))).toEqual([])
  })
})
