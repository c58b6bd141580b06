// What the user reads for each kind of error.
import { existsSync, mkdtempSync, openSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { CannotRun } from './cannot-run'
import { sentenceOf } from './ending'
import { makeFolder } from './folders'
import { reasonOf } from './reasons'
import { makeTemporaryFolder } from './temporary-folders'

function thrown(act: () => unknown): unknown {
  try {
    act()
  } catch (error) {
    return error
  }
  throw new Error('nothing was thrown')
}

const ofSystem = (code: string, syscall: string): Error => Object.assign(new Error(`${syscall} ${code}`), { code, syscall })

test.each<[string, unknown, string]>([
  ['its own', new CannotRun('There is no such bench.'), 'There is no such bench.'],
  ['a file that is not there', thrown(() => openSync('/nowhere/x', 'r')), '/nowhere/x cannot be used: no such file.'],
  ['a folder that is read', thrown(() => readFileSync('/')), 'The system refused (read): it is a folder.'],
  ['too many open files', ofSystem('EMFILE', 'spawn'), 'A process could not be started: too many files are open.'],
  ['too many processes', ofSystem('EAGAIN', 'spawn'), 'A process could not be started: no more processes are allowed.'],
  ['a thread that cannot begin', Object.assign(new Error('Worker initialization failure: EMFILE'), { code: 'ERR_WORKER_INIT_FAILED' }), 'A process could not be started: too many files are open.'],
  ['a code that has no words', Object.assign(new Error('EBADMSG: bad message, read'), { code: 'EBADMSG', syscall: 'read' }), 'The system refused (read): bad message.'],
  ['a mistake of ours', new TypeError('Cannot read properties of undefined (reading \'x\')\n    at f (a.js:1:1)'), 'A mistake of Understudy: Cannot read properties of undefined (reading \'x\'). Set UNDERSTUDY_STACK=1 to see where.'],
  ['what is no error', 'boo', 'A mistake of Understudy: boo. Set UNDERSTUDY_STACK=1 to see where.'],
])('of %s is one sentence', (_what, error, sentence) => {
  expect(sentenceOf(error, {})).toBe(sentence)
})

test('a stack is for who asks for it', () => {
  expect(sentenceOf(new TypeError('x'), { UNDERSTUDY_STACK: '1' })).toMatch(/^A mistake of Understudy: TypeError: x\n +at /)
})

test('a user who has no home is told in words', () => {
  const error = Object.assign(new Error('A system error occurred: uv_os_homedir returned ENOENT (no such file or directory)'), { code: 'ERR_SYSTEM_ERROR', info: { code: 'ENOENT', syscall: 'uv_os_homedir' } })
  expect(reasonOf(error)).toBe('no such file')
})

test('a folder is made with those above it, and is left as it is where it is there', () => {
  const folder = mkdtempSync(join(tmpdir(), 'folders-test-'))
  makeFolder(join(folder, 'a/b/c'))
  makeFolder(join(folder, 'a/b/c'))
  expect(existsSync(join(folder, 'a/b/c'))).toBe(true)
  writeFileSync(join(folder, 'file'), '')
  expect(reasonOf(thrown(() => makeFolder(join(folder, 'file'))))).toBe('a part of the path is no folder')
  expect(reasonOf(thrown(() => makeFolder(join(folder, 'file/below'))))).toBe('a part of the path is no folder')
  rmSync(folder, { recursive: true })
}, 5000)

test.runIf(process.platform === 'linux')('/proc takes no folder, and says so at once', () => {
  expect(() => makeFolder('/proc/x/y')).toThrow()
  const before = process.env['TMPDIR']
  process.env['TMPDIR'] = '/nowhere/at/all'
  try {
    expect(() => makeTemporaryFolder('test')).toThrow('No temporary folder can be made in /nowhere/at/all: there is no such folder. Set TMPDIR to a folder that can be written.')
  } finally {
    if (before === undefined) delete process.env['TMPDIR']
    else process.env['TMPDIR'] = before
  }
})
