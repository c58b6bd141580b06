// A person's own program as a node of a live cluster, and in a scenario that names a slot for it. Its command is shown before it runs.
import { writeFileSync } from 'node:fs'
import { join, resolve } from 'node:path'
import { expect, test } from './fixtures'

const program = join(resolve(import.meta.dirname), 'backup-program.mjs')
/** The node that runs this spec: a desktop window has none of its own on its path. */
const command = `'${process.execPath}' '${program}'`

test('s2 is a program: it is shown before it runs, backs s1 up, is killed and restarted, and stands still in a freeze', async ({ lab }) => {
  await lab.startQuickCluster({ replicas: 2, clients: 1, programs: [{ who: 's2', command }] })
  await expect(lab.process('s2')).toContainText('program, level 3')
  expect(await lab.send('put', 'x', '1')).toMatchObject({ state: 'ok' })
  await lab.selectProcess('s2')
  await expect(lab.nodeState).toContainText('backup-program.mjs')
  await expect(lab.nodeState).toContainText(/executed\s*1/)

  await lab.act('Kill', 's2')
  await expect(lab.process('s2')).toHaveAttribute('data-life', 'dead')
  await lab.expectView('s1')
  await expect(lab.viewCard).not.toContainText('s2')
  await lab.act('Restart', 's2')
  await lab.expectView('s1', 's2')
  expect(await lab.send('put', 'y', '2')).toMatchObject({ state: 'ok' })

  await lab.freeze()
  const views = await lab.viewCount()
  const events = await lab.eventCount()
  await lab.page.waitForTimeout(1500) // Longer than the 600 ms after which a silent server is dead: a freeze must not cause a view change.
  expect([await lab.viewCount(), await lab.eventCount()]).toEqual([views, events])
  await lab.thaw()
  await expect.poll(() => lab.eventCount()).toBeGreaterThan(events)
  expect(await lab.send('get', 'y')).toMatchObject({ state: 'ok' })
  expect(await lab.viewCount()).toBe(views)
  await lab.openTab('Operations')
  await lab.expectAccessible()
})

test('the dialog says at its field what is wrong with a program, and offers again what ran', async ({ lab }) => {
  await lab.expectView('s1', 's2')
  await lab.openNewCluster()
  const row = await lab.addProgram({ who: 's1', command: 'node "replica.mjs', folder: '/nowhere' })
  await expect(row).toContainText('has a quote that does not end.')
  await expect(row).toContainText('The program cannot run in /nowhere: there is no such folder.')
  await lab.expectAccessible()
  await lab.page.keyboard.press('Escape')

  await lab.startQuickCluster({ replicas: 2, clients: 1, programs: [{ who: 's2', command }] })
  await lab.openNewCluster()
  await expect(lab.programRows).toHaveCount(1)
  await expect(lab.programRows).toContainText(`s2 runs ${process.execPath} ${program} in `)
  await lab.expectAccessible()
})

test('a scenario with a slot asks for its program, shows it, and then runs', async ({ lab, folder }) => {
  const path = join(folder, 'slot.yaml')
  writeFileSync(path, [
    'understudy: scenario', 'version: 1', 'title: A backup of yours', 'cluster: { replicas: 2, pingIntervalMs: 50, deadPings: 12, program: { s2: student } }', 'steps:',
    '  - wait: { view: { primary: s1, backups: [s2], acked: true } }', '  - put: { key: a, value: "1" }', '',
  ].join('\n'))
  await lab.expectView('s1', 's2')
  const dialog = await lab.openScenarioPrograms(path)
  await dialog.getByLabel('command of student').fill(command)
  await expect(dialog.getByTestId('program-runs')).toContainText(`s2 runs ${process.execPath} ${program} in `)
  await expect(dialog.getByTestId('no-sandbox')).toBeVisible()
  await lab.expectAccessible()
  await dialog.getByRole('button', { name: /^Run/ }).click()
  await expect(dialog).toBeHidden()
  await expect(lab.page.getByTestId('scenario-state')).toHaveAttribute('data-state', 'passed')
  await expect(lab.process('s2')).toContainText('program, level 3')
  await expect((await lab.openScenarioPrograms(path)).getByLabel('command of student')).toHaveValue(command)
})
