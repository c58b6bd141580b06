// Every command and all its child processes end without a Node warning and without a file left open. A later Node may turn today's warning
// into a failure, for example for an unclosed file handle. UNDERSTUDY_NODE: the Node to test instead of this one.
import { spawn, spawnSync } from 'node:child_process'
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { pathToFileURL } from 'node:url'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { findChromium } from '../bench/window-programs'
import { exporters, exportFormats } from '../export'
import { failoverRecording, recordingText, type SampleRecording } from '../sim/testing/random-recording'
import type { TraceEvent } from '../trace'
import { cli, hangsMs, root } from '../system/testing/built'

/** True for the tests that take a minute or more. */
const isLong = process.env['CI'] !== undefined
const node = process.env['UNDERSTUDY_NODE'] ?? process.execPath

/** Loaded into every process before its program. It forces frequent garbage collection, as only that reports a lost file handle. */
const watch = `
  import { appendFileSync, fstatSync, readdirSync, readlinkSync } from 'node:fs'
  import { setFlagsFromString } from 'node:v8'
  import { runInNewContext } from 'node:vm'
  import { isMainThread } from 'node:worker_threads'
  const { UNDERSTUDY_SEEN: seen, UNDERSTUDY_SEEN_FOLDER: folder } = process.env
  const say = (text) => appendFileSync(seen, process.argv.slice(1, 4).join(' ') + ': ' + text + '\\n')
  process.on('warning', (warning) => say(warning.stack ?? String(warning)))
  setFlagsFromString('--expose-gc')
  const collect = runInNewContext('gc')
  setInterval(collect, 250).unref()
  if (isMainThread && /cli\\.js$/.test(process.argv[1] ?? '')) process.on('exit', () => {
    collect()
    for (const descriptor of readdirSync('/proc/self/fd')) {
      let path = ''
      try {
        path = readlinkSync('/proc/self/fd/' + descriptor)
        if (!path.startsWith(folder) || !fstatSync(Number(descriptor)).isFile()) continue
      } catch { continue }
      say('left open: ' + path)
    }
  })
`

let folder: string
let seen: string
let env: NodeJS.ProcessEnv
const at = (name: string): string => join(folder, name)

/** Repeats the sample; seqs and times continue. */
function repeated({ header, events }: SampleRecording, times: number): SampleRecording {
  const length = events.length
  const duration = (events.at(-1)?.at ?? 0) + 1000
  return { header, events: Array.from({ length: times }, (_, time) => events.map((event): TraceEvent => {
    const moved = { ...event, seq: event.seq + time * length, at: event.at + time * duration, wall: event.wall + time * duration }
    if ('id' in moved) moved.id = `${time}x${moved.id}`
    return moved.type === 'message-duplicated' ? { ...moved, of: `${time}x${moved.of}` } : moved
  })).flat() }
}

beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'understudy-warnings-test-'))
  seen = at('seen.txt')
  writeFileSync(seen, '')
  writeFileSync(at('watch.mjs'), watch)
  const options = `--trace-warnings --import ${pathToFileURL(at('watch.mjs')).href}`
  env = { ...process.env, NODE_OPTIONS: options, UNDERSTUDY_SEEN: seen, UNDERSTUDY_SEEN_FOLDER: folder, UNDERSTUDY_DATA: at('data') }
  writeFileSync(at('sample.jsonl'), recordingText(failoverRecording()))
  // Larger than the output buffer of a report, log or table, so a writer often waits for its file.
  writeFileSync(at('long.jsonl'), recordingText(repeated(failoverRecording(), 12)))
})
afterAll(() => { rmSync(folder, { recursive: true, force: true }) })

interface Ran { readonly status: number | null; readonly stdout: string; readonly stderr: string }

function lab(args: readonly string[], input = ''): Ran {
  const { status, stdout, stderr } = spawnSync(node, [cli, ...args], { encoding: 'utf8', timeout: hangsMs, killSignal: 'SIGKILL', maxBuffer: 256 * 1024 * 1024, cwd: root, env, input })
  return { status, stdout, stderr }
}

/** Expects no warning on standard error or in any child process, and no open file. */
function expectQuiet({ stderr }: Pick<Ran, 'stderr'>, what: string): void {
  const told = readFileSync(seen, 'utf8')
  writeFileSync(seen, '')
  expect(stderr, what).not.toMatch(/Warning|DEP\d{4}|FileHandle/)
  expect(told, what).toBe('')
}

/** Runs a command until its output matches; `end` interrupts it as a person would. Resolves with its standard error. */
function begun(args: readonly string[], isUp: RegExp): Promise<{ told: string; end: () => Promise<Ran> }> {
  const child = spawn(node, [cli, ...args], { cwd: root, env, stdio: ['ignore', 'pipe', 'pipe'] })
  let [stdout, stderr] = ['', '']
  const closed = new Promise<Ran>((done) => child.once('close', (status) => done({ status, stdout, stderr })))
  child.stderr.setEncoding('utf8').on('data', (text: string) => { stderr += text })
  return new Promise((done, fail) => {
    child.stdout.setEncoding('utf8').on('data', (text: string) => {
      stdout += text
      const told = isUp.exec(stdout)?.[0]
      if (told !== undefined) done({ told, end: () => { child.kill('SIGINT'); return closed } })
    })
    void closed.then(() => fail(new Error(`${args[0]} ended: ${stderr}`)))
  })
}

