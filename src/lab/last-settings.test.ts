// Many labs of one account share one settings file.
import { mkdtemp, readdir, rm, utimes, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { defaultClusterSettings, type ClusterSettings } from '../contract'
import { readLastSettings, rememberSettings } from './last-settings'

let folder: string
beforeEach(async () => { folder = await mkdtemp(join(tmpdir(), 'settings-')) })
afterEach(() => rm(folder, { recursive: true, force: true }))

const changed = (more: Partial<ClusterSettings>): ClusterSettings => ({ ...defaultClusterSettings, ...more })

test('each lab writes what it has changed, and leaves what another has', async () => {
  await rememberSettings(folder, defaultClusterSettings, changed({ replicas: 5 }))
  // This lab started before that change.
  await rememberSettings(folder, defaultClusterSettings, changed({ pingIntervalMs: 33 }))
  expect(await readLastSettings(folder)).toEqual(changed({ replicas: 5, pingIntervalMs: 33 }))
  // It reverts only its own change.
  await rememberSettings(folder, changed({ pingIntervalMs: 33 }), defaultClusterSettings)
  expect(await readLastSettings(folder)).toEqual(changed({ replicas: 5 }))
})

test('all that write at once are heard: none is lost, and nothing else is left in the folder', async () => {
  const changes: Partial<ClusterSettings>[] = [
    { replicas: 5 }, { clients: 3 }, { pingIntervalMs: 31 }, { deadPings: 7 }, { retryMs: 77 }, { operationTimeoutMs: 1234 }, { diskFreeMiBMin: 99 }, { replication: 'asynchronous' },
  ]
  await Promise.all(changes.map((change) => rememberSettings(folder, defaultClusterSettings, changed(change))))
  expect(await readLastSettings(folder)).toEqual(changed(Object.assign({}, ...changes) as Partial<ClusterSettings>))
  expect(await readdir(folder)).toEqual(['last-settings.json'])
})

test('what two labs chose makes one cluster that can be started', async () => {
  await rememberSettings(folder, defaultClusterSettings, changed({ replicas: 5, backupsWanted: 4 }))
  await rememberSettings(folder, changed({ replicas: 5, backupsWanted: 4 }), changed({ replicas: 2, backupsWanted: 4 }))
  expect(await readLastSettings(folder)).toMatchObject({ replicas: 2, backupsWanted: 1 })
})

test('a lock that a killed lab has left is taken away, and a broken file is written anew', async () => {
  await writeFile(join(folder, 'last-settings.json'), '{')
  await writeFile(join(folder, 'last-settings.json.lock'), '')
  await utimes(join(folder, 'last-settings.json.lock'), 1, 1)
  await rememberSettings(folder, defaultClusterSettings, changed({ clients: 3 }))
  expect(await readLastSettings(folder)).toEqual(changed({ clients: 3 }))
  expect(await readdir(folder)).toEqual(['last-settings.json'])
})
