import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join, resolve } from 'node:path'
import { expect, test } from 'vitest'
import { Harness } from '../cluster/testing/cluster-harness'

const programs = resolve(import.meta.dirname, '../../out/main')

/** All files that a program imports, directly or indirectly. */
function filesOf(program: string): string[] {
  const found = new Set<string>()
  const visit = (file: string): void => {
    if (found.has(file)) return
    found.add(file)
    for (const [, path = ''] of readFileSync(file, 'utf8').matchAll(/^(?:import|export) (?:[^"\n]* from )?"(\.\/[^"]+)"/gm)) visit(join(dirname(file), path))
  }
  visit(join(programs, program))
  return [...found]
}

test('a node of its own reads two files before it listens, and in them is no checker, scenario or reader of commands', () => {
  const files = filesOf('cli.js')
  expect(files).toHaveLength(2)
  const text = files.map((file) => readFileSync(file, 'utf8')).join('\n')
  expect([...text.matchAll(/^\/\/ #?region (\S+)|^\/\/ (src\/\S+|node_modules\/\S+)$/gm)].map(([, region, path]) => region ?? path)
    // The only module of another room: it escapes foreign text before it is logged.
    .filter((path) => !/^src\/(?:protocol|system|cluster|cli)\//.test(path ?? ''))).toEqual(['src/trace/visible.ts'])
  expect(text).not.toMatch(/class (?:RuleMonitors|Command|Switchboard)\b/)
})

test('a replica ends with one sentence where its words are wrong, as every command does', async () => {
  const folder = mkdtempSync(join(tmpdir(), 'understudy-test-'))
  try {
    const child = spawn(process.execPath, [join(programs, 'cli.js'), 'replica', '--name', 'vs', '--listen', join(folder, 's'), '--view-server', 'x'], { stdio: ['ignore', 'ignore', 'pipe'] })
    let said = ''
    child.stderr.on('data', (data: Buffer) => { said += String(data) })
    expect(await once(child, 'close')).toEqual([2, null])
    expect(said).toBe('A replica cannot have the name "vs": 1 to 32 of a-z, 0-9 and "-", a letter first, and not vs.\n')
  } finally {
    rmSync(folder, { recursive: true, force: true })
  }
})

test.runIf(process.platform === 'linux')('processes of a lab inherit no bundle of extra certificates, which costs each of them its start again', async () => {
  const before = process.env['NODE_EXTRA_CA_CERTS']
  process.env['NODE_EXTRA_CA_CERTS'] = '/nowhere/certificates.pem'
  const harness = await new Harness({ replicas: 1, clients: 0 }).start()
  try {
    const pids = readdirSync('/proc').filter((name) => /^\d+$/.test(name) && readText(`/proc/${name}/status`).includes(`\nPPid:\t${process.pid}\n`))
    const environments = pids.filter((pid) => readText(`/proc/${pid}/cmdline`).startsWith('understudy ')).map((pid) => readText(`/proc/${pid}/environ`))
    expect(environments.length).toBeGreaterThanOrEqual(3)
    for (const environment of environments) expect(environment).not.toContain('NODE_EXTRA_CA_CERTS')
  } finally {
    if (before === undefined) delete process.env['NODE_EXTRA_CA_CERTS']
    else process.env['NODE_EXTRA_CA_CERTS'] = before
    await harness.stop()
  }
})

function readText(path: string): string {
  try {
    return readFileSync(path, 'utf8')
  } catch {
    return '' // It has ended.
  }
}
