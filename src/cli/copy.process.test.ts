// A built copy that another user owns, as a teacher installs it for a course. It runs unchanged, or says in one sentence why not.
import { spawnSync } from 'node:child_process'
import { appendFileSync, chmodSync, cpSync, existsSync, mkdirSync, mkdtempSync, renameSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join, resolve } from 'node:path'
import { afterAll, beforeAll, expect, it } from 'vitest'
import { nodeForStrangers } from './testing/node-for-strangers'

const root = resolve(import.meta.dirname, '../..')
const sources = ['src', 'main', 'renderer', 'scripts', 'package.json', 'package-lock.json', 'electron.vite.config.ts', 'tsconfig.base.json', 'out', 'node_modules/.package-lock.json']
/** Read-only tests need root: they run the copy as another user, who cannot write root's files. */
const isRoot = process.getuid?.() === 0
const stranger = 65_499

let folder: string
let copy: string
let node: string
beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), 'understudy-copy-test-'))
  chmodSync(folder, 0o755)
  copy = join(folder, 'a copy')
  node = isRoot ? nodeForStrangers(folder, stranger) : process.execPath
  mkdirSync(join(copy, 'node_modules'), { recursive: true })
  // Times are not preserved: in this order of copying the build becomes older than the sources.
  for (const path of sources.toReversed()) cpSync(join(root, path), join(copy, path), { recursive: true })
  const { fingerprint } = await import('../../scripts/build.mjs')
  writeFileSync(join(copy, 'out/.built-from'), fingerprint(root))
  spawnSync('chmod', ['-R', 'a+rX,go-w', copy])
})
afterAll(() => rmSync(folder, { recursive: true, force: true }))

function lab(...words: string[]): { status: number | null; stdout: string; stderr: string } {
  const { status, stdout, stderr } = spawnSync(node, [join(copy, 'scripts/lab.mjs'), ...words], {
    encoding: 'utf8', cwd: '/', env: { ...process.env, HOME: '/nowhere' }, ...(isRoot ? { uid: stranger, gid: stranger } : {}),
  })
  return { status, stdout, stderr }
}

const stack = /^\s+at /m

it.runIf(isRoot)('is current by its contents, whatever its times are: nothing is installed or built', () => {
  const ran = lab('--version')
  expect(ran).toEqual({ status: 0, stdout: expect.stringMatching(/\d\.\d\.\d/) as string, stderr: '' })
})

it.runIf(isRoot)('runs as it was built where a source has changed, and says so', () => {
  appendFileSync(join(copy, 'src/cli/cli.ts'), '\n')
  const { status, stderr } = lab('--version')
  expect(status).toBe(0)
  expect(stderr).toBe(`The sources of ${copy} have changed since it was built, and you may not write there: it runs as it was built.\n`)
})

it.runIf(isRoot)('runs as it was built without its packages, and says so', () => {
  renameSync(join(copy, 'node_modules/.package-lock.json'), join(copy, 'node_modules/other'))
  const { status, stderr } = lab('--version')
  expect(status).toBe(0)
  expect(stderr).toMatch(/^The packages of .* are not those of its package-lock\.json, and you may not write there: it runs as it was built\.\n/)
})

it.runIf(isRoot)('that was never built says what to do, with status 2 and no stack', () => {
  rmSync(join(copy, 'out'), { recursive: true })
  const { status, stdout, stderr } = lab('--version')
  expect({ status, stdout }).toEqual({ status: 2, stdout: '' })
  expect(stderr).toMatch(/^Understudy is not installed in .*, and you may not write there\. Copy it to a folder of your own, or have its owner run npm start once\.\n$/)
  expect(stderr).not.toMatch(stack)
  expect(existsSync(join(copy, 'out'))).toBe(false)
})
