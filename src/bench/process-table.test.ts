import { expect, test } from 'vitest'
import { loadByRole, roleOf, type RunningProcess } from './process-table'

test('a process is known by its command line, or by the title that it has put there', () => {
  expect([
    'understudy s1', 'understudy switchboard', '/usr/bin/node /x/out/main/cli.js serve', '/x/chromium --type=renderer --lang=en', '/x/electron --type=gpu-process',
    '/x/electron --type=zygote', '/x/electron /x/understudy',
  ].map(roleOf)).toEqual(['node', 'switchboard', 'lab', 'page', 'graphics', 'window', 'window'])
})

test('a load is what was used between two looks, in percent of a core; who came later counts from nothing', () => {
  const one = (pid: number, role: RunningProcess['role'], usedMs: number): RunningProcess => ({ pid, parent: 1, role, usedMs })
  expect(loadByRole([one(5, 'page', 100), one(6, 'node', 50)], [one(5, 'page', 300), one(6, 'node', 50), one(7, 'page', 10)], 2000))
    .toEqual({ page: 10.5, graphics: 0, window: 0, lab: 0, switchboard: 0, node: 0 })
})
