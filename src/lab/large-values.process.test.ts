// The largest values on real processes: sent through the lab, recorded, branched from and checked; and with standalone nodes, journalled
// and merged. No process ends unexpectedly, and no check reports a violation.
import { spawn, type ChildProcess } from 'node:child_process'
import { once } from 'node:events'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { connectLab, createPortPair, defaultClusterSettings } from '../contract'
import { valueBytesMax, type ByteString } from '../protocol'
import { recordBytes } from '../trace'
import { createLab, judgeRecording } from './index'
import { Screen } from './testing/screen-harness'
import { cli as program, runProgram } from '../system/testing/built'

const built = (name: string): string => fileURLToPath(new URL(`../../out/${name}`, import.meta.url))
const half = valueBytesMax / 2
const values: readonly (readonly [name: string, value: ByteString])[] = [
  ['4 MiB that are no text', '\u00ff\u0000'.repeat(half / 2) as ByteString], ['8 MiB that are no text', '\u00fe'.repeat(valueBytesMax) as ByteString], ['8 MiB of text', 'x'.repeat(valueBytesMax) as ByteString],
]

let folder: string
beforeEach(async () => { folder = await mkdtemp(join(tmpdir(), 'large-process-test-')) })
afterEach(async () => { await rm(folder, { recursive: true, force: true }) })

test.each(values)('%s through a lab: sent, read back, branched from, and the recordings conform', async (_name, value) => {
  const lab = await createLab({
    host: 'in-process', dataFolder: folder, version: 'test', scenariosFolder: built('../scenarios'), programs: { node: built('main/node.js'), switchboard: built('main/switchboard.js'), host: built('main/foreign.js') },
  })
  try {
    const [near, far] = createPortPair()
    lab.connect(far)
    const screen = new Screen(connectLab(near))
    // Long timeouts, so that no server counts as dead while megabytes are written.
    await screen.start({ ...defaultClusterSettings, title: 'large', replicas: 2, clients: 1, deadPings: 100, retryMs: 5000, operationTimeoutMs: 60_000 })
    await screen.ackedWithBackup()
    const recorded = recordBytes(value)
    expect(await screen.invoke({ type: 'put', key: 'k', value: recorded })).toMatchObject({ type: 'ok' })
    const got = await screen.invoke({ type: 'get', key: 'k' })
    expect(got.type === 'ok' && got.result.type === 'value' && got.result.value === recorded).toBe(true)
    const { session } = (await screen.lab.call('hello', {})).status
    const last = screen.events.at(-1)?.seq ?? 1
    const parent = (await screen.lab.call('hello', {})).status.recording?.path ?? ''
    const branch = await screen.lab.call('branch', { session, seq: last })
    expect(await judgeRecording(parent)).toMatchObject({ difference: null })
    await screen.show(branch.session)
    await screen.find('branched')
    await screen.lab.call('act', { type: 'thaw' })
    const again = await screen.invoke({ type: 'get', key: 'k' })
    expect(again.type === 'ok' && again.result.type === 'value' && again.result.value === recorded).toBe(true)
    await screen.lab.call('endSession', {})
    const path = (await screen.lab.call('hello', {})).status.recording?.path ?? ''
    expect(await judgeRecording(path)).toMatchObject({ difference: null, note: '' })
    const { status, stdout } = await runProgram(process.execPath, [program, 'check', path])
    expect({ status, stdout }).toMatchObject({ status: 0, stdout: expect.stringContaining('linearizable') as string })
  } finally {
    await lab.close()
  }
})

test('megabytes that are no text, in journals that are merged, conform and are checked', async () => {
  const children: ChildProcess[] = []
  const place = (name: string): string => join(folder, name)
  const quick = ['--ping-interval-ms', '50', '--ping-check-interval-ms', '50', '--dead-pings', '200', '--retry-ms', '5000']
  const start = async (name: string, words: readonly string[]): Promise<void> => {
    const child = spawn(process.execPath, [program, ...words, '--listen', place(name), '--journal', place(`${name}.journal`), ...quick], { stdio: ['ignore', 'pipe', 'inherit'] })
    children.push(child)
    await once(child.stdout, 'data')
  }
  try {
    await start('vs', ['view-server', '--new-cluster'])
    for (const name of ['s1', 's2']) await start(name, ['replica', '--name', name, '--view-server', place('vs')])
    const client = spawn(process.execPath, [program, 'client', '--view-server', place('vs'), '--journal', place('c.journal'), ...quick, '-'], { stdio: ['pipe', 'pipe', 'inherit'] })
    const ended = once(client, 'exit')
    // Control characters are recorded as base64.
    client.stdin.end(`put k ${JSON.stringify('\u0001'.repeat(half))}\nget k\n`)
    let bytes = 0
    client.stdout.on('data', (data: Buffer) => { bytes += data.length })
    expect(await ended).toEqual([0, null])
    expect(bytes).toBe('ok\n'.length + half + 1)
    for (const child of children) {
      const exit = once(child, 'exit')
      child.kill('SIGTERM')
      await exit
    }
    const out = place('merged.jsonl')
    const ran = (...words: string[]): ReturnType<typeof runProgram> => runProgram(process.execPath, [program, ...words])
    expect(await ran('merge', ...['vs', 's1', 's2', 'c'].map((name) => place(`${name}.journal`)), '--out', out)).toMatchObject({ status: 0 })
    expect(await ran('conformance', out)).toMatchObject({ status: 0, stdout: expect.stringContaining('conforms.') as string })
    expect(await ran('check', out)).toMatchObject({ status: 0, stdout: expect.stringContaining('linearizable') as string })
  } finally {
    for (const child of children) child.kill('SIGKILL')
  }
})
