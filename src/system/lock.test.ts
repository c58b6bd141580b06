// Kernel-held locks, held by this process or left by a killed one.
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { existsSync, mkdirSync, mkdtempSync, readdirSync, renameSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { holdLock, lockState, takeLock } from './lock'
import { makeTemporaryFolder, removeLeftFolders } from './temporary-folders'

let folder: string
beforeEach(() => { folder = mkdtempSync(join(tmpdir(), 'lock-test-')) })
afterEach(() => rmSync(folder, { recursive: true, force: true }))

/** Makes a lock as a killed process leaves it: the socket file exists, and no process listens. */
async function leave(at: string, name: string): Promise<void> {
  const release = holdLock(at, name)
  const [file = ''] = readdirSync(at).filter((found) => found.startsWith(name))
  const listen = 'require("net").createServer().listen(process.argv[1], () => console.log("up"))'
  release?.()
  const child = spawn(process.execPath, ['-e', listen, join(at, file)], { cwd: at, stdio: ['ignore', 'pipe', 'inherit'] })
  await once(child.stdout, 'data')
  expect(await lockState(at, name)).toBe('held')
  child.kill('SIGKILL')
  await once(child, 'exit')
}

test('a lock is held as long as it is not released, and no other can have it', async () => {
  expect(await lockState(folder)).toBe('unknown')
  const release = holdLock(folder)
  expect(await lockState(folder)).toBe('held')
  expect(holdLock(folder)).toBeUndefined()
  expect(await takeLock(folder, 'lock')).toBeNull()
  release?.()
  expect(await lockState(folder)).toBe('unknown')
  expect(readdirSync(folder)).toEqual([])
})

test('a lock of a process that was killed was left, and is taken', async () => {
  await leave(folder, 'lock')
  expect(await lockState(folder)).toBe('left')
  const release = await takeLock(folder, 'lock')
  expect(await lockState(folder)).toBe('held')
  release?.()
})

test('a folder whose path is too long for a socket has a lock all the same', async () => {
  const deep = join(folder, 'a'.repeat(100))
  mkdirSync(deep)
  const release = holdLock(deep)
  expect(await lockState(deep)).toBe('held')
  release?.()
  expect(readdirSync(deep)).toEqual([])
})

test('of a folder without a lock, and of one that another kernel has locked, nobody says that it was left', async () => {
  const release = holdLock(folder)
  const [name = ''] = readdirSync(folder)
  renameSync(join(folder, name), join(folder, 'lock-00000000'))
  expect(await lockState(folder)).toBe('unknown')
  writeFileSync(join(folder, name), '')
  expect(await lockState(folder)).toBe('unknown')
  release?.()
})

test('temporary folders: those that are left are removed, those in use and those that are kept are not', async () => {
  const used = makeTemporaryFolder('test')
  const kept = makeTemporaryFolder('test')
  const left = mkdtempSync(join(tmpdir(), 'understudy-test-left-'))
  await leave(left, 'lock')
  kept.keep()
  await removeLeftFolders()
  expect([existsSync(used.path), existsSync(kept.path), existsSync(left)]).toEqual([true, true, false])
  expect(readdirSync(kept.path)).toEqual([])
  used.remove()
  expect(existsSync(used.path)).toBe(false)
  rmSync(kept.path, { recursive: true })
})
