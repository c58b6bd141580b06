// The package as a student gets it: packed once, installed without a registry into a folder whose name has spaces and non-ASCII letters, used
// there, and removed. It has no dependencies, so only npm itself could be missing.
import { spawn, spawnSync } from 'node:child_process'
import { once } from 'node:events'
import { existsSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join, resolve } from 'node:path'
import { createInterface } from 'node:readline'
import { pathToFileURL } from 'node:url'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'

const root = resolve(import.meta.dirname, '../..')
const packedMiBMax = 6

/** Logs every connection beyond 127.0.0.1 by a process, its children or its threads, npm included. */
const watch = `
  import { appendFileSync } from 'node:fs'
  import dns from 'node:dns'
  import { createRequire, syncBuiltinESMExports } from 'node:module'
  const net = createRequire(import.meta.url)('node:net')
  const say = (text) => appendFileSync(process.env.UNDERSTUDY_SEEN, process.argv.slice(1).join(' ') + ': ' + text + '\\n')
  const { connect } = net.Socket.prototype
  net.Socket.prototype.connect = function (...asked) {
    const [to] = Array.isArray(asked[0]) ? asked[0] : asked
    const host = typeof to === 'object' ? to.path === undefined ? to.host ?? 'localhost' : 'localhost' : 'localhost'
    if (!['localhost', '127.0.0.1', '::1'].includes(host)) say('connects to ' + host)
    return connect.apply(this, asked)
  }
  for (const names of [dns, dns.promises]) {
    const { lookup } = names
    names.lookup = function (name, ...rest) {
      if (!['localhost', '127.0.0.1', '::1'].includes(name)) say('looks up ' + name)
      return lookup.call(this, name, ...rest)
    }
  }
  syncBuiltinESMExports()
`

let folder: string
/** The student's working directory. */
let work: string
let env: NodeJS.ProcessEnv
let tarball: string

interface Ran { readonly status: number | null; readonly stdout: string; readonly stderr: string }

/** Runs a program from the PATH, through a shell on Windows, where npm is a script. */
function ran(program: string, words: readonly string[], { cwd = work, more = {} }: { cwd?: string; more?: NodeJS.ProcessEnv } = {}): Ran {
  const { status, stdout, stderr } = spawnSync(program, words, { encoding: 'utf8', cwd, env: { ...env, ...more }, maxBuffer: 64 * 1024 * 1024, shell: process.platform === 'win32' })
  return { status, stdout, stderr }
}

const watched = (): NodeJS.ProcessEnv => ({ NODE_OPTIONS: `--import ${pathToFileURL(join(folder, 'watch.mjs')).href}` })

/** `--no`: never downloads a package from a registry. */
const understudy = (...words: string[]): Ran => ran('npx', ['--no', '--', 'understudy', ...words], { more: watched() })

function bytesIn(path: string): number {
  const files = readdirSync(path, { recursive: true, withFileTypes: true }).filter((entry) => entry.isFile())
  return files.reduce((sum, entry) => sum + statSync(join(entry.parentPath, entry.name)).size, 0)
}

beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'understudy-package-'))
  work = join(folder, 'my course 学生のラボ')
  for (const path of [work, join(folder, 'home'), join(folder, 'tmp'), join(folder, 'packed')]) mkdirSync(path, { recursive: true })
  writeFileSync(join(folder, 'watch.mjs'), watch)
  writeFileSync(join(folder, 'seen'), '')
  // Variables that npm gave to this test must not reach the student's environment.
  const notTheirs = /^(npm_|INIT_CWD|NODE_OPTIONS|UNDERSTUDY_|VITEST|DISPLAY|WAYLAND|ELECTRON_)/i
  const own = Object.fromEntries(Object.entries(process.env).filter(([name]) => !notTheirs.test(name)))
  env = {
    ...own, HOME: join(folder, 'home'), TMPDIR: join(folder, 'tmp'), UNDERSTUDY_SEEN: join(folder, 'seen'),
    npm_config_cache: join(folder, 'cache'), npm_config_offline: 'true', npm_config_audit: 'false', npm_config_fund: 'false', npm_config_update_notifier: 'false',
  }
  // Tests the existing build; `npm pack` alone would build first.
  const made = spawnSync(process.execPath, [join(root, 'scripts/prepack.mjs'), '--built'], { encoding: 'utf8' })
  expect({ status: made.status, stderr: made.stderr }).toEqual({ status: 0, stderr: '' })
  const packed = ran('npm', ['pack', '--ignore-scripts', '--json', '--pack-destination', join(folder, 'packed'), root])
  if (packed.status !== 0) throw new Error(`npm pack did not run, so nothing of the package is shown here: ${packed.stderr}`)
  tarball = join(folder, 'packed', readdirSync(join(folder, 'packed'))[0] ?? '')
})
afterAll(() => rmSync(folder, { recursive: true, force: true }))

