// Scenarios in the window: chosen, followed step by step, paused and stopped; and a file that cannot be run.
import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, test } from './fixtures'

test('plays one of the lab\'s scenarios; the step list follows, and all steps pass', async ({ lab }) => {
  await lab.expectView('s1', 's2')
  await lab.playScenario('A restarted primary is treated')
  await expect(lab.page.getByTestId('scenario-state')).toHaveAttribute('data-state', 'passed')
  const states = (): Promise<(string | null)[]> => lab.steps.evaluateAll((rows) => rows.map((row) => row.getAttribute('data-state')))
  await expect.poll(async () => new Set(await states())).toEqual(new Set(['passed']))
  expect((await states()).length).toBeGreaterThan(2)
  await lab.expectAccessible()
})

test('a scenario of a person\'s own: paused, played one step at a time, and a step that fails says what was seen', async ({ lab, folder }) => {
  const path = join(folder, 'own.yaml')
  writeFileSync(path, [
    'understudy: scenario', 'version: 1', 'title: My own', 'cluster: { replicas: 2, pingIntervalMs: 50, deadPings: 12 }', 'steps:',
    '  - wait: { view: { viewnum: 2, acked: true } }', '  - run: 5000', '  - put: { key: a, value: "1" }', '  - get: { key: a, gives: { value: "2" } }', '',
  ].join('\n'))
  await lab.expectView('s1', 's2')
  await lab.page.keyboard.press('Control+k')
  await lab.page.getByRole('combobox').fill('Run a scenario')
  await lab.page.keyboard.press('Enter')
  await lab.page.getByTestId('scenario-file').setInputFiles(path)
  await expect(lab.page.getByRole('dialog')).toBeHidden()
  await expect(lab.steps).toHaveCount(4)
  await lab.page.getByTestId('scenario-pause').click()
  await expect(lab.page.getByTestId('scenario-state')).toHaveAttribute('data-state', 'paused')
  await expect(lab.steps.nth(1)).toHaveAttribute('data-state', 'passed')
  await expect(lab.steps.nth(2)).toHaveAttribute('data-state', 'waiting')
  await lab.page.getByTestId('scenario-step').click()
  await expect(lab.steps.nth(2)).toHaveAttribute('data-state', 'passed')
  await expect(lab.page.getByTestId('scenario-state')).toHaveAttribute('data-state', 'paused')
  await lab.page.getByTestId('scenario-resume').click()
  await expect(lab.page.getByTestId('scenario-state')).toHaveAttribute('data-state', 'failed')
  await expect(lab.page.getByTestId('scenario-reason')).toContainText('it gave "1", not "2"')
  await lab.page.getByTestId('failing-moment').click()
  await expect(lab.steps.nth(3)).toHaveAttribute('data-state', 'failed')
  await lab.expectAccessible()
})

test('a file with mistakes is refused with their places, and the running cluster is left alone', async ({ lab, folder }) => {
  const path = join(folder, 'bad.yaml')
  writeFileSync(path, 'understudy: scenario\nversion: 1\ntitle: Bad\nsteps:\n  - kil: s1\n')
  await lab.startQuickCluster()
  await lab.page.keyboard.press('Control+k')
  await lab.page.getByRole('combobox').fill('Run a scenario')
  await lab.page.keyboard.press('Enter')
  await lab.page.getByTestId('scenario-file').setInputFiles(path)
  await expect(lab.page.getByTestId('scenario-problems')).toContainText('line 5, column 5: There is no step "kil"; did you mean "kill"?')
  await expect(lab.page.getByTestId('scenario-option').first()).toBeVisible()
  await lab.expectAccessible()
  await lab.page.keyboard.press('Escape')
  await expect(lab.process('s1')).toHaveAttribute('data-life', 'up')
  expect(await lab.send('put', 'x', '1')).toMatchObject({ state: 'ok' })
})
