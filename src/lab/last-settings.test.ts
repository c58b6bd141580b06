// Many labs of one account share one settings file.
import { mkdtemp, readdir, rm, utimes, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { defaultClusterSettings, type ClusterSettings, type ProgramChoice } from '../contract'
import { newestFirst, readLast, rememberPrograms, rememberSettings } from './last-settings'

let folder: string
beforeEach(async () => { folder = await mkdtemp(join(tmpdir(), 'settings-')) })
afterEach(() => rm(folder, { recursive: true, force: true }))

const changed = (more: Partial<ClusterSettings>): ClusterSettings => ({ ...defaultClusterSettings, ...more })

test('each lab writes what it has changed, and leaves what another has', async () => {
  await rememberSettings(folder, defaultClusterSettings, changed({ replicas: 5 }))
  // This lab started before that change.
  await rememberSettings(folder, defaultClusterSettings, changed({ pingIntervalMs: 33 }))
  expect((await readLast(folder)).settings).toEqual(changed({ replicas: 5, pingIntervalMs: 33 }))
  // It reverts only its own change.
  await rememberSettings(folder, changed({ pingIntervalMs: 33 }), defaultClusterSettings)
  expect((await readLast(folder)).settings).toEqual(changed({ replicas: 5 }))
})

test('all that write at once are heard: none is lost, and nothing else is left in the folder', async () => {
  const changes: Partial<ClusterSettings>[] = [
    { replicas: 5 }, { clients: 3 }, { pingIntervalMs: 31 }, { deadPings: 7 }, { retryMs: 77 }, { operationTimeoutMs: 1234 }, { diskFreeMiBMin: 99 }, { replication: 'asynchronous' },
  ]
  await Promise.all(changes.map((change) => rememberSettings(folder, defaultClusterSettings, changed(change))))
  expect((await readLast(folder)).settings).toEqual(changed(Object.assign({}, ...changes) as Partial<ClusterSettings>))
  expect(await readdir(folder)).toEqual(['last-settings.json'])
})

test('what two labs chose makes one cluster that can be started', async () => {
  await rememberSettings(folder, defaultClusterSettings, changed({ replicas: 5, backupsWanted: 4 }))
  await rememberSettings(folder, changed({ replicas: 5, backupsWanted: 4 }), changed({ replicas: 2, backupsWanted: 4 }))
  expect((await readLast(folder)).settings).toMatchObject({ replicas: 2, backupsWanted: 1 })
})

test('a lock that a killed lab has left is taken away, and a broken file is written anew', async () => {
  await writeFile(join(folder, 'last-settings.json'), '{')
  await writeFile(join(folder, 'last-settings.json.lock'), '')
  await utimes(join(folder, 'last-settings.json.lock'), 1, 1)
  await rememberSettings(folder, defaultClusterSettings, changed({ clients: 3 }))
  expect((await readLast(folder)).settings).toEqual(changed({ clients: 3 }))
  expect(await readdir(folder)).toEqual(['last-settings.json'])
})

const program = (who: string, command = 'run'): ProgramChoice => ({ who, command, folder: '/' })

test('the programs of a cluster are among its settings until a cluster has none; what ran is offered longer', async () => {
  const mixed = changed({ programs: [program('s2')] })
  await rememberSettings(folder, defaultClusterSettings, mixed)
  await rememberPrograms(folder, [program('student')])
  expect(await readLast(folder)).toEqual({ settings: mixed, programs: [program('student'), program('s2')] })
  // This lab knew of none, and chose none.
  await rememberSettings(folder, defaultClusterSettings, changed({ replicas: 5 }))
  expect((await readLast(folder)).settings).toEqual({ ...mixed, replicas: 5 })
  await rememberSettings(folder, mixed, defaultClusterSettings)
  expect(await readLast(folder)).toEqual({ settings: changed({ replicas: 5 }), programs: [program('student'), program('s2')] })
})

test('what ran last comes first, each program once, and not without end', () => {
  expect(newestFirst([program('s2', 'b')], [program('s1', 'a'), program('s2', 'b')])).toEqual([program('s2', 'b'), program('s1', 'a')])
  expect(newestFirst([], Array.from({ length: 30 }, (_, index) => program('s1', `run ${index}`)))).toHaveLength(12)
})