describe.sequential('the package', () => {
  it('is small, and holds what the commands read and nothing else', () => {
    const { stdout } = ran('tar', ['-tzf', tarball])
    const files = stdout.trim().split('\n').map((name) => name.replace(/^package\//, ''))
    const mib = statSync(tarball).size / 1024 / 1024
    console.log(`understudy-lab: ${mib.toFixed(2)} MiB packed, ${files.length} files`)
    expect(tarball).toMatch(/understudy-lab-[\d.]+\.tgz$/)
    expect(mib).toBeLessThan(packedMiBMax)
    expect(files).toEqual(expect.arrayContaining([
      'bin/understudy.mjs', 'out/main/cli.js', 'out/main/index.js', 'out/preload/index.cjs', 'out/renderer/index.html', 'out/man/understudy.1', 'out/licences.txt',
      'scenarios/scenario.schema.json', 'scenarios/mit-view-service/1-first-primary.yaml', 'docs/scenarios.md', 'README.md', 'LICENSE',
    ]))
    expect(files.filter((name) => /\.map$|node_modules|\.test\.|screenshot|^(renderer|main|e2e)\//.test(name))).toEqual([])
    expect(files.filter((name) => name.startsWith('src/'))).toEqual(['src/bench/loadgen/loadgen.c'])
  })

  it('brings the licence of every package that is built into it', () => {
    const licences = readFileSync(join(root, 'out/licences.txt'), 'utf8')
    for (const name of ['commander', 'pinia', 'reka-ui', 'uplot', '@vue/runtime-dom', 'ws', 'yaml', 'zod']) expect(licences).toMatch(new RegExp(`^${name} \\d[^]*?(MIT|ISC)`, 'm'))
  })

  it('installs without a registry, in one folder', () => {
    const began = performance.now()
    const { status, stderr } = ran('npm', ['install', '--prefix', '.', tarball])
    expect({ status, stderr }).toEqual({ status: 0, stderr: '' })
    const installed = join(work, 'node_modules')
    console.log(`installed in ${((performance.now() - began) / 1000).toFixed(1)} s, ${(bytesIn(join(installed, 'understudy-lab')) / 1024 / 1024).toFixed(1)} MiB`)
    expect(readdirSync(installed).filter((name) => !name.startsWith('.'))).toEqual(['understudy-lab'])
    expect(readdirSync(join(installed, '.bin')).filter((name) => !/\.(cmd|ps1)$/.test(name)).sort()).toEqual(['understudy', 'understudy-lab'])
  })

  it('runs a scenario of the student, and one that came with it, on processes and on the simulator', () => {
    writeFileSync(join(work, '私の.yaml'), 'understudy: scenario\nversion: 1\ntitle: mine\nsuite: S\npoints: 1\ncluster: { replicas: 2 }\nsteps:\n  - wait: { view: { viewnum: 2, acked: true } }\n')
    expect(understudy('run', '私の.yaml', '--on', 'processes', '--record', 'kept.jsonl')).toMatchObject({ status: 0 })
    const theirs = understudy('run', 'scenarios/mit-view-service/1-first-primary.yaml', '--on', 'simulator', '--report', 'json')
    expect(theirs.status).toBe(0)
    expect(theirs.stdout).toContain('"scenarios/mit-view-service/1-first-primary.yaml"')
  })

  it('judges the recording, simulates, and says what it is', () => {
    expect(understudy('check', 'kept.jsonl')).toMatchObject({ status: 0, stdout: expect.stringContaining('kept.jsonl') as string })
    expect(understudy('simulate', '--seeds', '1..3', '--duration', '2000')).toMatchObject({ status: 0 })
    expect(understudy('--version').stdout).toMatch(/\(protocol [0-9a-f]{16}\)/)
    expect(understudy('help', 'scenarios').stdout).toContain(join(work, 'node_modules/understudy-lab/docs/scenarios.md'))
    expect(understudy('doctor').status).toBe(0)
  })

  it('opens in a browser where there is no display, without a command, and ends with its terminal', async () => {
    const child = spawn('npx', ['--no', 'understudy-lab'], {
      cwd: work, detached: true, stdio: ['ignore', 'pipe', 'pipe'], env: { ...env, ...watched() },
    })
    const said: string[] = []
    child.stderr.on('data', (data: Buffer) => said.push(String(data)))
    const ended = once(child, 'close')
    try {
      const [address] = await once(createInterface(child.stdout), 'line') as [string]
      const page = await fetch(address)
      expect({ status: page.status, text: await page.text() }).toMatchObject({ status: 200, text: expect.stringContaining('<title>') as string })
      expect(said.join('')).toContain('There is no display here')
    } finally {
      // Like Ctrl-C: every process of the terminal gets the signal.
      process.kill(-(child.pid ?? 0), 'SIGINT')
      await ended
    }
  })

  it.skipIf(process.platform === 'win32')('opens a window with the Electron that a person put beside it, and with no other that lies about', () => {
    const put = (place: string, says: string): void => {
      const package_ = join(place, 'node_modules/electron')
      mkdirSync(join(package_, 'dist'), { recursive: true })
      writeFileSync(join(package_, 'path.txt'), 'electron')
      writeFileSync(join(package_, 'dist/electron'), `#!/bin/sh\necho "${says}: $*"\nexit 7\n`, { mode: 0o755 })
    }
    const cloned = join(folder, 'cloned')
    put(work, 'window')
    put(cloned, 'a stranger')
    const program = join(work, 'node_modules/understudy-lab')
    const opened = [
      ran('npx', ['--no', 'understudy'], { more: { DISPLAY: ':1' } }),
      ran(process.execPath, [join(program, 'bin/understudy.mjs'), '--empty'], { cwd: cloned, more: { DISPLAY: ':1' } }),
    ]
    for (const { status, stdout } of opened) expect({ status, stdout }).toEqual({ status: 7, stdout: expect.stringMatching(new RegExp(`^window: .*${program}\n$`)) as string })
    expect(opened[1]?.stdout).toContain('--empty')
    rmSync(join(work, 'node_modules/electron'), { recursive: true })
  })

  it('takes relative paths from the folder that the student stands in, in every way of starting', () => {
    const below = join(work, '下 below')
    mkdirSync(below)
    writeFileSync(join(below, 'here.yaml'), readFileSync(join(work, '私の.yaml')))
    writeFileSync(join(work, 'package.json'), JSON.stringify({ ...JSON.parse(readFileSync(join(work, 'package.json'), 'utf8')) as object, scripts: { lab: 'understudy' } }))
    const words = ['run', 'here.yaml', '--on', 'simulator', '--out', 'report.txt']
    const reported = (): boolean => {
      const path = join(below, 'report.txt')
      const isThere = existsSync(path)
      rmSync(path, { force: true })
      return isThere
    }
    const ways = {
      'npx': ran('npx', ['--no', 'understudy', ...words], { cwd: below }),
      'npm run': ran('npm', ['run', 'lab', '--', ...words], { cwd: below }),
    }
    for (const [way, { status, stderr }] of Object.entries(ways)) expect({ way, status, stderr }).toMatchObject({ way, status: 0 })
    expect(reported()).toBe(true)
    const elsewhere = join(folder, 'elsewhere')
    mkdirSync(elsewhere)
    writeFileSync(join(elsewhere, 'here.yaml'), readFileSync(join(work, '私の.yaml')))
    expect(ran('npm', ['--prefix', work, 'run', 'lab', '--', ...words], { cwd: elsewhere })).toMatchObject({ status: 0 })
    expect(existsSync(join(elsewhere, 'report.txt'))).toBe(true)
    expect(reported()).toBe(false)
    expect(ran(process.execPath, [join(work, 'node_modules/understudy-lab/bin/understudy.mjs'), ...words], { cwd: below }).status).toBe(0)
    expect(reported()).toBe(true)
  })

  it('has talked to nobody beyond this machine, and its removal leaves nothing', () => {
    expect(readFileSync(join(folder, 'seen'), 'utf8')).toBe('')
    // The watch works: 127.0.0.2 is this machine too, but is not among the names that it ignores.
    ran(process.execPath, ['-e', "require('node:net').connect(9, '127.0.0.2').on('error', () => undefined)"], { more: watched() })
    expect(readFileSync(join(folder, 'seen'), 'utf8')).toContain('connects to 127.0.0.2')
    expect(ran('npm', ['uninstall', 'understudy-lab'])).toMatchObject({ status: 0 })
    expect(existsSync(join(work, 'node_modules/understudy-lab'))).toBe(false)
    expect(existsSync(join(work, 'node_modules/.bin')) ? readdirSync(join(work, 'node_modules/.bin')) : []).toEqual([])
    expect(readdirSync(join(folder, 'home'))).toEqual([])
    expect(readdirSync(join(folder, 'tmp')).filter((name) => !name.startsWith('understudy-run-'))).toEqual([])
  })
})
