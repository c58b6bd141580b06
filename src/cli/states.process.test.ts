// Every command in every state of a machine: exit status 0, 1 or 2, never "judged wrong" for a failure of the machine, and never a
// stack trace. Prints the table. States that this machine cannot provide (another user, namespaces) are left out, and the table says so.
import { spawn, spawnSync } from 'node:child_process'
import { chmodSync, mkdirSync, mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs'
import { availableParallelism, tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as pause } from 'node:timers/promises'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { nodeForStrangers } from './testing/node-for-strangers'
import { failoverRecording, recordingText } from '../sim/testing/random-recording'
import { cli } from '../system/testing/built'

const isRoot = process.getuid?.() === 0
/** User ids without an entry in the user database: without HOME they have no home folder. Each command gets its own, as process limits count by user. */
const strangers = 65_400

let folder: string
let strangersNode: string
const at = (name: string): string => join(folder, name)

interface Ran {
  readonly status: number | null
  readonly signal: string | null
  /** True if it was sent a signal. */
  readonly wasTold: boolean
  readonly stderr: string
}

/** Every command; `out` is its output folder. A command that runs for ever, or for long, is ended by a signal. */
const commands: Readonly<Record<string, { readonly words: (out: string) => string[]; readonly endsAfterMs?: number }>> = {
  'serve': { words: () => ['serve', '--no-open'], endsAfterMs: 2500 },
  'mutants': { words: (out) => ['mutants', '--only', 'view-without-ack', '--seeds', '1', '--states-max', '1000', '--markdown', join(out, 'm.md')], endsAfterMs: 4000 },
  'rerun': { words: () => ['rerun', at('explored.jsonl')] },
  'run': { words: () => ['run', at('scenario.yaml'), '--on', 'processes', '--jobs', '2', '--times', '2'] },
  'run --record': { words: (out) => ['run', at('scenario.yaml'), '--on', 'simulator', '--record', join(out, 'r.jsonl'), '--report', 'json', '--out', join(out, 'deep/er/r.json')] },
  'explore': { words: (out) => ['explore', '--mutant', 'view-without-ack', '--workers', '2', '--record', join(out, 'e.jsonl')] },
  'export': { words: (out) => ['export', at('sample.jsonl'), '--format', 'csv', '--out', join(out, 'x.csv')] },
  'view-server': { words: (out) => ['view-server', '--listen', '127.0.0.1:0', '--new-cluster', '--journal', join(out, 'v.journal')], endsAfterMs: 1500 },
  'replica': { words: (out) => ['replica', '--name', 's1', '--listen', join(out, 's1.socket'), '--view-server', at('nobody'), '--journal', join(out, 's.journal')], endsAfterMs: 1500 },
  'client': { words: (out) => ['client', '--view-server', at('nobody'), '--journal', join(out, 'c.journal'), 'get', 'x'], endsAfterMs: 1500 },
  'bench': { words: () => ['bench', 'start', '--rounds', '1', '--seconds', '1'], endsAfterMs: 4000 },
  'conformance': { words: () => ['conformance', at('sample.jsonl')] },
  'check': { words: () => ['check', at('sample.jsonl')] },
  'simulate': { words: (out) => ['simulate', '--seeds', '1', '--mutant', 'forgets-requests', '--jobs', '2', '--save', join(out, 'a/b')] },
  'compare': { words: () => ['compare', at('sample.jsonl'), at('sample.jsonl')] },
  'import': { words: (out) => ['import', at('sample.edn'), '--out', join(out, 'i.jsonl')] },
  'merge': { words: (out) => ['merge', at('vs.journal'), '--out', join(out, 'm.jsonl')] },
}

interface State {
  /** Shell commands before the command. */
  readonly shell?: string
  readonly env?: NodeJS.ProcessEnv
  /** The output folder; by default a separate one. */
  readonly out?: string
  /** True to run as a user without an entry in the user database. */
  readonly asStranger?: boolean
  /** Set where Node itself may hang in the start of a child; after this time the command is ended. */
  readonly mayHangMs?: number
  /** Undefined, or why this machine cannot be in this state. */
  readonly missing?: string | undefined
}

const canUnshare = isRoot && spawnSync('unshare', ['-m', 'true']).status === 0
const noRoot = isRoot ? undefined : 'only root can be another user'

const states: Readonly<Record<string, State>> = {
  'as it is': {},
  'no TMPDIR': { env: { TMPDIR: '/nowhere/at/all' } },
  'TMPDIR is /proc': { env: { TMPDIR: '/proc' } },
  'TMPDIR is /sys': { env: { TMPDIR: '/sys' } },
  'no HOME': { env: { HOME: undefined, UNDERSTUDY_DATA: undefined }, asStranger: true, missing: noRoot },
  'data in /proc': { env: { UNDERSTUDY_DATA: '/proc/x/y' } },
  'read-only folders': { out: '/sys/understudy' },
  'folders in /proc': { out: '/proc/understudy' },
  'full disk': { shell: 'ulimit -f 0' },
  '64 open files': { shell: 'ulimit -n 64' },
  '32 open files': { shell: 'ulimit -n 32' },
  '24 open files': { shell: 'ulimit -n 24' },
  '24 processes': { shell: 'ulimit -u 24', asStranger: true, missing: noRoot, mayHangMs: 40_000 },
  'no /dev/shm': { shell: 'umount -l /dev/shm && chmod 0 /dev/shm || exit 90', missing: canUnshare ? undefined : 'no namespaces here' },
}

beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'understudy-states-test-'))
  chmodSync(folder, 0o777)
  strangersNode = isRoot ? nodeForStrangers(folder, strangers) : process.execPath
  writeFileSync(at('sample.jsonl'), recordingText(failoverRecording()))
  writeFileSync(at('scenario.yaml'), 'understudy: scenario\nversion: 1\ntitle: t\nsuite: S\npoints: 2\ncluster: { replicas: 1, clients: 1 }\nsteps:\n  - wait: { view: { viewnum: 1, acked: true } }\n')
  const lab = (...words: string[]): void => {
    const { status, stderr } = spawnSync(process.execPath, [cli, ...words], { encoding: 'utf8' })
    if (status !== 0 && status !== 1) throw new Error(`${words[0]}: ${stderr}`)
  }
  lab('export', at('sample.jsonl'), '--format', 'jepsen', '--out', at('sample.edn'))
  lab('explore', '--mutant', 'view-without-ack', '--workers', '2', '--record', at('explored.jsonl'))
  spawnSync('timeout', ['-s', 'TERM', '3', process.execPath, cli, 'view-server', '--listen', '127.0.0.1:0', '--new-cluster', '--journal', at('vs.journal')])
  for (const name of readdirSync(folder)) chmodSync(at(name), 0o644)
})
afterAll(() => rmSync(folder, { recursive: true, force: true }))

