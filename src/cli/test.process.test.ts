// `test`: programs of others as the nodes of a real cluster; right ones hold under faults, wrong ones are named with their evidence, and what cannot run
// says so in one sentence.
import { existsSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join, resolve } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { runCli } from '../system/testing/built'

const nodes = resolve(import.meta.dirname, '../../examples/nodes')
const library = join(nodes, 'javascript/node.mjs')
let folder = ''
beforeAll(() => { folder = mkdtempSync(join(tmpdir(), 'understudy-test-')) })
afterAll(() => rmSync(folder, { recursive: true, force: true }))

/** A program of this text; it has `node`. */
function program(name: string, text: string): string {
  const path = join(folder, `${name}.mjs`)
  writeFileSync(path, `import { Node } from '${library}'\nconst node = new Node({ steps: true, timers: true, reports: true })\n${text}\nnode.run()\n`)
  return `'${process.execPath}' '${path}'`
}

const example = (name: string): string => name.endsWith('.py') ? `python3 '${join(nodes, name)}'` : `'${process.execPath}' '${join(nodes, name)}'`
const test = (bin: string, workload: string, ...more: string[]) => runCli(['test', '--bin', bin, '-w', workload, '--time-limit', '2', '--settle', '1000', '--seed', 'a', ...more])

describe('a right program', () => {
  it.each([
    ['echo', 'javascript/echo.mjs', ['--node-count', '2', '--rate', '20']],
    ['broadcast', 'javascript/broadcast.mjs', ['--node-count', '5', '--rate', '20', '--nemesis', 'partition,loss', '--nemesis-interval', '1', '--settle', '3000']],
    ['lin-kv', 'javascript/lin-kv.mjs', ['--node-count', '2', '--rate', '50', '--concurrency', '4']],
    ['pn-counter', 'javascript/counter.mjs', ['--node-count', '3', '--rate', '20', '--latency', '5', '--latency-dist', 'exponential']],
    ['echo', 'python/echo.py', ['--node-count', '2', '--rate', '20']],
    ['lin-kv', 'python/lin_kv.py', ['--node-count', '2', '--rate', '50', '--concurrency', '4', '--services', 'lin-kv']],
  ])('holds in %s', (workload, file, more) => {
    const { status, stdout } = test(example(file), workload, ...more)
    expect([status, stdout.split('\n')[0]]).toEqual([0, expect.stringContaining(`${workload}: held:`)])
    expect(stdout).toContain('level 3')
  })
})

