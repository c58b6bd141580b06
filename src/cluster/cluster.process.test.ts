// Real processes: user actions on a cluster, and failures of its processes.
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { connect } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { pathToFileURL } from 'node:url'
import { afterEach, describe, expect, onTestFinished, test } from 'vitest'
import { utf8ToBytes } from '../protocol'
import type { TraceEvent } from '../trace'
import { Harness, isAlive, programs, quick, type HarnessOptions } from './testing/cluster-harness'

let harness: Harness

async function start(options?: HarnessOptions): Promise<Harness> {
  harness = await new Harness(options).start()
  await harness.untilAcked('a backup', (_primary, backups) => backups.length > 0)
  return harness
}

afterEach(async () => {
  await harness.stop()
  expect(harness.pids.filter(isAlive), 'processes that are left').toEqual([])
})

describe('a cluster of processes', () => {
  test('begins with s1 as primary and s2 as its backup, and stores what a client puts', async () => {
    await start()
    expect(harness.events.find((event) => event.type === 'view-changed' && event.view.viewnum === 2)).toMatchObject({
      view: { primary: { name: 's1' }, backups: [{ name: 's2' }] },
    })
    await harness.put('a', '1')
    expect(await harness.get('a')).toBe('1')
  })

  test('survives its primary, and a restarted server takes the state back', async () => {
    await start({ settings: quick })
    await harness.put('a', '1')
    await harness.cluster.perform({ type: 'kill', node: 's1' })
    await harness.untilAcked('s2 primary', (primary, backups) => primary === 's2' && backups.includes('s3'))
    expect(await harness.get('a')).toBe('1')
    await harness.cluster.perform({ type: 'kill', node: 's3' })
    await harness.untilAcked('s2 alone', (_primary, backups) => backups.length === 0)
    await harness.cluster.perform({ type: 'restart', node: 's1' })
    await harness.untilAcked('s1 backup', (primary, backups) => primary === 's2' && backups.includes('s1'))
    await harness.put('b', '2')
    await harness.cluster.perform({ type: 'kill', node: 's2' })
    await harness.untilAcked('s1 primary', (primary) => primary === 's1')
    expect([await harness.get('a'), await harness.get('b')]).toEqual(['1', '2'])
  })

  describe('restarts a node', () => {
    /** A node program that runs `first` before everything else, in every incarnation except the first. */
    const startWith = (first: string): Promise<Harness> => {
      const folder = mkdtempSync(join(tmpdir(), 'understudy-node-program-'))
      onTestFinished(() => rmSync(folder, { recursive: true, force: true }))
      const program = join(folder, 'node.mjs')
      writeFileSync(program, `if (process.argv[4] !== '1') { ${first} }\nawait import(${JSON.stringify(pathToFileURL(join(programs, 'node.js')).href)})\n`)
      return start({ settings: quick, nodeProgram: program })
    }
    const starts = (): (number | undefined)[] => harness.events.flatMap((event) => event.type === 'node-started' && event.node === 's1' ? [event.incarnation] : [])

    test('at once, however long its process takes to begin', async () => {
      await startWith('await new Promise((settle) => setTimeout(settle, 2000))')
      await harness.cluster.perform({ type: 'restart', node: 's1' })
      const moments = harness.events.filter((event) => (event.type === 'node-killed' || event.type === 'node-started') && event.node === 's1').slice(1)
      expect(moments.map(({ type }) => type)).toEqual(['node-killed', 'node-started'])
      expect((moments[1]?.at ?? 0) - (moments[0]?.at ?? 0), 'microseconds without it').toBeLessThan(1_000_000)
      const changed = await harness.until('its view without it', (event) => event.type === 'view-changed' && event.view.primary?.name === 's2')
      expect(changed).toMatchObject({ cause: { left: [{ because: 'restarted' }] } })
    })

    test('not at all where the next process cannot begin: it lives on, and can be restarted and killed', async () => {
      await startWith('console.error("not today"); process.exit(1)')
      await expect(harness.cluster.perform({ type: 'restart', node: 's1' })).rejects.toThrow('s1 was not restarted and lives on: its next process ended at once: not today.')
      expect(starts()).toEqual([1])
      await harness.put('a', '1')
      await harness.cluster.perform({ type: 'kill', node: 's1' })
    })

    test('twice when it is asked twice at once, one after the other', async () => {
      await start({ settings: quick })
      await Promise.all([harness.cluster.perform({ type: 'restart', node: 's1' }), harness.cluster.perform({ type: 'restart', node: 's1' })])
      expect(starts()).toEqual([1, 2, 3])
    })
  })

  test('is stuck when a lone primary dies, says so, and a fresh server does not serve', async () => {
    await start({ settings: { ...quick, operationTimeoutMs: 1000 }, replicas: 2 })
    await harness.put('a', '1')
    await harness.cluster.perform({ type: 'kill', node: 's2' })
    await harness.untilAcked('s1 alone', (_primary, backups) => backups.length === 0)
    await harness.cluster.perform({ type: 'kill', node: 's1' })
    await harness.cluster.perform({ type: 'restart', node: 's1' })
    await harness.cluster.perform({ type: 'restart', node: 's2' })
    await harness.until('stuck', (event) => event.type === 'stuck' && event.stuck?.type === 'no-live-backup')
    expect(await harness.get('a')).toBe('unknown')
  })

  test('replaces a paused primary, which refuses a straight request when it resumes', async () => {
    await start({ settings: quick })
    await harness.cluster.perform({ type: 'pause', node: 's1' })
    await harness.untilAcked('s2 primary', (primary) => primary === 's2')
    const { length } = harness.events
    await harness.cluster.perform({ type: 'resume', node: 's1' })
    // Until its first ping is answered, s1 may still believe that it is primary. The outcome of a request that it takes then would be unknown.
    await harness.until('s1 knows of it', (event) => event.type === 'role-changed' && event.node === 's1' && event.role !== 'primary', length)
    const outcome = await harness.operation('c1', { type: 'get', key: utf8ToBytes('a') }, { target: 's1' })
    expect(outcome).toEqual({ type: 'failed', reason: 'not-primary', by: 's1' })
  })

  test('stands still in a freeze of any length and goes on without a failover', async () => {
    await start({ settings: quick })
    await harness.cluster.perform({ type: 'start-workload', plan: { rate: 200, inFlight: 4, mix: { put: 1, append: 0, get: 1, delete: 0, cas: 0 }, keys: 4, valueBytes: 8, clients: [] } })
    await harness.until('an operation', (event) => event.type === 'operation-returned')
    await harness.cluster.perform({ type: 'freeze' })
    const { length } = harness.events
    const views = harness.state.views.length
    // Longer than the half second after which a silent server counts as dead. Nothing may happen here, so there is no event to wait for.
    await new Promise((settle) => setTimeout(settle, 1500))
    expect(harness.events.slice(length), 'events in the freeze').toEqual([])
    await harness.cluster.perform({ type: 'thaw' })
    await harness.until('an operation after the thaw', (event) => event.type === 'operation-returned', length)
    await harness.cluster.perform({ type: 'stop-workload' })
    expect(harness.state.views).toHaveLength(views)
  })

  test('stands still at once, however busy the clients are', async () => {
    await start({ settings: quick })
    await harness.cluster.perform({ type: 'start-workload', plan: { rate: 0, inFlight: 4, mix: { put: 1, append: 0, get: 1, delete: 0, cas: 0 }, keys: 4, valueBytes: 8, clients: [] } })
    for (let round = 0; round < 10; round++) {
      const from = harness.events.length
      await harness.until('an operation', (event) => event.type === 'operation-returned', from)
      await harness.cluster.perform({ type: 'freeze' })
      const { length } = harness.events
      await new Promise((settle) => setTimeout(settle, 30))
      expect(harness.events.slice(length), 'events in the freeze').toEqual([])
      await harness.cluster.perform({ type: 'thaw' })
    }
    await harness.cluster.perform({ type: 'stop-workload' })
  })

  test('takes an operation in a freeze, and holds its messages until the thaw', async () => {
    await start({ settings: quick })
    await harness.put('a', '1')
    await harness.cluster.perform({ type: 'freeze' })
    const from = harness.events.length
    const { operationId } = await harness.cluster.perform({ type: 'invoke', session: -1, client: 'c1', operation: { type: 'get', key: utf8ToBytes('a') }, target: '', label: 'person' })
    await harness.until('the request', (event) => event.type === 'message-sent' && event.message.type === 'request', from)
    expect(harness.events.slice(from).some((event) => event.type === 'message-handed')).toBe(false)
    await harness.cluster.perform({ type: 'thaw' })
    await harness.until('its answer', (event) => event.type === 'operation-returned' && event.operationId === operationId, from)
  })

  test('freezes although a node is paused, and the paused node wakes into the freeze', async () => {
    const pingIntervalMs = 200
    await start({ settings: { pingIntervalMs, pingCheckIntervalMs: pingIntervalMs, deadPings: 25 } })
    // Between two pings s3 does nothing. A signal in the middle of a step would let that step end, and be sent, when the node wakes.
    await harness.until('s3 has its answer', (event) => event.type === 'message-taken' && event.id.startsWith('vs.') && event.node === 's3', harness.events.length)
    await harness.cluster.perform({ type: 'pause', node: 's3' })
    await harness.cluster.perform({ type: 'freeze' })
    // The ping is due while s3 cannot fire it.
    await new Promise((settle) => setTimeout(settle, 1.5 * pingIntervalMs))
    const from = harness.events.length
    const told = harness.until('s3 tells its timers', (event) => event.type === 'timers-stopped' && event.node === 's3')
    await harness.cluster.perform({ type: 'resume', node: 's3' })
    await told
    await harness.cluster.perform({ type: 'thaw' })
    const woken = harness.events.slice(from)
    const inFreeze = woken.slice(0, woken.findIndex(({ type }) => type === 'thawed'))
    expect(inFreeze.filter(({ type }) => type === 'timer-fired'), 'timers that fired in the freeze').toEqual([])
  })

  test('refuses what makes no sense, in a sentence', async () => {
    await start()
    await harness.cluster.perform({ type: 'kill', node: 's3' })
    await expect(harness.cluster.perform({ type: 'kill', node: 's3' })).rejects.toThrow('s3 is already dead.')
    await expect(harness.cluster.perform({ type: 'resume', node: 's1' })).rejects.toThrow('s1 is not paused.')
    await expect(harness.cluster.perform({ type: 'thaw' })).rejects.toThrow('The cluster is not frozen.')
    await expect(harness.cluster.perform({ type: 'restart', node: 'vs' })).rejects.toThrow('The view server is not restarted')
    await expect(harness.cluster.perform({ type: 'kill', node: 's9' })).rejects.toThrow('There is no node s9.')
  })

  test('refuses a key and a value over their limits, and goes on', async () => {
    // A busy machine may need long for as large a value as this.
    await start({ settings: { operationTimeoutMs: 300_000 } })
    const key = utf8ToBytes('k'.repeat(64 * 1024 + 1))
    const value = utf8ToBytes('v'.repeat(8 * 1024 * 1024 + 1))
    expect(await harness.operation('c1', { type: 'get', key })).toEqual({ type: 'failed', reason: 'key-too-large', by: '' })
    expect(await harness.operation('c1', { type: 'put', key: utf8ToBytes('a'), value })).toEqual({ type: 'failed', reason: 'value-too-large', by: '' })
    expect(await harness.put('a', 'v'.repeat(8 * 1024 * 1024))).toMatchObject({ type: 'ok' })
    expect((await harness.get('a')).length).toBe(8 * 1024 * 1024)
  })
})