interface Call {
  readonly index: number
  readonly words: readonly string[]
  readonly temporary: string
  readonly endsAfterMs: number
}

function inState({ shell = 'true', env = {}, asStranger = false }: State, { index, words, temporary, endsAfterMs }: Call): Promise<Ran> {
  const needsMounts = shell.startsWith('umount')
  const [program, ...args] = [...needsMounts ? ['unshare', '-m'] : [], 'bash', '-c', `${shell}; exec "$@"`, 'bash', asStranger ? strangersNode : process.execPath, cli, ...words]
  const child = spawn(program as string, args, {
    cwd: folder, stdio: ['ignore', 'ignore', 'pipe'], env: { ...process.env, TMPDIR: temporary, UNDERSTUDY_DATA: join(temporary, '../data'), ...env },
    // A separate process group: signals that a command sends to its group must not reach this process.
    detached: true, ...(asStranger ? { uid: strangers + index, gid: strangers } : {}),
  })
  let stderr = ''
  child.stderr.setEncoding('utf8').on('data', (text: string) => { stderr += text })
  let wasTold = false
  const timer = setTimeout(() => {
    wasTold = child.kill('SIGTERM')
  }, endsAfterMs)
  return new Promise((settle) => child.once('close', (status, signal) => {
    clearTimeout(timer)
    settle({ status, signal, wasTold, stderr })
  }))
}

