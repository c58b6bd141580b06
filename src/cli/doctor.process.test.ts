// `doctor` on broken machines: one line names the cause, the status says whether the lab can run, and nothing is left behind.
import { spawnSync } from 'node:child_process'
import { mkdirSync, mkdtempSync, readdirSync, rmSync, symlinkSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join, resolve } from 'node:path'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { cli } from '../system/testing/built'

interface Told { readonly name: string; readonly state: string; readonly says: string; readonly how: string }
interface Doctored { readonly status: number | null; readonly canRun: boolean; readonly told: (name: string) => Told; readonly missing: readonly string[] }

let folder: string
let environment: NodeJS.ProcessEnv
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'understudy-doctor-test-'))
  for (const name of ['home', 'tmp', 'bin', 'empty']) mkdirSync(join(folder, name))
  symlinkSync(process.execPath, join(folder, 'bin/node'))
  writeFileSync(join(folder, 'file'), '')
  environment = { PATH: process.env['PATH'], HOME: join(folder, 'home'), TMPDIR: join(folder, 'tmp') }
})
afterEach(() => rmSync(folder, { recursive: true, force: true }))

/** Runs `doctor` with other variables (undefined: unset) and with limits of a shell. */
function doctor(other: NodeJS.ProcessEnv = {}, limits = ''): Doctored {
  const env = Object.fromEntries(Object.entries({ ...environment, ...other }).filter(([, value]) => value !== undefined))
  const { status, stdout, stderr } = spawnSync('/bin/sh', ['-c', `${limits} exec "$0" "$1" doctor --json`, process.execPath, cli], { encoding: 'utf8', env })
  expect(stderr).toBe('')
  const { canRun, checks } = JSON.parse(stdout) as { canRun: boolean; checks: Told[] }
  const told = (name: string): Told => checks.find((check) => check.name === name) ?? expect.fail(`no line for ${name}`)
  return { status, canRun, told, missing: checks.filter(({ state }) => state === 'missing').map(({ name }) => name) }
}

describe('doctor', () => {
  it('finds nothing missing where the lab runs, says one line for each thing, and leaves nothing', () => {
    const { status, canRun, missing, told } = doctor()
    expect({ status, canRun, missing }).toEqual({ status: 0, canRun: true, missing: [] })
    for (const name of ['node', 'temporary folder', 'home', 'data folder', 'own process', 'loopback', 'sockets']) expect(told(name)).toMatchObject({ state: 'ok', how: '' })
    expect([...readdirSync(join(folder, 'tmp')), ...readdirSync(join(folder, 'home'))]).toEqual([])
    const { stdout } = spawnSync(process.execPath, [cli, 'doctor'], { encoding: 'utf8', env: environment })
    const lines = stdout.trimEnd().split('\n')
    for (const line of lines.slice(0, -1)) expect(line).toMatch(/^(ok {5}|warning) {2}[a-z ]+ {2}\S.*\.$/)
    expect(lines.at(-1)).toMatch(/^The lab can run here/)
  })

  it.each([
    ['is missing', 'nowhere', /^TMPDIR is .*nowhere, and there is no such folder\.$/],
    ['is a file', 'file', /^TMPDIR is .*file, and that is a file and no folder\.$/],
    ['takes no files, not even of root', '/proc', /^TMPDIR is \/proc, and no file can be made there\.$/],
  ])('a temporary folder that %s', (_what, path, says) => {
    const { status, canRun, told, missing } = doctor({ TMPDIR: resolve(folder, path) })
    expect({ status, canRun }).toEqual({ status: 2, canRun: false })
    expect(told('temporary folder')).toMatchObject({ state: 'missing', says: expect.stringMatching(says) as string, how: expect.stringContaining('Set TMPDIR') as string })
    expect(missing).toEqual(['temporary folder', 'sockets'])
  })

  it('no HOME, or one that is not there: the lab runs', () => {
    expect(doctor({ HOME: undefined, UNDERSTUDY_DATA: join(folder, 'data') })).toMatchObject({ status: 0, missing: [] })
    expect(doctor({ HOME: undefined }).told('home')).toMatchObject({ state: 'warning', says: 'HOME is not set; the account says where the data folder is.' })
    const gone = doctor({ HOME: join(folder, 'gone') })
    expect(gone.told('home')).toMatchObject({ state: 'warning', says: `HOME is ${join(folder, 'gone')}, and there is no such folder.` })
    expect(gone.status).toBe(0)
  })

  it('a data folder that is a file, and one that cannot be made: recordings go elsewhere', () => {
    const file = doctor({ UNDERSTUDY_DATA: join(folder, 'file') })
    expect(file.told('data folder')).toMatchObject({ state: 'warning', says: `UNDERSTUDY_DATA is ${join(folder, 'file')}, and that is a file and no folder. Recordings go to the temporary folder.` })
    expect(file.status).toBe(0)
    expect(doctor({ UNDERSTUDY_DATA: join(folder, 'file/below') }).told('data folder').says).toContain(`it cannot be made: of ${join(folder, 'file')}, that is a file and no folder`)
    expect(doctor({ UNDERSTUDY_DATA: '/proc/x' }).told('data folder').says).toContain('it cannot be made: of /proc, no file can be made there')
  })

  it('no display, no runtime, no browser: the lab runs, and each is told', () => {
    const { status, told } = doctor({ PATH: join(folder, 'bin') })
    expect(status).toBe(0)
    if (process.platform === 'linux') {
      expect(told('display')).toMatchObject({ state: 'warning', says: 'Neither DISPLAY nor WAYLAND_DISPLAY is set, so there can be no window.' })
      expect(told('browser')).toMatchObject({ state: 'warning', says: 'There is no browser on the PATH, and no xdg-open.' })
      expect(doctor({ DISPLAY: ':4711' }).told('display')).toMatchObject({ state: 'warning', says: 'DISPLAY is :4711, but nobody serves that display here.' })
    }
    const runtime = doctor({ ELECTRON_OVERRIDE_DIST_PATH: join(folder, 'empty') }).told('runtime')
    expect(runtime).toMatchObject({ state: 'warning', says: `ELECTRON_OVERRIDE_DIST_PATH is ${join(folder, 'empty')}, and there is no Electron in that folder.` })
  })

  it.skipIf(process.platform === 'win32')('24 open files are too few, and 100 are few', () => {
    const few = doctor({}, 'ulimit -n 24;')
    expect(few.told('open files')).toMatchObject({ state: 'missing', says: 'A process may have up to 24 files open. The lab needs 48.', how: expect.stringContaining('ulimit -n 256') as string })
    expect(few.status).toBe(2)
    const some = doctor({}, 'ulimit -n 100;')
    expect(some.told('open files').state).toBe('warning')
    expect(some.status).toBe(0)
  })

  it.runIf(process.platform === 'linux')('few processes are told', () => {
    expect(doctor({}, `ulimit -u 90 2>/dev/null || ulimit -p 90;`).told('processes')).toMatchObject({
      state: 'warning', says: 'This account may have up to 90 processes and threads. A cluster needs about 100.',
    })
  })
})
