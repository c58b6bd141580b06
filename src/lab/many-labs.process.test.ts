// Many full labs of one account: each records its own session under a unique name, although all start in the same second.
import { spawn, type ChildProcess } from 'node:child_process'
import { once } from 'node:events'
import { mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import { afterEach, beforeEach, expect, it } from 'vitest'
import { defaultClusterSettings, type Lab } from '../contract'
import { openScreen } from './web/screen'
import { cli } from '../system/testing/built'

/** Twenty labs take a minute on a slow machine. */
const labs = process.env['UNDERSTUDY_LONG'] === '1' ? 20 : 6

let data: string
const servers: ChildProcess[] = []
beforeEach(() => { data = mkdtempSync(join(tmpdir(), 'understudy-many-')) })
afterEach(async () => {
  await Promise.all(servers.splice(0).map(async (server) => {
    server.kill('SIGTERM')
    if (server.exitCode === null && server.signalCode === null) await once(server, 'exit')
  }))
  rmSync(data, { recursive: true, force: true, maxRetries: 5 })
})

async function serve(): Promise<Lab> {
  const server = spawn(process.execPath, [cli, 'serve', '--no-open'], { stdio: ['ignore', 'pipe', 'ignore'], env: { ...process.env, UNDERSTUDY_DATA: data } })
  servers.push(server)
  const [address] = await once(createInterface(server.stdout), 'line') as [string]
  return openScreen(address)
}

it(`${labs} labs that begin a cluster at once write as many recordings, and each says which is its own`, async () => {
  const screens = await Promise.all(Array.from({ length: labs }, serve))
  await Promise.all(screens.map((screen, index) => screen.call('newCluster', { ...defaultClusterSettings, title: 'lesson', replicas: 1, clients: 1, backupsWanted: 0, retryMs: 100 + index })))
  const said = await Promise.all(screens.map(async (screen) => (await screen.call('hello', {})).status.recording))
  const names = readdirSync(join(data, 'recordings'))
  expect(names).toHaveLength(labs)
  expect(said.map((recording) => recording?.problem)).toEqual(said.map(() => ''))
  expect(new Set(said.map((recording) => recording?.path))).toEqual(new Set(names.map((name) => join(data, 'recordings', name))))
  // Each lab's file is its own: the first line has its settings.
  said.forEach((recording, index) => expect(readFileSync(recording?.path ?? '', 'utf8').split('\n')[0]).toContain(`"retryMs":${100 + index}`))
  // The last writer of the settings has kept the settings of all others.
  await Promise.all(screens.map((screen) => screen.call('endSession', {})))
  for (const screen of screens) screen.close()
  const settings = JSON.parse(readFileSync(join(data, 'last-settings.json'), 'utf8')) as { retryMs: number; replicas: number }
  expect(settings.replicas).toBe(1)
  expect(settings.retryMs).toBeGreaterThanOrEqual(100)
})
