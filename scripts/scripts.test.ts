// What `npm start` decides before it does anything: what is missing, what is stale, where Electron is.
import { mkdirSync, mkdtempSync, rmSync, utimesSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { fingerprint, isBuilt } from './build.mjs'
import { electronEnvironment, findElectron, hasDisplay, sandboxSwitches } from './electron.mjs'
import { modulesAreCurrent } from './install.mjs'

let folder: string
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'understudy-scripts-'))
})
afterEach(() => rmSync(folder, { recursive: true, force: true }))

const put = (path: string, text = ''): string => {
  mkdirSync(join(folder, path, '..'), { recursive: true })
  writeFileSync(join(folder, path), text)
  return join(folder, path)
}

describe('the packages', () => {
  test('are current only if they were installed after the lock file was written, and to the end', () => {
    utimesSync(put('package-lock.json'), 1000, 1000)
    expect(modulesAreCurrent(folder)).toBe(false)
    const installed = put('node_modules/.package-lock.json')
    utimesSync(installed, 2000, 2000)
    expect(modulesAreCurrent(folder)).toBe(true)
    utimesSync(installed, 500, 500)
    expect(modulesAreCurrent(folder)).toBe(false)
  })
})

describe('the build', () => {
  test('is stale when a source has changed, come or gone, and not when a test has', () => {
    put('src/a.ts', 'one')
    const file = put('src/room/b.ts', 'two')
    put('out/.built-from', fingerprint(folder))
    expect(isBuilt(folder)).toBe(true)
    put('src/room/b.test.ts', 'a test')
    expect(isBuilt(folder)).toBe(true)
    writeFileSync(file, 'two changed')
    expect(isBuilt(folder)).toBe(false)
    put('out/.built-from', fingerprint(folder))
    rmSync(file)
    expect(isBuilt(folder)).toBe(false)
  })

  test('is stale where it never was', () => {
    expect(isBuilt(folder)).toBe(false)
  })
})

describe('Electron', () => {
  test('is looked for where ELECTRON_OVERRIDE_DIST_PATH says, and nowhere else then', () => {
    put('node_modules/electron/path.txt', 'electron')
    put('node_modules/electron/dist/electron')
    const own = join(folder, 'node_modules/electron/dist/electron')
    expect(findElectron({ folder, platform: 'linux', environment: {} })).toBe(own)
    expect(findElectron({ folder, platform: 'linux', environment: { ELECTRON_OVERRIDE_DIST_PATH: join(folder, 'elsewhere') } })).toBeUndefined()
    put('elsewhere/electron')
    expect(findElectron({ folder, platform: 'linux', environment: { ELECTRON_OVERRIDE_DIST_PATH: join(folder, 'elsewhere') } })).toBe(join(folder, 'elsewhere/electron'))
    rmSync(own)
    expect(findElectron({ folder, platform: 'linux', environment: {} })).toBeUndefined()
  })

  test('runs without its sandbox for root alone, and never as a plain Node', () => {
    expect([sandboxSwitches('linux', 0), sandboxSwitches('linux', 1000), sandboxSwitches('darwin', 0)]).toEqual([['--no-sandbox'], [], []])
    expect(electronEnvironment({ ELECTRON_RUN_AS_NODE: '1', NODE_OPTIONS: '--x', NODE_EXTRA_CA_CERTS: '/x.pem', HOME: '/home' })).toEqual({ HOME: '/home' })
    expect([hasDisplay('linux', {}), hasDisplay('linux', { DISPLAY: ':1' }), hasDisplay('darwin', {})]).toEqual([false, true, true])
  })
})
