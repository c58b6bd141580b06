// The example nodes of every language: they pass the scenarios with points, in virtual time and as processes, and a copy that breaks a rule is caught by its
// messages. The short form tries a few of them; CI, and UNDERSTUDY_LONG=1, all.
import { execFile } from 'node:child_process'
import { mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join, resolve } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { copyExamples, hasToolchain, languages, mutantsOf, type Language } from './testing/example-nodes'

const root = resolve(import.meta.dirname, '../../..')
const isLong = process.env['UNDERSTUDY_LONG'] === '1'
const isCi = Boolean(process.env['CI'])

interface Report {
  readonly passed: number
  readonly failed: number
  readonly notJudged: number
  readonly suites: readonly { readonly scenarios: readonly { readonly title: string; readonly state: string; readonly reason: string }[] }[]
}

function lab(...parameters: string[]): Promise<{ status: number; stdout: string; stderr: string }> {
  return new Promise((resolvePromise) => {
    execFile(process.execPath, [join(root, 'bin/understudy.mjs'), ...parameters], { encoding: 'utf8', maxBuffer: 2 ** 28 }, (error, stdout, stderr) => {
      resolvePromise({ status: error === null ? 0 : typeof error.code === 'number' ? error.code : -1, stdout, stderr })
    })
  })
}

/** What failed, or was not judged, in words; for a run that passed, nothing. */
async function unmet(...parameters: string[]): Promise<{ passed: number; unmet: string[] }> {
  const { stdout, stderr } = await lab('run', ...parameters, '--report', 'json')
  if (stdout === '') throw new Error(stderr)
  const { passed, suites } = JSON.parse(stdout) as Report
  return { passed, unmet: suites.flatMap(({ scenarios }) => scenarios.flatMap(({ title, state, reason }) => state === 'passed' ? [] : [`${title}: ${state}: ${reason}`])) }
}

const scenarios = join(root, 'scenarios')
/** A failover with restarts, a cut, a freeze. */
const few = ['mit-primary-backup/01-basic-fail', 'corner-cases/partition-in-halves', ...isLong ? ['corner-cases/freeze-under-load'] : []]
  .map((name) => join(scenarios, `${name}.yaml`))

let folder = ''
beforeAll(() => { folder = mkdtempSync(join(tmpdir(), 'understudy-examples-')) })
afterAll(() => rmSync(folder, { recursive: true, force: true }))

const built = new Map<string, string>()
/** The command of an example, built once. */
function commandOf(language: Language, file: string): string {
  const key = `${language.folder} ${file}`
  const known = built.get(key)
  if (known !== undefined) return known
  copyExamples(language, join(folder, language.folder))
  const command = language.build(file, join(folder, language.folder))
  built.set(key, command)
  return command
}

describe.each(languages)('the nodes in $name', (language) => {
  const isHere = hasToolchain(language)
  if (!isHere) {
    it.runIf(isCi)(`are tested: ${language.toolchain} is here`, () => expect(isHere).toBe(true))
    it.skipIf(!isCi)(`cannot be tried: there is no ${language.toolchain}`)
    return
  }
  const replica = (): string => `replicas=${commandOf(language, language.files.replica)}`

  it('pass every scenario in virtual time, as all replicas', async () => {
    const { passed, unmet: problems } = await unmet(...isLong ? [scenarios] : few, '--on', 'simulator', '--program', replica())
    expect(problems).toEqual([])
    expect(passed).toBe(isLong ? 79 : few.length)
  })

  it('pass as processes, beside replicas of ours', async () => {
    // In the short form one failover.
    const some = isLong ? few : few.slice(0, 1)
    const { unmet: problems } = await unmet(...some, '--jobs', '1', '--program', `s2=${commandOf(language, language.files.replica)}`)
    expect(problems).toEqual([])
  })

  it.runIf(isLong || language.folder === 'python')('give the same recording for the same seed in virtual time', async () => {
    const texts: string[] = []
    for (const name of ['one', 'two']) {
      const path = join(folder, `${language.folder}-${name}.jsonl`)
      await lab('run', join(scenarios, 'dslabs-part-2/14-repeated-crashes.yaml'), '--on', 'simulator', '--record', path, '--program', replica())
      texts.push(readFileSync(path, 'utf8'))
    }
    expect(texts[0]?.length).toBeGreaterThan(10_000)
    expect(texts[0]).toBe(texts[1])
  })

  it('answer echo and keep a linearizable store', async () => {
    const echo = await lab('test', '--bin', commandOf(language, language.files.echo), '-w', 'echo', '--node-count', '2', '--time-limit', '1', '--rate', '20')
    expect(echo.stdout).toMatch(/^echo: held/)
    if (!isLong) return
    const store = await lab('test', '--bin', commandOf(language, language.files.linKv), '-w', 'lin-kv', '--node-count', '2', '--time-limit', '3', '--rate', '20')
    expect(store.stdout).toMatch(/^lin-kv: held/)
  })

  it.runIf(isLong && language.files.viewServer)('serve as the view server of replicas of ours', async () => {
    const { unmet: problems } = await unmet(...few, '--jobs', '1', '--program', `view-server=${commandOf(language, language.files.viewServer ?? '')}`)
    expect(problems.filter((problem) => !problem.includes('does not tell whether it is stuck'))).toEqual([])
  })

  it.each(mutantsOf(language).filter(({ rule }) => isLong || (rule === 'rule-1' && language.folder === 'javascript')))('break $rule in a copy, and its messages show it: $says', async (mutant) => {
    const to = join(folder, `${language.folder}-${mutant.rule}`)
    copyExamples(language, to, mutant)
    const who = mutant.file === language.files.viewServer ? 'view-server' : 'replicas'
    const { status, stdout, stderr } = await lab('simulate', '--seeds', '1..200', '--duration', '4000', '--stop-at-first', '--check', mutant.rule, '--program', `${who}=${language.build(mutant.file, to)}`)
    expect({ status, stderr: status === 2 ? stderr : '' }).toEqual({ status: 1, stderr: '' })
    expect(stdout).toContain(`Rule ${mutant.rule.slice(-1)}`)
  })
})

describe('a whole cluster of programs', () => {
  const [python, , go] = languages
  it.runIf(python && go && hasToolchain(python) && hasToolchain(go))('passes: a view server in Go, replicas and clients in Python', async () => {
    if (!python || !go) return
    const client = commandOf(python, 'client.py')
    const { unmet: problems } = await unmet(...few, '--jobs', '1', '--program', `view-server=${commandOf(go, 'view_server.go')}`, '--program', `replicas=${commandOf(python, 'replica.py')}`, '--program', `clients=${client}`)
    expect(problems.filter((problem) => !problem.includes('does not tell whether it is stuck'))).toEqual([])
  })
})