describe('the recording', () => {
  test('is what was shown: dense, in one order, causes before effects', async () => {
    await start({ settings: quick })
    await harness.put('a', '1')
    await harness.cluster.perform({ type: 'kill', node: 's1' })
    await harness.untilAcked('s2 primary', (primary) => primary === 's2')
    const recorded = harness.recordedEvents()
    expect(recorded.slice(0, harness.events.length)).toEqual(harness.events)
    expect(recorded.map(({ seq }) => seq)).toEqual(recorded.map((_, index) => index + 1))
    const sent = new Set<string>()
    const handed = new Set<string>()
    for (const event of recorded) {
      if (event.type === 'message-sent') sent.add(event.id)
      else if (event.type === 'message-handed') {
        expect(sent.has(event.id), `${event.id} was handed over after it was sent`).toBe(true)
        handed.add(event.id)
      } else if (event.type === 'message-taken') expect(handed.has(event.id), `${event.id} was taken after it was handed over`).toBe(true)
    }
  })
})

describe('when a process fails', () => {
  test('a switchboard that dies ends the session with a reason, a whole recording and no node left', async () => {
    await start()
    await harness.put('a', '1')
    const node = harness.pids[0] as number
    const switchboard = Number(/^PPid:\s+(\d+)/m.exec(readFileSync(`/proc/${node}/status`, 'utf8'))?.[1])
    expect(switchboard, 'nodes are children of this process').toBe(process.pid)
    process.kill(harness.switchboardPid, 'SIGKILL')
    await expect.poll(() => harness.endedBecause).toContain('The switchboard ended (SIGKILL')
    await expect.poll(() => harness.pids.filter(isAlive)).toEqual([])
    const recorded = harness.recordedEvents()
    expect(recorded.length).toBeGreaterThanOrEqual(harness.events.length)
  })

  test('a node program that cannot run is refused with what it said, and nothing is left', async () => {
    harness = new Harness({ nodeProgram: '/nowhere/node.js' })
    await expect(harness.start()).rejects.toThrow(/ended before it had started.*Cannot find module/s)
  })

  test('garbage and strangers on the switchboard\'s socket are turned away with a note, and the cluster goes on', async () => {
    const sockets = (): string[] => readFileSync('/proc/net/unix', 'utf8').match(/\S+understudy-cluster-[\w-]+\/s$/gm) ?? []
    // Other clusters may run on this machine.
    const others = new Set(sockets())
    await start()
    const path = sockets().find((socket) => !others.has(socket)) as string
    const knock = (bytes: Buffer): Promise<void> => new Promise((settle) => {
      const socket = connect(path, () => socket.write(bytes))
      socket.on('error', () => undefined)
      socket.on('close', () => settle())
    })
    await knock(Buffer.from('GET / HTTP/1.1\r\n\r\n'))
    const hello = Buffer.from([0, 0, 0, 3, 1, 0, 99])
    await knock(hello)
    const notes = (): TraceEvent[] => harness.events.filter((event) => event.type === 'lab-note')
    await harness.until('two notes', () => notes().length >= 2)
    expect(JSON.stringify(notes())).toMatch(/over the limit of 1024.*speaks version 99/s)
    await harness.put('a', '1')
  })
})