describe('without a warning, and with nothing left open', () => {
  it.each(exportFormats)('export --format %s, to a file and to standard output, of a long recording', (format) => {
    for (const out of [['--out', at(`long${exporters[format].extension}`)], []]) {
      const ran = lab(['export', at('long.jsonl'), '--format', format, ...out])
      expect(ran.status, ran.stderr).toBe(0)
      expectQuiet(ran, format)
    }
  })

  it('exports that end early', () => {
    expectQuiet(lab(['export', at('sample.jsonl'), '--format', 'csv', '--out', at('no/folder.csv')]), 'no folder')
    expectQuiet(lab(['export', at('sample.jsonl'), '--format', 'csv', '--from', '9', '--to', '3']), 'no range')
    expectQuiet(lab(['export', at('watch.mjs'), '--format', 'csv', '--out', at('x.csv')]), 'no recording')
  })

  it('check, check --history, import, conformance and compare', () => {
    expect(lab(['export', at('sample.jsonl'), '--format', 'jepsen', '--out', at('sample.edn')]).status).toBe(0)
    for (const args of [
      ['check', at('sample.jsonl'), at('long.jsonl')], ['check', at('sample.jsonl'), '--json'], ['check', '--history', at('sample.edn')], ['check', at('no.jsonl')], ['check', '--history', at('watch.mjs')],
      ['import', at('sample.edn'), '--out', at('imported.jsonl')], ['import', at('watch.mjs'), '--out', at('none.jsonl')], ['conformance', at('sample.jsonl')],
      ['compare', at('sample.jsonl'), at('long.jsonl')],
    ]) expectQuiet(lab(args), args.join(' '))
  })

  it('simulate, explore and rerun', () => {
    expectQuiet(lab(['simulate', '--seeds', '1..3', '--jobs', '2']), 'simulate')
    expectQuiet(lab(['simulate', '--seeds', '1', '--mutant', 'forgets-requests', '--save', at('found')]), 'simulate a mutant')
    const explored = lab(['explore', '--mutant', 'view-without-ack', '--workers', '2', '--record', at('explored.jsonl')])
    expectQuiet(explored, 'explore')
    expectQuiet(lab(['rerun', at('explored.jsonl'), '--times', '2']), 'rerun')
  })

  it('run, many scenarios one after the other in one process', () => {
    const scenario = join(root, 'scenarios/mit-view-service/1-first-primary.yaml')
    expectQuiet(lab(['run', scenario, '--times', '12', '--jobs', '1', '--on', 'processes']), 'on processes')
    expectQuiet(lab(['run', join(root, 'scenarios/mit-view-service'), '--jobs', '1', '--on', 'simulator', '--report', 'json', 'junit', 'html', '--out', at('report')]), 'on the simulator')
  })

  it('serve', async () => {
    const { end } = await begun(['serve', '--no-open'], /http:\/\/\S+/)
    expectQuiet(await end(), 'serve')
  })

  it('view-server, replica and client with journals, and merge', async () => {
    const journal = (name: string): string[] => ['--journal', at(`${name}.journal`)]
    const server = await begun(['view-server', '--listen', '127.0.0.1:0', '--new-cluster', ...journal('vs')], /127\.0\.0\.1:\d+/)
    const replica = await begun(['replica', '--name', 's1', '--listen', '127.0.0.1:0', '--view-server', server.told, ...journal('s1')], /127\.0\.0\.1:\d+/)
    const lines = Array.from({ length: 2000 }, (_, index) => `put key${index % 50} ${'x'.repeat(200)}`)
    const client = lab(['client', '--view-server', server.told, ...journal('c1'), '-'], `${[...lines, 'get key1', 'view'].join('\n')}\n`)
    expectQuiet(client, 'client')
    expectQuiet(lab(['client', '--view-server', server.told, 'get', 'key1']), 'client get')
    expectQuiet(lab(['client', '--view-server', server.told, '-'], 'get key1\nnonsense\nget key2\n'), 'client of a bad line')
    expectQuiet(await replica.end(), 'replica')
    expectQuiet(await server.end(), 'view-server')
    expectQuiet(lab(['merge', at('vs.journal'), at('s1.journal'), at('c1.journal'), '--out', at('merged.jsonl.gz')]), 'merge')
    expectQuiet(lab(['merge', at('watch.mjs'), '--out', at('not.jsonl')]), 'merge of no journal')
    expectQuiet(lab(['check', at('merged.jsonl.gz')]), 'check of gzip')
  })

  it.runIf(isLong)('mutants, and benches', () => {
    expectQuiet(lab(['mutants', '--only', 'view-without-ack', '--seeds', '2', '--states-max', '1000']), 'mutants')
    for (const bench of ['rules', 'start', 'throughput', 'sample']) expectQuiet(lab(['bench', bench, '--rounds', '1', '--seconds', '1']), `bench ${bench}`)
  })

  it.runIf(isLong && findChromium() !== '')('bench window, with a recording that is told as if it were live', () => {
    const ran = lab(['bench', 'window', '--events', '20000', '--rounds', '1', '--only', 'played'])
    expect(ran.status, ran.stderr).toBe(0)
    expectQuiet(ran, 'bench window')
  })
})
