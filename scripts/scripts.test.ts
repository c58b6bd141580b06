// The decisions of `npm start` before it acts: what is missing, what is stale, where Electron is.
import { mkdirSync, mkdtempSync, readFileSync, realpathSync, rmSync, symlinkSync, utimesSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join, resolve } from 'node:path'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { fingerprint, isBuilt } from './build.mjs'
import { folderOfThePerson } from './command-line.mjs'
import { electronEnvironment, electronPlaces, findElectron, hasDisplay, sandboxSwitches } from './electron.mjs'
import { modulesAreCurrent, standingOfNode } from './install.mjs'
import { failureLines, slowestLines, withoutColours, writeFailures, writeTimes } from './suite-records.mjs'

let folder: string
beforeEach(() => {
  folder = realpathSync(mkdtempSync(join(tmpdir(), 'understudy-scripts-')))
})
afterEach(() => rmSync(folder, { recursive: true, force: true }))

const put = (path: string, text = ''): string => {
  mkdirSync(join(folder, path, '..'), { recursive: true })
  writeFileSync(join(folder, path), text)
  return join(folder, path)
}

describe('the packages', () => {
  const lock = (packages: object): string => JSON.stringify({ lockfileVersion: 3, packages })
  const wanted = { '': {}, 'node_modules/a': { version: '1.0.0', integrity: 'x' }, 'node_modules/only-windows': { version: '2.0.0', integrity: 'y', optional: true } }

  test('are current if they are those of the lock file, whatever the times of the files are, and were installed to the end', () => {
    utimesSync(put('package-lock.json', lock(wanted)), 2000, 2000)
    expect(modulesAreCurrent(folder)).toBe(false)
    const installed = put('node_modules/.package-lock.json', lock({ 'node_modules/a': wanted['node_modules/a'] }))
    utimesSync(installed, 1000, 1000)
    expect(modulesAreCurrent(folder)).toBe(true)
    for (const other of [{ 'node_modules/a': { version: '1.0.1', integrity: 'x' } }, { 'node_modules/a': { version: '1.0.0', integrity: 'z' } }, {}, { ...wanted, 'node_modules/b': { version: '1.0.0' } }]) {
      writeFileSync(installed, lock(other))
      expect(modulesAreCurrent(folder), JSON.stringify(other)).toBe(false)
    }
    writeFileSync(installed, '{"packages": {')
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

  test('is not stale as a copy with times of its own, and is where as many bytes are others', () => {
    const file = put('src/a.ts', 'one')
    put('out/.built-from', fingerprint(folder))
    utimesSync(file, 1000, 1000)
    expect(isBuilt(folder)).toBe(true)
    writeFileSync(file, 'two')
    utimesSync(file, 1000, 1000)
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

  test('is taken of the nearest folder that has it, and not of the folder that a person happens to stand in', () => {
    const project = join(folder, 'course')
    const copy = join(project, 'node_modules/understudy-lab')
    const around = { folder: copy, platform: 'linux', program: '/opt/node/bin/node' } as const
    expect(electronPlaces({ ...around, environment: {} })).toEqual([copy, project, '/opt/node/lib'])
    expect(electronPlaces({ ...around, folder: '/usr/lib/node_modules/understudy-lab', environment: { npm_config_local_prefix: project, npm_config_global_prefix: '/home/a/.npm-global' } }))
      .toEqual(['/usr/lib/node_modules/understudy-lab', '/usr/lib', project, '/home/a/.npm-global/lib', '/opt/node/lib'])
    put('course/node_modules/electron/path.txt', 'electron')
    const theirs = put('course/node_modules/electron/dist/electron')
    expect(findElectron({ folders: electronPlaces({ ...around, environment: {} }), platform: 'linux', environment: {} })).toBe(theirs)
    expect(electronPlaces({ folder: '/elsewhere', environment: { PATH: folder, PWD: project }, platform: 'linux', program: '/opt/node/bin/node' })).not.toContain(project)
  })

  test('is taken of the global packages wherever the PATH leads to them', () => {
    const cli = put('global/lib/node_modules/electron/cli.js')
    mkdirSync(join(folder, 'global/bin'))
    symlinkSync(cli, join(folder, 'global/bin/electron'))
    expect(electronPlaces({ folder: '/elsewhere', environment: { PATH: `/nowhere:${join(folder, 'global/bin')}` }, platform: 'linux', program: '/opt/node/bin/node' })).toContain(join(folder, 'global/lib'))
  })

  test('runs without its sandbox for root alone, and never as a plain Node', () => {
    expect([sandboxSwitches('linux', 0), sandboxSwitches('linux', 1000), sandboxSwitches('darwin', 0)]).toEqual([['--no-sandbox'], [], []])
    expect(electronEnvironment({ ELECTRON_RUN_AS_NODE: '1', NODE_OPTIONS: '--x', NODE_EXTRA_CA_CERTS: '/x.pem', HOME: '/home' })).toEqual({ HOME: '/home' })
    expect([hasDisplay('linux', {}), hasDisplay('linux', { DISPLAY: ':1' }), hasDisplay('darwin', {})]).toEqual([false, true, true])
  })
})

describe('the folder that a person stands in', () => {
  test('is where npm was called, for its scripts, and elsewhere where the process is', () => {
    const described = put('package/package.json', '{}')
    const package_ = join(folder, 'package')
    const called = join(folder, 'work')
    mkdirSync(called)
    const script = { INIT_CWD: called, npm_lifecycle_event: 'lab', npm_package_json: described }
    expect(folderOfThePerson(script, package_)).toBe(called)
    // npx keeps the current directory. A process that a script started elsewhere uses its own directory. A leftover variable is ignored.
    expect(folderOfThePerson({ ...script, npm_lifecycle_event: 'npx' }, package_)).toBe(package_)
    expect(folderOfThePerson(script, called)).toBe(called)
    expect(folderOfThePerson(script, folder)).toBe(folder)
    expect(folderOfThePerson({ INIT_CWD: called }, package_)).toBe(package_)
    expect(folderOfThePerson({ ...script, INIT_CWD: join(folder, 'gone') }, package_)).toBe(package_)
  })
})

describe('Node', () => {
  test('is supported from 20.19 to 26', () => {
    expect(['18.20.4', '20.18.9', '20.19.0', '22.3.0', '26.9.1', '27.0.0'].map((version) => standingOfNode(version))).toEqual(['too-old', 'too-old', 'supported', 'supported', 'supported', 'newer'])
  })
})

describe('a script that npm runs', () => {
  const root = resolve(import.meta.dirname, '..')
  const { scripts } = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8')) as { scripts: Record<string, string> }
  const started = Object.values(scripts).flatMap((script) => /^node (\S+\.mjs)/.exec(script)?.[1] ?? [])

  /** The packages that a script imports before its first line runs. */
  function packagesOf(path: string, seen = new Set<string>()): string[] {
    if (seen.has(path)) return []
    seen.add(path)
    const imported = [...readFileSync(path, 'utf8').matchAll(/^(?:import|export) (?:[^'"]* from )?'([^']+)'/gm)].map(([, name]) => name ?? '')
    return imported.filter((name) => !name.startsWith('node:')).flatMap((name) => name.startsWith('.') ? packagesOf(resolve(path, '..', name), seen) : [`${path}: ${name}`])
  }

  test.each(started)('%s starts in a fresh clone: it imports no package before it has installed them', (script) => {
    expect(packagesOf(join(root, script))).toEqual([])
  })
})

describe('the records of the suites', () => {
  test('list the longest files of all suites first, as many as are wanted', () => {
    const path = join(folder, 'times.jsonl')
    expect(slowestLines(path)).toEqual([])
    writeTimes('unit', [{ file: 'src/a.test.ts', seconds: 1.24 }, { file: 'src/b.test.ts', seconds: 12 }], path)
    writeTimes('e2e-electron', [{ file: 'e2e/c.spec.ts', seconds: 100.06 }], path)
    expect(slowestLines(path, 2)).toEqual(['    100.1 s  e2e/c.spec.ts (e2e-electron)', '     12.0 s  src/b.test.ts (unit)'])
  })

  test('print no colours; Playwright runs without NO_COLOR, because it sets FORCE_COLOR and Node warns of both', () => {
    expect(['vitest/vitest.mjs', '@playwright/test/cli.js'].map(withoutColours)).toEqual([{ NO_COLOR: '1' }, {}])
  })

  test('names each failed test with the first lines of its reason, without colours', () => {
    const path = join(folder, 'records.jsonl')
    expect(failureLines(path)).toEqual([])
    writeTimes('unit', [{ file: 'src/a.test.ts', seconds: 1 }], path)
    writeFailures('unit', [{ test: 'src/a.test.ts counts', why: '\u001B[31mexpected 1 to be 2\u001B[39m\n\n  - 2' }, { test: 'src/b.test.ts is long', why: 'x'.repeat(1000) }], path)
    expect(failureLines(path)).toEqual(['  src/a.test.ts counts (unit)', '      expected 1 to be 2', '      - 2', '  src/b.test.ts is long (unit)', `      ${'x'.repeat(400)}`])
    expect(slowestLines(path)).toEqual(['      1.0 s  src/a.test.ts (unit)'])
  })
})
