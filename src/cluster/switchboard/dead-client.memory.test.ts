// A client whose process has ended and whose socket has not: the workload must leave it alone, and no other node may suffer for it.
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { defaultSettings } from '../../protocol'
import { parseEventLines, traceVersion, type TraceEvent, type TraceHeader } from '../../trace'
import { startCluster } from '../supervisor/cluster'
import { MemoryHost } from '../testing/memory-host'
import { pass, useVirtualTime } from '../testing/virtual-time'

useVirtualTime()

let folder: string
beforeEach(() => { folder = mkdtempSync(join(tmpdir(), 'understudy-memory-')) })
afterEach(() => { rmSync(folder, { recursive: true, force: true }) })

const header: TraceHeader = {
  understudy: 'recording', version: traceVersion, parent: null, source: 'live', title: '', createdAt: '', settings: { ...defaultSettings, pingIntervalMs: 20 }, seed: '1', protocolHash: '',
  nodes: [
    { name: 'vs', kind: 'view-server' }, { name: 's1', kind: 'replica' }, { name: 's2', kind: 'replica' }, { name: 'c1', kind: 'client' }, { name: 'c2', kind: 'client' },
  ],
}

test('a workload goes on with the other client, at any rate', async () => {
  const events: TraceEvent[] = []
  const ends: string[] = []
  const waiting: { readonly fits: () => boolean; readonly settle: () => void }[] = []
  const until = (fits: () => boolean): Promise<void> => pass(new Promise<void>((settle) => { waiting.push({ fits, settle }) }))
  const cluster = await pass(startCluster({
    header, recordingPath: join(folder, 'r.jsonl'), nodeProgram: '', switchboardProgram: '', host: new MemoryHost(),
    onEvents: ({ text }) => {
      events.push(...parseEventLines(text))
      for (const { fits, settle } of waiting) if (fits()) settle()
    },
    onRecording: () => undefined, onEnded: (reason) => ends.push(reason),
  }))
  const returned = (node: string): number => events.filter((event) => event.type === 'operation-returned' && event.node === node).length
  for (const rate of [0, 500]) {
    await pass(cluster.perform({ type: 'start-workload', plan: { rate, inFlight: 8, mix: { put: 1, append: 0, get: 1, delete: 0, cas: 0 }, keys: 2, valueBytes: 8, clients: [] } }))
    const before = [returned('c1'), returned('c2')] as const
    await until(() => returned('c1') > before[0] + 20 && returned('c2') > before[1] + 20)
    await pass(cluster.perform({ type: 'kill', node: 'c1' }))
    const after = returned('c2')
    await until(() => returned('c2') > after + 100)
    await pass(cluster.perform({ type: 'restart', node: 'c1' }))
  }
  expect(ends).toEqual([])
  expect(events.filter((event) => event.type === 'lab-note' && !event.text.includes('before it took operation'))).toEqual([])
  await pass(cluster.stop())
})
