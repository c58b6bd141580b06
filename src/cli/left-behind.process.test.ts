// The temporary folder is empty after every end of a command: passed, failed, or interrupted at any time. A lab never removes what another
// lab uses, even a stopped one or one in another pid namespace.
import { spawn, spawnSync, type ChildProcess } from 'node:child_process'
import { once } from 'node:events'
import { existsSync, mkdirSync, mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs'
import { createInterface } from 'node:readline'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as pause } from 'node:timers/promises'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { cli, runCli } from '../system/testing/built'

let folder: string
let temporary: string
let env: NodeJS.ProcessEnv
const at = (name: string): string => join(folder, name)
const left = (): string[] => readdirSync(temporary)
const children = new Set<ChildProcess>()

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'understudy-left-test-'))
  temporary = at('tmp')
  mkdirSync(temporary)
  env = { ...process.env, TMPDIR: temporary, UNDERSTUDY_DATA: at('data') }
})
afterEach(() => {
  for (const child of children) if (child.exitCode === null && child.signalCode === null) child.kill('SIGKILL')
  children.clear()
  rmSync(folder, { recursive: true, force: true, maxRetries: 5 })
})

function scenario(name: string, ...steps: string[]): string {
  writeFileSync(at(name), `understudy: scenario\nversion: 1\ntitle: t\nsuite: S\npoints: 2\ncluster: { replicas: 1, clients: 1 }\nsteps:\n${steps.map((step) => `  - ${step}\n`).join('')}`)
  return at(name)
}
const ready = 'wait: { view: { viewnum: 1, acked: true } }'

function lab(...words: string[]): { status: number | null; stdout: string; stderr: string } {
  return runCli([...words], { env, cwd: folder })
}

function start(words: readonly string[], prefix: readonly string[] = []): ChildProcess {
  const [program = '', ...args] = [...prefix, process.execPath, cli, ...words]
  const child = spawn(program, args, { env, cwd: folder, stdio: ['ignore', 'pipe', 'ignore'] })
  children.add(child)
  return child
}

describe('after a command there is nothing in the temporary folder', () => {
  it('that passed, of a run on processes and on the simulator', () => {
    for (const on of ['processes', 'simulator']) expect(lab('run', scenario('good.yaml', ready), '--on', on, '--times', '2')).toMatchObject({ status: 0 })
    expect(left()).toEqual([])
  })

  it('that failed, but for the recording that the report names', () => {
    const { status, stdout } = lab('run', scenario('good.yaml', ready), scenario('bad.yaml', ready, 'put: { key: a, value: "1" }', 'get: { key: a, gives: { value: "2" } }'), '--report', 'json')
    const recordings = [...stdout.matchAll(/"recording": ?"([^"]+)"/g)].map(([, path]) => path)
    expect({ status, recordings: recordings.length }).toEqual({ status: 1, recordings: 1 })
    const [kept = ''] = left()
    expect(left()).toHaveLength(1)
    expect(readdirSync(join(temporary, kept)).map((name) => join(temporary, kept, name))).toEqual(recordings)
  })

  it('that refused its words', () => {
    expect(lab('run', 'none.yaml').status).toBe(2)
    expect(lab('rerun', 'none.jsonl').status).toBe(2)
    expect(lab('serve', '--port', '99999').status).toBe(2)
    expect(lab('bench', 'nothing').status).toBe(2)
    expect(left()).toEqual([])
  })
})

/** Each signal takes half a minute: outside of CI only the one that a person sends is tested. */
const signals = process.env['UNDERSTUDY_LONG'] === '1' ? ['SIGINT', 'SIGTERM', 'SIGHUP'] as const : ['SIGINT'] as const

describe.each(signals)('after %s', (signal) => {
  const commands: Record<string, () => string[]> = {
    run: () => ['run', scenario('slow.yaml', ready, 'run: 60000'), '--times', '3', '--jobs', '2'],
    rerun: () => ['rerun', at('explored.jsonl'), '--times', '50'],
    serve: () => ['serve', '--no-open'],
    bench: () => ['bench', 'start', '--rounds', '20'],
    mutants: () => ['mutants', '--only', 'view-without-ack', '--seeds', '1', '--states-max', '1000'],
  }

  it.each(Object.entries(commands))('to %s at several moments there is nothing either', async (_name, words) => {
    expect(lab('explore', '--mutant', 'view-without-ack', '--workers', '2', '--record', at('explored.jsonl')).status).toBe(1)
    for (const ms of [60, 150, 300, 600, 1200, 2500]) {
      const child = start(words())
      // No event corresponds to the time of a key press, so several times are tried.
      await pause(ms)
      child.kill(signal)
      if (child.exitCode === null && child.signalCode === null) await once(child, 'exit')
      // A switchboard removes its folder when it notices that the lab has ended.
      await expect.poll(left, { message: `${ms} ms` }).toEqual([])
    }
  })
})

describe('a lab that begins', () => {
  async function served(prefix: readonly string[] = []): Promise<ChildProcess> {
    const child = start(['serve', '--no-open'], prefix)
    await once(createInterface(child.stdout as NodeJS.ReadableStream), 'line')
    return child
  }
  const folders = (): string[] => left().filter((name) => name.startsWith('understudy-lab-'))

  it('removes the folder of one that was killed', async () => {
    const first = await served()
    expect(folders()).toHaveLength(1)
    first.kill('SIGKILL')
    await once(first, 'exit')
    expect(folders()).toHaveLength(1)
    const [killed = ''] = folders()
    await served()
    expect(existsSync(join(temporary, killed))).toBe(false)
    expect(folders()).toHaveLength(1)
  })

  it('leaves the folder of one that is stopped', async () => {
    const first = await served()
    const [own = ''] = folders()
    first.kill('SIGSTOP')
    await served()
    expect(folders()).toHaveLength(2)
    expect(existsSync(join(temporary, own))).toBe(true)
  })

  const canUnshare = spawnSync('unshare', ['--pid', '--fork', 'true']).status === 0
  it.runIf(canUnshare)('leaves the folder of one in another pid namespace', async () => {
    await served()
    const [own = ''] = folders()
    await served(['unshare', '--pid', '--fork', '--kill-child', '--mount-proc'])
    expect(existsSync(join(temporary, own))).toBe(true)
    expect(folders()).toHaveLength(2)
  })
})

describe('a lab whose parent has given it a pipe', () => {
  it('ends with the pipe, and leaves nothing', async () => {
    const child = spawn(process.execPath, [cli, 'serve', '--no-open'], { env: { ...env, UNDERSTUDY_PARENT_PIPE: '3' }, cwd: folder, stdio: ['ignore', 'pipe', 'ignore', 'pipe'] })
    children.add(child)
    await once(createInterface(child.stdout as NodeJS.ReadableStream), 'line')
    const exit = once(child, 'exit')
    ;(child.stdio[3] as unknown as NodeJS.WritableStream & { destroy(): void }).destroy()
    expect(await exit).toEqual([0, null])
    expect(left()).toEqual([])
  })
})