describe('a wrong program', () => {
  it.each([
    ['that echoes something else', 'echo', 'node.on(\'echo\', (m) => node.reply(m, { type: \'echo_ok\', echo: \'nothing\' }))', 'and "nothing" came back (events #'],
    ['that counts its ids on each node', 'unique-ids', 'let last = 0; node.on(\'generate\', (m) => node.reply(m, { type: \'generate_ok\', id: ++last }))', 'was given twice: by n'],
    ['that tells nobody', 'broadcast', 'const known = []; node.on(\'topology\', (m) => node.reply(m, { type: \'topology_ok\' })); node.on(\'broadcast\', (m) => { known.push(m.body.message); node.reply(m, { type: \'broadcast_ok\' }) }); node.on(\'read\', (m) => node.reply(m, { type: \'read_ok\', messages: known }))', 'does not know'],
    ['that stores on one node', 'lin-kv', 'const store = new Map(); node.on(\'write\', (m) => { store.set(m.body.key, m.body.value); node.reply(m, { type: \'write_ok\' }) }); node.on(\'read\', (m) => node.reply(m, store.has(m.body.key) ? { type: \'read_ok\', value: store.get(m.body.key) } : { type: \'error\', code: 20, text: \'\' })); node.on(\'cas\', (m) => node.reply(m, { type: \'error\', code: 11, text: \'\' }))', 'was acknowledged to c'],
    ['that ends by itself', 'echo', 'let asked = 0; node.on(\'echo\', (m) => { if (++asked > 3) { console.error(\'out of luck\'); process.exit(4) } node.reply(m, { type: \'echo_ok\', echo: m.body.echo }) })', 'ended by itself (status 4): out of luck'],
  ])('%s is broken in %s, with its evidence and its recording', (_what, workload, text, sentence) => {
    const recording = join(folder, `${workload}-${Math.random()}.jsonl`)
    const { status, stdout } = test(program(`wrong-${workload}`, text), workload, '--node-count', '2', '--rate', '30', '--timeout', '500', '--record', recording)
    expect(stdout).toContain(sentence)
    expect([status, stdout.includes(`${workload}: BROKEN:`)]).toEqual([1, true])
    const checked = runCli(['check', recording])
    expect(checked.stdout).toContain('not judged, because the servers here speak another protocol')
    expect(runCli(['export', recording, '--format', 'html']).stdout).toContain('</html>')
  })

  it('is run again until it is broken, and the recording of that run is kept', () => {
    const flaky = program('flaky', 'let asked = 0; node.on(\'echo\', (m) => node.reply(m, { type: \'echo_ok\', echo: node.lab.incarnation === 1 && ++asked === 5 ? 0 : m.body.echo }))')
    const { status, stdout } = test(flaky, 'echo', '--until-failure', '--times', '3', '--rate', '10', '--json')
    const runs = stdout.trim().split('\n').map((line) => JSON.parse(line) as { verdict: { standing: string }; recording: string; seed: string })
    expect([status, runs.at(-1)?.verdict.standing, runs[0]?.seed]).toEqual([1, 'broken', 'a'])
    expect(existsSync(runs.at(-1)?.recording ?? '')).toBe(true)
    rmSync(runs.at(-1)?.recording ?? '', { force: true })
  })

  it('that keeps its data on disk holds over a kill, and only if the disk does', () => {
    const stored = program('stored', `
import { existsSync, readFileSync, writeFileSync } from 'node:fs'
let sum = 0
let path = ''
node.on('init', () => { path = node.lab.data + '/sum'; if (existsSync(path)) sum = Number(readFileSync(path, 'utf8')) })
node.on('add', (m) => { sum += m.body.delta; writeFileSync(path, String(sum)); node.reply(m, { type: 'add_ok' }) })
node.on('read', (m) => node.reply(m, { type: 'read_ok', value: sum }))`)
    const run = (disk: string) => test(stored, 'g-counter', '--rate', '40', '--nemesis', 'kill', '--nemesis-interval', '1', '--timeout', '300', '--services', 'none', '--disk', disk)
    expect(run('keep').stdout).toContain('g-counter: held:')
    const lost = run('lose')
    expect([lost.status, lost.stdout]).toEqual([1, expect.stringContaining('n0 says')])
  })

  it('that answers too little is broken where an availability is asked for', () => {
    const silent = program('silent', 'let asked = 0; node.on(\'echo\', (m) => { if (++asked % 2) node.reply(m, { type: \'echo_ok\', echo: m.body.echo }) })')
    expect(test(silent, 'echo', '--rate', '10', '--timeout', '100').status).toBe(0)
    const { status, stdout } = test(silent, 'echo', '--rate', '10', '--timeout', '100', '--availability', 'total')
    expect([status, stdout]).toEqual([1, expect.stringContaining('100.0 % were asked for')])
  })
})

describe('what cannot be run or judged', () => {
  it.each([
    ['a program that is not there', ['--bin', '/nowhere/node', '-w', 'echo'], '/nowhere/node could not be started: the program is not there'],
    ['a workload that does not exist', ['--bin', 'x', '-w', 'dance'], 'dance'],
    ['a nemesis that does not exist', ['--bin', 'x', '-w', 'echo', '--nemesis', 'fire'], 'There is no nemesis "fire"; there are partition, one-way, loss, duplicate, kill, pause.'],
    ['a quote that does not end', ['--bin', 'x "y', '-w', 'echo'], 'has a quote that does not end'],
    ['a folder that is not there', ['--bin', 'x', '-w', 'echo', '--cwd', '/nowhere'], 'The program cannot run in /nowhere'],
    ['no program', ['-w', 'echo'], '--bin'],
  ])('%s: one sentence, status 2', (_what, words, sentence) => {
    const { status, stdout, stderr } = runCli(['test', ...words])
    expect([status, stdout]).toEqual([2, ''])
    expect(stderr).toContain(sentence)
    expect(stderr).not.toContain('    at ')
  })

  it('a program that never answers is not judged: status 2', () => {
    const { status, stdout } = test(program('deaf', ''), 'unique-ids', '--rate', '5', '--timeout', '100')
    expect([status, stdout.split('\n')[0]]).toEqual([2, 'unique-ids: not judged: no request was answered, so there is nothing to judge.'])
  })
})