/** The time limit of a command that ends by itself. */
const wholeMs = 60_000

const stack = /^\s+at .*:\d+:\d+\)?$/m

/** The result of a command, as one word for the table. */
const shown = ({ status, signal }: Ran): string => signal === null ? String(status) : 'runs'

describe('in every state of the machine', () => {
  const table = new Map<string, string[]>()
  afterAll(() => {
    const names = Object.keys(commands)
    const head = `${'state'.padEnd(20)}${names.map((name) => name.padStart(13)).join('')}`
    console.log([head, ...[...table].map(([state, cells]) => `${state.padEnd(20)}${cells.map((cell) => cell.padStart(13)).join('')}`)].join('\n'))
  })

  /** All states take two minutes: outside of CI only those that break most are tested. */
  const isLong = process.env['UNDERSTUDY_LONG'] === '1'
  const shortly = ['as it is', 'no TMPDIR', 'data in /proc', 'full disk', '24 open files']
  it.each(Object.entries(states).filter(([name]) => isLong || shortly.includes(name)))('%s: a sentence and a status for every command', async (name, state) => {
    if (state.missing !== undefined) {
      table.set(name, [state.missing])
      return
    }
    const cells: string[] = []
    const problems: string[] = []
    const waiting = [...Object.entries(commands).entries()]
    const work = async (): Promise<void> => {
      for (let next = waiting.shift(); next; next = waiting.shift()) {
        const [index, [command, { words, endsAfterMs = state.mayHangMs ?? wholeMs }]] = next
        const own = mkdtempSync(at(`of-${index}-`))
        for (const below of ['tmp', 'out', 'data']) mkdirSync(join(own, below))
        for (const path of [own, ...['tmp', 'out', 'data'].map((below) => join(own, below))]) chmodSync(path, 0o777)
        const ran = await inState(state, { index, words: words(state.out ?? join(own, 'out')), temporary: join(own, 'tmp'), endsAfterMs })
        cells[index] = shown(ran)
        const about = `${command} (${shown(ran)}): ${ran.stderr.trim().slice(0, 600)}`
        if (stack.test(ran.stderr)) problems.push(`a stack: ${about}`)
        else if ((endsAfterMs === wholeMs && ran.wasTold) || !isGoodEnd(ran, command)) problems.push(`its end: ${about}`)
        else if (ran.status === 2 && !/^[A-Z\w/].*[.:]$/m.test(ran.stderr)) problems.push(`no sentence: ${about}`)
        else if (/A mistake of Understudy|Cannot read prop/.test(ran.stderr)) problems.push(`a mistake: ${about}`)
        const left = (): string[] => readdirSync(join(own, 'tmp')).filter((file) => !file.startsWith('understudy-recordings-'))
        // A switchboard whose lab has ended removes its folder shortly afterwards.
        for (let tries = 0; tries < 20 && left().length > 0; tries++) await pause(250)
        if (left().length > 0) problems.push(`left behind: ${left().join(', ')} of ${about}`)
      }
    }
    await Promise.all(Array.from({ length: availableParallelism() }, work))
    table.set(name, cells)
    expect(problems).toEqual([])
  })
})

/** 130 and 143: it was sent a signal and ended well. */
function isGoodEnd({ status, signal, wasTold }: Ran, command: string): boolean {
  if (signal !== null) return wasTold && signal === 'SIGTERM'
  return status === 0 || status === 2 || (status === 1 && isJudged(command)) || (wasTold && (status === 130 || status === 143))
}

/** Commands whose input contains a fault on purpose. */
function isJudged(command: string): boolean {
  return command === 'simulate' || command === 'explore' || command === 'mutants'
}
