// The space-time diagram as a person uses it: what it draws live can be read, selected and saved, and every panel shows the same moment.
import { execFileSync } from 'node:child_process'
import { readFileSync } from 'node:fs'
import { expect, test } from './fixtures'

test('draws a failover live, shows one moment in every panel, and saves the picture', async ({ lab, folder }) => {
  await lab.expectView('s1', 's2')
  await lab.expectDrawn()
  await lab.zoomOut()
  await lab.send('put', 'x', '1')
  await lab.act('Kill', 's1')
  await lab.expectView('s2', 's3')
  await lab.diagramTells('vs', 'view changed')
  await lab.diagramTells('s1', 'killed')
  await lab.chooseInDiagram('vs', /view acked, view 3/)
  await lab.openTab('Log')
  await expect(lab.page.locator('[data-test="log-row"].current')).toContainText('view 3')
  await expect(lab.page.getByRole('complementary', { name: 'Inspector' })).toContainText('view 3 acked')
  await expect(lab.page.getByTestId('diagram-follow')).toHaveText('Go live')
  await lab.expectAccessible()
  const picture = await lab.savePicture('SVG', folder)
  const svg = readFileSync(picture, 'utf8')
  expect(svg).toContain('view 3')
  // An independent XML parser; the example client needs Python, so the tests have one.
  execFileSync('python3', ['-c', 'import sys, xml.dom.minidom; xml.dom.minidom.parse(sys.argv[1])', picture])
  await lab.savePicture('PNG', folder)
  await lab.page.getByTestId('diagram-follow').click()
  await expect(lab.page.getByTestId('diagram-follow')).toHaveText('Following')
})

test('tells a lost message with its reason and a late one with its delay', async ({ lab }) => {
  await lab.expectView('s1', 's2')
  await lab.zoomOut()
  await lab.addLinkFault('delay', { from: 's1', to: 's2', ms: 30 })
  await lab.addLinkFault('drop', { from: 's1', to: 'c1', times: 1 })
  expect(await lab.send('put', 'x', '1')).toMatchObject({ state: 'ok' })
  await lab.freeze()
  await lab.showAll()
  await lab.diagramTells('s1', /reply lost, s1 to c1.*drop/)
  await lab.chooseInDiagram('s2', /forward delivered, s1 to s2/)
  await expect(lab.page.getByRole('complementary', { name: 'Inspector' })).toContainText(/on its way\s*(\d{3,}|[3-9]\d)/)
})

test('shows a partition: what is lost between its sides, and the failover on the other', async ({ lab }) => {
  await lab.expectView('s1', 's2')
  await lab.zoomOut()
  // The client must have a view cached, because the partition separates it from the view server.
  await lab.send('put', 'w', '0')
  await lab.partition(['s1', 'c1'], ['vs', 's2', 's3', 'c2'])
  await lab.sendOnly('put', 'x', '1')
  await lab.expectView('s2', 's3')
  await lab.freeze()
  await lab.showAll()
  await lab.diagramTells('s1', /forward lost, s1 to s2/)
  await lab.diagramTells('vs', /view acked, view 3/)
})

test('folds heartbeats and shows them one by one, on both axes', async ({ lab }) => {
  await lab.expectView('s1', 's2')
  await lab.diagramTellsNot('s1', /ping sent/)
  await lab.page.keyboard.press('h')
  await lab.diagramTells('s1', /ping sent/)
  await expect(lab.page.getByText('pings, folded')).toBeHidden()
  await lab.page.getByRole('button', { name: 'Logical', exact: true }).click()
  await lab.diagramTells('s1', /ping sent/)
  await lab.page.keyboard.press('h')
  await lab.diagramTellsNot('s1', /ping sent/)
  await lab.expectAccessible()
})
