// A recording of programs that are not ours: every panel shows them, and what cannot be judged says so. Nothing is started by opening it.
import { spawnSync } from 'node:child_process'
import { join, resolve } from 'node:path'
import { expect, test } from './fixtures'

const root = resolve(import.meta.dirname, '..')
const node = (name: string): string => `'${process.execPath}' '${join(root, 'examples/nodes/javascript', name)}'`

test('a recorded test of a program is shown: its nodes, its level, its state, its messages', async ({ lab, folder }) => {
  const path = join(folder, 'broadcast.jsonl')
  const words = ['test', '--bin', node('broadcast.mjs'), '-w', 'broadcast', '--node-count', '3', '--rate', '10', '--time-limit', '2', '--settle', '1000', '--seed', 'e2e', '--services', 'lin-kv', '--record', path]
  const { status, stderr } = spawnSync(process.execPath, [join(root, 'out/main/cli.js'), ...words], { encoding: 'utf8' })
  expect([status, stderr.includes('nodes are up')]).toEqual([0, true])

  await lab.openWhole(path)
  await expect(lab.process('n0')).toContainText('server')
  await expect(lab.process('lin-kv')).toContainText('service')
  await lab.selectProcess('n1')
  await expect(lab.nodeState).toContainText('broadcast.mjs')
  await expect(lab.nodeState).toContainText(/level\s*3/)
  await expect(lab.nodeState).toContainText('known')
  await lab.openTab('Rules')
  await expect(lab.rule(1)).toHaveAttribute('data-standing', 'not-judged')
  await lab.logContains('kind:gossip')
  await lab.openTab('Operations')
  await expect(lab.operationRows.first()).toContainText(/read|broadcast|topology/)
  await lab.openTab('Inboxes')
  await lab.openTab('History')
  await lab.expectAccessible()
})
