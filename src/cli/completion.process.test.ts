// The completion script in bash, and the manual page in man, from the built command line.
import { spawnSync } from 'node:child_process'
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { exportFormats } from '../export'
import { mutantNames } from '../protocol'
import { cli } from '../system/testing/built'

const has = (program: string): boolean => spawnSync('sh', ['-c', `command -v ${program}`]).status === 0

let folder: string
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'understudy-completion-'))
  for (const shell of ['bash', 'zsh', 'fish']) {
    const { status, stdout, stderr } = spawnSync(process.execPath, [cli, 'completion', shell], { encoding: 'utf8' })
    expect({ status, stderr }).toEqual({ status: 0, stderr: '' })
    writeFileSync(join(folder, shell), stdout)
  }
  mkdirSync(join(folder, 'work/scenarios of mine'), { recursive: true })
  for (const name of ['one.yaml', 'two words.yml', 'notes.txt', 'session.jsonl']) writeFileSync(join(folder, 'work', name), '')
})
afterAll(() => rmSync(folder, { recursive: true, force: true }))

/** The completions that bash offers for the last word. */
function offered(...words: string[]): string[] {
  const script = `source "$1"; shift; COMP_WORDS=("$@"); COMP_CWORD=$(($# - 1)); _understudy; printf '%s\\n' "\${COMPREPLY[@]}"`
  const { status, stdout, stderr } = spawnSync('bash', ['--norc', '-c', script, 'bash', join(folder, 'bash'), 'understudy', ...words], { encoding: 'utf8', cwd: join(folder, 'work') })
  expect({ status, stderr }, words.join(' ')).toEqual({ status: 0, stderr: '' })
  return stdout.split('\n').filter((line) => line !== '').sort()
}

describe.runIf(has('bash'))('in bash', () => {
  it('commands are offered, and those below a command', () => {
    expect(offered('')).toEqual(expect.arrayContaining(['bench', 'check', 'client', 'doctor', 'run', 'serve', 'simulate', 'view-server']))
    expect(offered('si')).toEqual(['simulate'])
    expect(offered('bench', 'r')).toEqual(['rules'])
    expect(offered('help', 'exit')).toEqual(['exit-status'])
    expect(offered('completion', '')).toEqual(['bash', 'fish', 'zsh'])
    expect(offered('client', '--view-server', '/tmp/vs', 'app')).toEqual(['append'])
  })

  it('options of the command are offered, and no others', () => {
    expect(offered('run', '--re')).toEqual(['--record', '--report'])
    expect(offered('bench', 'window', '--e')).toEqual(['--electron', '--events'])
    expect(offered('serve', '--on')).toEqual([])
  })

  it('choices, formats and mutants are offered where they belong, also after an equals sign and several times', () => {
    expect(offered('run', 'one.yaml', '--on', '')).toEqual(['processes', 'simulator'])
    expect(offered('run', '--on', '=', 'sim')).toEqual(['simulator'])
    expect(offered('run', '--on', '=')).toEqual(['processes', 'simulator'])
    expect(offered('run', '--report', 'json', 'ju')).toEqual(['junit'])
    expect(offered('export', 'session.jsonl', '--format', '')).toEqual([...exportFormats].sort())
    expect(offered('serve', '--mutant', '')).toEqual([...mutantNames].sort())
    expect(offered('explore', '--replication', 'a')).toEqual(['asynchronous'])
  })

  it('files are offered that make sense there, folders too, and names with spaces as one', () => {
    expect(offered('run', '')).toEqual(['one.yaml', 'scenarios of mine', 'two words.yml'])
    expect(offered('check', '')).toEqual(['scenarios of mine', 'session.jsonl'])
    expect(offered('simulate', '--save', '')).toEqual(['scenarios of mine'])
    expect(offered('merge', 'n')).toEqual(['notes.txt'])
    // A number gets no file completions.
    expect(offered('run', '--jobs', '')).toEqual([])
  })

  it('a shell that loads it completes both commands', () => {
    const { stdout } = spawnSync('bash', ['--norc', '-c', `source <(${process.execPath} ${cli} completion bash); complete -p understudy understudy-lab`], { encoding: 'utf8' })
    expect(stdout).toBe('complete -F _understudy understudy\ncomplete -F _understudy understudy-lab\n')
  })
})

it.runIf(has('zsh'))('zsh takes its script', () => {
  const { status, stderr } = spawnSync('zsh', ['-f', '-c', 'autoload -U compinit; compinit -u -D; source "$1"; print -r -- ${_comps[understudy]}', 'zsh', join(folder, 'zsh')], { encoding: 'utf8', env: { ...process.env, HOME: folder } })
  expect({ status, stderr }).toEqual({ status: 0, stderr: '' })
})

it.runIf(has('fish'))('fish takes its script, and offers from it', () => {
  const { status, stdout, stderr } = spawnSync('fish', ['--no-config', '-c', 'source $argv[1]; complete -C "understudy run --on "; complete -C "understudy si"', join(folder, 'fish')], { encoding: 'utf8', env: { ...process.env, HOME: folder } })
  expect({ status, stderr }).toEqual({ status: 0, stderr: '' })
  expect(stdout).toMatch(/^processes[^]*simulator[^]*simulate/m)
})

it.runIf(has('man'))('the manual page renders without a warning', () => {
  const page = join(folder, 'understudy.1')
  writeFileSync(page, spawnSync(process.execPath, [cli, 'man']).stdout)
  const { status, stdout, stderr } = spawnSync('man', ['--warnings', '-l', page], { encoding: 'utf8', env: { ...process.env, MANWIDTH: '100', MANPAGER: 'cat', PAGER: 'cat', LC_ALL: 'C.UTF-8' } })
  expect({ status, stderr }).toEqual({ status: 0, stderr: '' })
  expect(stdout).toContain('understudy run scenarios/mit-view-service')
  expect(stdout).toContain('--disk-free-mib-min <number>')
})

it('the version is told with the hash of the protocol', () => {
  const { stdout } = spawnSync(process.execPath, [cli, '--version'], { encoding: 'utf8' })
  expect(stdout).toMatch(/^\d+\.\d+\.\d+ \(protocol [0-9a-f]{16}\)\n$/)
})

it('a wrong word is met with the one that was meant, in one sentence and with status 2', () => {
  for (const [words, meant] of [[['simulte'], 'simulate'], [['run', 'x.yaml', '--repotr', 'json'], '--report'], [['help', 'fault'], 'faults']] as const) {
    const { status, stdout, stderr } = spawnSync(process.execPath, [cli, ...words], { encoding: 'utf8' })
    expect({ status, stdout }).toEqual({ status: 2, stdout: '' })
    expect(stderr).toMatch(new RegExp(`Did you mean ${meant}\\?`))
  }
})
