// The lab over a cluster without processes: one session for all screens, its recording, its refusals, and its end.
import { existsSync, readdirSync, readFileSync } from 'node:fs'
import { mkdir, mkdtemp, rm, stat, truncate, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { gunzipSync, gzipSync } from 'node:zlib'
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest'
import {
  connectLab, createPortPair, defaultClusterSettings, defaultWorkload, type ClusterSettings, type EventBatch, type Lab, type SessionStatus,
} from '../contract'
import { randomFaultsRecording } from '../sim/testing/random-faults-recording'
import { createRecordingReader, formatEvent, formatHeader, parseEventLines, type EventBody, type TraceEvent, type TraceHeader } from '../trace'
import { changesWaitingMax } from './changes'
import { createFakeClusters, type FakeCluster, type FakeClusters } from './testing/fake-cluster'
import { openLab } from './lab'
import type { LabOptions, RunningLab } from './lab-options'
import { piecesWaitingMax } from './uploads'

let folder: string
let clusters: FakeClusters
let lab: RunningLab

async function open(recordingsFolder?: string, more: Partial<LabOptions> = {}): Promise<RunningLab> {
  return openLab({
    ...more,
    host: 'in-process', dataFolder: join(folder, 'data'), version: '1.2.3', scenariosFolder: fileURLToPath(new URL('../../scenarios', import.meta.url)), programs: { node: '/node.js', switchboard: '/switchboard.js', host: '/foreign.js' },
    ...(recordingsFolder === undefined ? {} : { recordingsFolder }),
  }, clusters)
}

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'lab-test-'))
  clusters = createFakeClusters()
  lab = await open()
})
afterEach(async () => {
  await lab.close()
  await rm(folder, { recursive: true })
})

function connect(to = lab): Lab {
  const [screen, port] = createPortPair()
  to.connect(port)
  return connectLab(screen)
}

function cluster(): FakeCluster {
  const last = clusters.started.at(-1)
  if (!last) throw new Error('no cluster was started')
  return last
}

/** Collects events and acks each batch; `until` resolves when the events up to `latest` have arrived. */
function follow(screen: Lab): { events: TraceEvent[]; until(latest: number): Promise<void> } {
  const events: TraceEvent[] = []
  let check = (): void => {}
  screen.on('events', ({ session, batch, text }) => {
    events.push(...parseEventLines(text))
    void screen.call('ackBatch', { session, batch })
    check()
  })
  return {
    events,
    until: (latest) => new Promise((resolve) => {
      check = () => { if ((events.at(-1)?.seq ?? 0) >= latest) resolve() }
      check()
    }),
  }
}

function statusOf(screen: Lab, wanted: (status: SessionStatus) => boolean): Promise<SessionStatus> {
  return new Promise((resolve) => { screen.on('status', (status) => { if (wanted(status)) resolve(status) }) })
}

async function statusNow(screen: Lab): Promise<SessionStatus> {
  return (await screen.call('hello', {})).status
}

async function download(screen: Lab, gzip: boolean): Promise<{ name: string; bytes: Buffer }> {
  const pieces: Buffer[] = []
  for (let offset = 0; ;) {
    const piece = await screen.call('readRecording', { gzip, offset })
    pieces.push(Buffer.from(piece.base64, 'base64'))
    if (piece.next === piece.total) return { name: piece.name, bytes: Buffer.concat(pieces) }
    offset = piece.next
  }
}

async function upload(screen: Lab, name: string, bytes: Buffer): Promise<{ session: number }> {
  const { upload: id } = await screen.call('uploadBegin', { name, bytes: bytes.length })
  // Sent without waiting: the lab keeps their order.
  const pieces: Promise<unknown>[] = []
  for (let at = 0; at < bytes.length; at += 2000) {
    pieces.push(screen.call('uploadPiece', { upload: id, base64: bytes.subarray(at, at + 2000).toString('base64') }))
  }
  await Promise.all(pieces)
  return screen.call('uploadOpen', { upload: id })
}

const note = (text: string): EventBody => ({ type: 'lab-note', text, node: '' })
const notes = (count: number): EventBody[] => Array.from({ length: count }, (_, index) => note(`note ${index}`))
const sample = readFileSync(new URL('../trace/testdata/v7.jsonl', import.meta.url))

/** All files in private folders of this process. */
function privateFiles(): string[] {
  return readdirSync(tmpdir()).filter((name) => name.startsWith(`understudy-lab-${process.pid}-`)).flatMap((name) => readdirSync(join(tmpdir(), name))).filter((name) => !name.startsWith('lock-'))
}

describe('a new cluster', () => {
  it('has the nodes, settings and seed that were chosen, in the header of its recording', async () => {
    const screen = connect()
    const chosen: ClusterSettings = { ...defaultClusterSettings, title: 'two', replicas: 2, clients: 1, pingIntervalMs: 25, deadPings: 3, seed: 'abc' }
    expect(await screen.call('newCluster', chosen)).toEqual({ session: 1 })
    const { header } = cluster().options
    expect(header).toMatchObject({
      understudy: 'recording', version: 7, parent: null, source: 'live', title: 'two', seed: 'abc', protocolHash: 'unbuilt',
      nodes: [{ name: 'vs', kind: 'view-server' }, { name: 's1', kind: 'replica' }, { name: 's2', kind: 'replica' }, { name: 'c1', kind: 'client' }],
      settings: { pingIntervalMs: 25, pingCheckIntervalMs: 25, deadPings: 3, backupsWanted: 1, newCluster: true, mutants: [] },
    })
    const status = await statusNow(screen)
    expect(status).toMatchObject({ session: 1, kind: 'live', title: 'two', reason: '', latest: 1 })
    expect(JSON.parse(status.header)).toEqual(header)
  })

  it('draws a seed where none is given', async () => {
    const screen = connect()
    await screen.call('newCluster', defaultClusterSettings)
    await screen.call('newCluster', defaultClusterSettings)
    const seeds = clusters.started.map(({ options }) => options.header.seed)
    expect(seeds[0]).toMatch(/^[0-9a-f]{16}$/)
    expect(seeds[1]).not.toBe(seeds[0])
  })

  it('is recorded in a private folder under a name of date, time and title', async () => {
    const screen = connect()
    await screen.call('newCluster', { ...defaultClusterSettings, title: ' Two kills / übung? ' })
    const { recordingPath } = cluster().options
    expect(recordingPath).toMatch(/data\/recordings\/\d{4}-\d\d-\d\dT\d\d-\d\d-\d\d-Two-kills-übung\.jsonl$/)
    expect((await stat(join(folder, 'data', 'recordings'))).mode & 0o777).toBe(0o700)
  })

  it('never takes the name of a recording that exists', async () => {
    const screen = connect()
    for (let count = 0; count < 3; count++) await screen.call('newCluster', { ...defaultClusterSettings, title: 'same' })
    const paths = clusters.started.map(({ options }) => options.recordingPath)
    expect(new Set(paths).size).toBe(3)
    for (const path of paths) expect(path.startsWith(join(folder, 'data', 'recordings'))).toBe(true)
  })

  it('ends the one before, whose recording is kept', async () => {
    const screen = connect()
    await screen.call('newCluster', defaultClusterSettings)
    const first = cluster()
    expect(await screen.call('newCluster', defaultClusterSettings)).toEqual({ session: 2 })
    expect(first.asked).toEqual(['stop'])
    expect(existsSync(first.options.recordingPath)).toBe(true)
  })

  it('is seen as starting until its nodes are up, and takes no act before', async () => {
    const screen = connect()
    const release = clusters.holdStart()
    const starting = statusOf(screen, ({ kind }) => kind === 'starting')
    const started = screen.call('newCluster', defaultClusterSettings)
    await starting
    await expect(screen.call('act', { type: 'kill', node: 's1' })).rejects.toThrow('The cluster is still starting.')
    release()
    await started
    await screen.call('act', { type: 'kill', node: 's1' })
  })

  it('that cannot start is refused with the reason, which every screen sees', async () => {
    const [one, other] = [connect(), connect()]
    clusters.refuseWith = 'The switchboard did not start: no such file.'
    const seen = statusOf(other, ({ kind }) => kind === 'ended')
    await expect(one.call('newCluster', defaultClusterSettings)).rejects.toThrow('The switchboard did not start: no such file.')
    expect(await seen).toMatchObject({ session: 1, reason: 'The switchboard did not start: no such file.' })
    clusters.refuseWith = ''
    expect(await one.call('newCluster', defaultClusterSettings)).toEqual({ session: 2 })
  })

  it('that does not come up is given up by the end of the session, and the next one starts', async () => {
    const screen = connect()
    clusters.holdStart()
    const starting = statusOf(screen, ({ kind }) => kind === 'starting')
    const started = screen.call('newCluster', defaultClusterSettings).then(() => 'started', (error: Error) => error.message)
    await starting
    await screen.call('endSession', {})
    expect(await started).toBe('The session was ended.')
    expect(await statusNow(screen)).toMatchObject({ kind: 'ended', reason: 'The session was ended.' })
    clusters.holdStart()()
    expect(await screen.call('newCluster', defaultClusterSettings)).toEqual({ session: 2 })
  })

  it('that does not come up is given up with all that wait for it, also where no more may wait', async () => {
    const screen = connect()
    clusters.holdStart()
    const sentences = Array.from({ length: changesWaitingMax }, () => screen.call('newCluster', defaultClusterSettings).then(() => 'started', (error: Error) => error.message))
    await expect(screen.call('newCluster', defaultClusterSettings)).rejects.toThrow('The lab is busy beginning and ending sessions; try again.')
    await expect.poll(async () => (await statusNow(screen)).kind).toBe('starting')
    await screen.call('endSession', {})
    expect(new Set(await Promise.all(sentences))).toEqual(new Set(['The session was ended.']))
    expect(clusters.started).toHaveLength(1)
  })

  it('of more backups than other replicas is refused before anything ends', async () => {
    const screen = connect()
    await screen.call('newCluster', defaultClusterSettings)
    await expect(screen.call('newCluster', { ...defaultClusterSettings, replicas: 3, backupsWanted: 3 })).rejects.toThrow('3 replicas leave room for 2 backups.')
    expect(await statusNow(screen)).toMatchObject({ session: 1, kind: 'live' })
  })

  it('asked for by two screens at once is two sessions, one after the other', async () => {
    const [one, other] = [connect(), connect()]
    const sessions = await Promise.all([one.call('newCluster', defaultClusterSettings), other.call('newCluster', defaultClusterSettings)])
    expect(sessions).toEqual([{ session: 1 }, { session: 2 }])
    expect(clusters.started.map(({ asked }) => asked)).toEqual([['stop'], []])
  })

  it('where recordings cannot be written is recorded elsewhere, and that is said', async () => {
    await writeFile(join(folder, 'in-the-way'), '')
    const other = await open(join(folder, 'in-the-way', 'recordings'))
    const screen = connect(other)
    await screen.call('newCluster', defaultClusterSettings)
    const { recording } = await statusNow(screen)
    expect(recording?.problem).toBe(`Recordings cannot be written to ${join(folder, 'in-the-way', 'recordings')} (a part of the path is no folder); `
      + `this one is written to ${join(recording?.path ?? '', '..')}.`)
    expect(existsSync(recording?.path ?? '')).toBe(true)
    await other.close()
    await rm(join(recording?.path ?? '', '..'), { recursive: true })
  })
})

describe('the last settings', () => {
  it('are remembered over labs, less title and seed', async () => {
    const chosen = { ...defaultClusterSettings, replicas: 5, clients: 4, title: 'mine', seed: 'x' }
    await connect().call('newCluster', chosen)
    await expect.poll(() => existsSync(join(folder, 'data', 'last-settings.json'))).toBe(true)
    const next = await open()
    expect((await connect(next).call('hello', {})).lastSettings).toEqual({ ...chosen, title: '', seed: '' })
    await next.close()
  })

  it.each([['broken', '{"replicas":'], ['out of range', JSON.stringify({ ...defaultClusterSettings, replicas: 99 })]])('are the defaults when the file is %s', async (_how, text) => {
    await mkdir(join(folder, 'data'), { recursive: true })
    await writeFile(join(folder, 'data', 'last-settings.json'), text)
    const next = await open()
    expect((await connect(next).call('hello', {})).lastSettings).toEqual(defaultClusterSettings)
    await next.close()
  })
})

describe('programs of others', () => {
  const programs = [{ who: 's2', command: 'python3 replica.py', folder: '/' }]
  const slotted = 'understudy: scenario\nversion: 1\ntitle: t\ncluster: { replicas: 2, program: { replicas: student } }\nsteps:\n  - freeze: true\n'
  const student = [{ who: 'student', command: './student', folder: '/tmp' }]
  let ours: RunningLab
  beforeEach(async () => { ours = await open(undefined, { mayRunPrograms: true }) })
  afterEach(() => ours.close())

  it('are nodes of a new cluster: their commands go to the cluster and into the header, and are remembered', async () => {
    const screen = connect(ours)
    await screen.call('newCluster', { ...defaultClusterSettings, programs })
    const { header, programs: foreign, hostProgram } = cluster().options
    expect([...foreign ?? []].map(([name, { command, folder: where, speaksOurs }]) => [name, command, where, speaksOurs])).toEqual([['s2', ['python3', 'replica.py'], '/', true]])
    expect(hostProgram).toBe('/foreign.js')
    expect(header.nodes.filter(({ program }) => program !== undefined)).toEqual([{ name: 's2', kind: 'replica', program: 'python3 replica.py' }])
    const about = await screen.call('hello', {})
    expect([about.lastSettings.programs, about.programs]).toEqual([programs, { problem: '', folder: process.cwd(), last: programs }])
  })

  it('fill the slots of a scenario, which names only the slot', async () => {
    const screen = connect(ours)
    expect(await screen.call('checkScenario', { text: slotted })).toEqual({ problems: [], slots: [{ slot: 'student', nodes: ['s1', 's2'] }] })
    await expect(screen.call('runScenario', { name: 'own', text: slotted })).rejects.toThrow('s1 is the program "student" of this scenario: name its command and its folder.')
    await screen.call('runScenario', { name: 'own', text: slotted, programs: student })
    expect([...cluster().options.programs ?? []].map(([name, { command }]) => [name, ...command])).toEqual([['s1', '/tmp/student'], ['s2', '/tmp/student']])
    expect((await screen.call('hello', {})).programs.last).toEqual(student)
  })

  it('a refused one leaves the running cluster alone', async () => {
    const screen = connect(ours)
    await screen.call('newCluster', defaultClusterSettings)
    await expect(screen.call('newCluster', { ...defaultClusterSettings, programs: [{ who: 's9', command: 'run', folder: '' }] })).rejects.toThrow('There is no node and no slot s9 here')
    expect(await statusNow(screen)).toMatchObject({ session: 1, kind: 'live' })
  })

  it('are refused by a lab that serves others, which does not tell what ran here before', async () => {
    await connect(ours).call('newCluster', { ...defaultClusterSettings, programs })
    await ours.close()
    const shared = await open()
    const screen = connect(shared)
    const sentence = 'This lab serves other people, so it runs no program that a window names.'
    const about = await screen.call('hello', {})
    expect([about.lastSettings.programs, about.programs]).toEqual([[], { problem: expect.stringContaining(sentence) as unknown, folder: '', last: [] }])
    await expect(screen.call('newCluster', { ...defaultClusterSettings, programs })).rejects.toThrow(sentence)
    await expect(screen.call('runScenario', { name: 'own', text: slotted, programs: student })).rejects.toThrow(sentence)
    await expect(screen.call('runScenario', { name: 'own', text: slotted })).rejects.toThrow(sentence)
    await expect(screen.call('checkPrograms', { programs })).rejects.toThrow(sentence)
    await screen.call('newCluster', defaultClusterSettings)
    expect(clusters.started.map(({ options }) => options.programs?.size)).toEqual([1, 0])
    await shared.close()
    ours = await open(undefined, { mayRunPrograms: true })
    expect((await connect(ours).call('hello', {})).programs.last).toEqual(programs)
  })

  it('of a recording are not started by a branch', async () => {
    const screen = connect(ours)
    await screen.call('newCluster', { ...defaultClusterSettings, programs })
    await expect(screen.call('branch', { session: 1, seq: 1 })).rejects.toThrow('s2 is a program, and nobody recorded what it remembers: there is nothing to branch from.')
    expect(clusters.started).toHaveLength(1)
  })
})

describe('acts', () => {
  it('go to the cluster, and its refusals come back as they are', async () => {
    const screen = connect()
    await screen.call('newCluster', defaultClusterSettings)
    for (const type of ['kill', 'pause', 'resume', 'restart'] as const) await screen.call('act', { type, node: 's1' })
    await screen.call('act', { type: 'freeze' })
    await screen.call('act', { type: 'thaw' })
    await screen.call('act', { type: 'start-workload', plan: { ...defaultWorkload, rate: 7 } })
    await screen.call('act', { type: 'stop-workload' })
    expect(cluster().asked).toEqual(['kill s1', 'pause s1', 'resume s1', 'restart s1', 'freeze', 'thaw', 'workload 7', 'stop workload'])
    await expect(screen.call('act', { type: 'kill', node: 's9' })).rejects.toThrow('There is no node s9.')
  })

  it('carry keys and values as bytes to the protocol', async () => {
    const screen = connect()
    await screen.call('newCluster', defaultClusterSettings)
    const answer = await screen.call('act', { type: 'invoke', client: 'c1', operation: { type: 'put', key: 'ü', value: 'base64:/wA=' }, target: 's2' })
    expect(answer).toEqual({ operationId: 1 })
    expect(cluster().asked).toEqual([`invoke c1 ${JSON.stringify({ type: 'put', key: '\u00c3\u00bc', value: '\u00ff\u0000' })} s2 person`])
    await expect(screen.call('act', { type: 'invoke', client: 'c1', operation: { type: 'get', key: 'base64:?' }, target: '' }))
      .rejects.toThrow('A key or value that begins with "base64:" must go on in base64.')
  })

  it('show in the status: frozen, and the workload', async () => {
    const screen = connect()
    await screen.call('newCluster', defaultClusterSettings)
    await screen.call('act', { type: 'freeze' })
    await screen.call('act', { type: 'start-workload', plan: defaultWorkload })
    expect(await statusNow(screen)).toMatchObject({ frozen: true, workload: defaultWorkload })
    await screen.call('act', { type: 'thaw' })
    await screen.call('act', { type: 'stop-workload' })
    expect(await statusNow(screen)).toMatchObject({ frozen: false, workload: null })
  })

  it('show in the status whoever did them: a scenario starts a workload and freezes', async () => {
    const screen = connect()
    const text = 'understudy: scenario\nversion: 1\ntitle: t\nsteps:\n  - workload: { rate: 7, mix: { put: 1 } }\n  - freeze: true\n'
    await screen.call('runScenario', { name: 'own', text })
    await vi.waitFor(async () => expect(await statusNow(screen)).toMatchObject({ scenario: { state: 'passed' }, frozen: true, workload: { rate: 7 } }))
  })

  it('without a session are refused', async () => {
    await expect(connect().call('act', { type: 'kill', node: 's1' })).rejects.toThrow('There is no session yet; start a cluster or open a recording.')
  })

  it('after the cluster ended by itself are refused with its reason', async () => {
    const screen = connect()
    await screen.call('newCluster', defaultClusterSettings)
    const ended = statusOf(screen, ({ kind }) => kind === 'ended')
    cluster().die('The switchboard was killed.')
    expect(await ended).toMatchObject({ session: 1, reason: 'The switchboard was killed.', frozen: false })
    await expect(screen.call('act', { type: 'freeze' })).rejects.toThrow('The session has ended. The switchboard was killed.')
  })
})

describe('events', () => {
  it('reach every screen, each from where it asks', async () => {
    const [one, other] = [connect(), connect()]
    await one.call('newCluster', defaultClusterSettings)
    const [all, some] = [follow(one), follow(other)]
    await one.call('subscribe', { session: 1, since: 1 })
    cluster().emit(...notes(5))
    await other.call('subscribe', { session: 1, since: 4 })
    await Promise.all([all.until(6), some.until(6)])
    expect(all.events.map(({ seq }) => seq)).toEqual([1, 2, 3, 4, 5, 6])
    expect(some.events.map(({ seq }) => seq)).toEqual([4, 5, 6])
  })

  it('of a session that is over are refused', async () => {
    const screen = connect()
    await screen.call('newCluster', defaultClusterSettings)
    await expect(screen.call('subscribe', { session: 7, since: 1 })).rejects.toThrow('Session 7 is over; the lab shows session 1.')
  })

  it('of the session before no longer come when another is shown', async () => {
    const screen = connect()
    const sessions: number[] = []
    screen.on('events', ({ session }) => sessions.push(session))
    await screen.call('newCluster', defaultClusterSettings)
    await screen.call('subscribe', { session: 1, since: 1 })
    await expect.poll(() => sessions).toEqual([1])
    // So many that the next batch would go with the ack, without waiting for the interval.
    cluster().emit(...notes(3000))
    await screen.call('newCluster', defaultClusterSettings)
    // An ack that was in flight when the session changed.
    await screen.call('ackBatch', { session: 1, batch: 1 })
    await screen.call('subscribe', { session: 2, since: 1 })
    await expect.poll(() => sessions).toEqual([1, 2])
  })

  it('can still be read after the session ended', async () => {
    const screen = connect()
    await screen.call('newCluster', defaultClusterSettings)
    cluster().emit(...notes(3))
    await screen.call('endSession', {})
    expect(await statusNow(screen)).toMatchObject({ kind: 'ended', reason: 'The session was ended.', latest: 4 })
    const followed = follow(screen)
    await screen.call('subscribe', { session: 1, since: 1 })
    await followed.until(4)
    expect(followed.events).toHaveLength(4)
  })

  it('go on for the others when one screen disappears, and so does the session', async () => {
    const [one, other] = [connect(), connect()]
    await one.call('newCluster', defaultClusterSettings)
    const followed = follow(other)
    await other.call('subscribe', { session: 1, since: 1 })
    one.close()
    cluster().emit(...notes(2))
    await followed.until(3)
    expect(cluster().asked).toEqual([])
  })

  it('are not sent to a screen that does not acknowledge, however many come', async () => {
    const screen = connect()
    const batches: EventBatch[] = []
    screen.on('events', (batch) => batches.push(batch))
    await screen.call('newCluster', defaultClusterSettings)
    await screen.call('subscribe', { session: 1, since: 1 })
    for (let round = 0; round < 50; round++) {
      cluster().emit(...notes(10))
      await screen.call('hello', {})
    }
    expect(batches).toHaveLength(1)
    await screen.call('ackBatch', { session: 1, batch: 1 })
    await expect.poll(() => batches.length).toBe(2)
    expect(batches[1]).toMatchObject({ from: (batches[0]?.count ?? 0) + 1, count: 501 - (batches[0]?.count ?? 0) })
  })
})

describe('a recording that stops', () => {
  it('is said, and the session goes on', async () => {
    const screen = connect()
    await screen.call('newCluster', defaultClusterSettings)
    cluster().emit(...notes(2))
    cluster().stopRecording('Recording stopped: the disk is full.')
    cluster().emit(...notes(3))
    const status = await statusNow(screen)
    expect(status).toMatchObject({ kind: 'live', latest: 6, recording: { problem: 'Recording stopped: the disk is full.' } })
    const followed = follow(screen)
    await screen.call('subscribe', { session: 1, since: 1 })
    await followed.until(6)
  })

  it('whose events are lost is not shown from the beginning, as a screen would meet a gap', async () => {
    const screen = connect()
    await screen.call('newCluster', defaultClusterSettings)
    for (let round = 0; round < 40; round++) cluster().emit(note('x'.repeat(1_000_000)))
    await truncate(cluster().options.recordingPath, 2000)
    const other = connect()
    const sentence = 'The older events cannot be read back from the recording: the file is shorter than it was.'
    // The first reader notices it: this screen, or the rule watch before it.
    await other.call('subscribe', { session: 1, since: 1 }).catch((error: Error) => expect(error.message).toBe(sentence))
    expect(await statusOf(other, ({ recording }) => recording?.problem !== '')).toMatchObject({ recording: { problem: sentence } })
    await expect(other.call('subscribe', { session: 1, since: 1 })).rejects.toThrow(sentence)
    await other.call('subscribe', { session: 1, since: 40 })
  })

  it('can be exported whole from memory', async () => {
    const screen = connect()
    await screen.call('newCluster', defaultClusterSettings)
    cluster().stopRecording('Recording stopped: the disk is full.')
    cluster().emit(...notes(3))
    const { bytes } = await download(screen, false)
    const reader = createRecordingReader()
    reader.push(bytes.toString())
    expect(reader.end().count).toBe(4)
  })
})

describe('an export', () => {
  it('is the recording as it was when it began, although events go on', async () => {
    const screen = connect()
    await screen.call('newCluster', defaultClusterSettings)
    cluster().emit(...Array.from({ length: 30 }, () => note('x'.repeat(100_000))))
    const first = await screen.call('readRecording', { gzip: false, offset: 0 })
    cluster().emit(...notes(5))
    const rest: Buffer[] = []
    for (let offset = first.next; offset < first.total;) {
      const piece = await screen.call('readRecording', { gzip: false, offset })
      rest.push(Buffer.from(piece.base64, 'base64'))
      offset = piece.next
    }
    const text = Buffer.concat([Buffer.from(first.base64, 'base64'), ...rest]).toString()
    expect(readFileSync(cluster().options.recordingPath, 'utf8').startsWith(text)).toBe(true)
    const reader = createRecordingReader()
    reader.push(text)
    expect(reader.end()).toMatchObject({ count: 31, note: '' })
  })

  it('packed with gzip unpacks to the same', async () => {
    const screen = connect()
    await screen.call('newCluster', { ...defaultClusterSettings, title: 'pack' })
    cluster().emit(...notes(100))
    const { name, bytes } = await download(screen, true)
    expect(name).toMatch(/-pack\.jsonl\.gz$/)
    expect(gunzipSync(bytes).equals(readFileSync(cluster().options.recordingPath))).toBe(true)
    expect(privateFiles()).toEqual([])
  })

  it('that was not begun at 0 is refused', async () => {
    const screen = connect()
    await screen.call('newCluster', defaultClusterSettings)
    await expect(screen.call('readRecording', { gzip: true, offset: 10 })).rejects.toThrow('The export was not begun; read from offset 0.')
  })

  it('that a screen left half read leaves no file behind', async () => {
    const screen = connect()
    await screen.call('newCluster', defaultClusterSettings)
    // Incompressible text, so that the packed file has several chunks.
    cluster().emit(note(Array.from({ length: 400_000 }, () => Math.random().toString(36)).join('')))
    const piece = await screen.call('readRecording', { gzip: true, offset: 0 })
    expect(piece.next).toBeLessThan(piece.total)
    expect(privateFiles()).toHaveLength(1)
    screen.close()
    await expect.poll(privateFiles).toEqual([])
  })
})

describe('an opened recording', () => {
  it.each([['plain', sample], ['gzip', gzipSync(sample)]])('shows its events and title, %s', async (_how, bytes) => {
    const screen = connect()
    expect(await upload(screen, 'failover.jsonl', bytes)).toEqual({ session: 1 })
    const status = await statusNow(screen)
    expect(status).toMatchObject({ kind: 'recorded', title: 'failover', latest: 336, recording: { path: 'failover.jsonl', bytes: sample.length, problem: '' } })
    expect((JSON.parse(status.header) as TraceHeader).seed).toBe('v1-sample')
    const followed = follow(screen)
    await screen.call('subscribe', { session: 1, since: 1 })
    await followed.until(336)
    expect(followed.events.map(({ seq }) => seq)).toEqual(Array.from({ length: 336 }, (_, index) => index + 1))
  })

  it('is the same when it is exported', async () => {
    const screen = connect()
    await upload(screen, 'failover.jsonl.gz', gzipSync(sample))
    const { name, bytes } = await download(screen, false)
    expect({ name, isSame: bytes.equals(sample) }).toEqual({ name: 'failover.jsonl', isSame: true })
  })

  it('opens from a path too', async () => {
    const path = join(folder, 'mine.jsonl')
    await writeFile(path, sample)
    expect(await lab.openRecording(path)).toEqual({ session: 1 })
    await expect(lab.openRecording(join(folder, 'none.jsonl'))).rejects.toThrow('none.jsonl cannot be read: no such file.')
    expect(await statusNow(connect())).toMatchObject({ session: 1, kind: 'recorded' })
  })

  it('is branched from: a live session begins with its events, and the cluster goes on after them', async () => {
    const { header, events } = randomFaultsRecording('1', 10)
    const screen = connect()
    const path = join(folder, 'parent.jsonl')
    await writeFile(path, [formatHeader(header), ...events.map(formatEvent), ''].join('\n'))
    await lab.openRecording(path)
    expect(await screen.call('branch', { session: 1, seq: 300 })).toEqual({ session: 2 })
    const { options } = cluster()
    const seq = options.branch?.seq ?? 0
    expect(seq).toBeGreaterThanOrEqual(300)
    expect(options.header.parent).toEqual({ title: '1', createdAt: header.createdAt, seq })
    expect(options.branch?.lives).toContain('vs')
    expect(await statusNow(screen)).toMatchObject({ session: 2, kind: 'live', title: `1 from #${seq}`, latest: seq + 1 })
    const taken = follow(screen)
    await screen.call('subscribe', { session: 2, since: 1 })
    await taken.until(seq + 1)
    expect(taken.events.slice(0, seq)).toEqual(events.slice(0, seq))
    // The saved recording is complete too.
    const { bytes } = await download(screen, false)
    expect(bytes.toString().trimEnd().split('\n')).toHaveLength(seq + 2)
  })

  it('whose branch is refused is still shown', async () => {
    const screen = connect()
    await upload(screen, 'failover.jsonl', sample)
    await expect(screen.call('branch', { session: 1, seq: 9999 })).rejects.toThrow('There is no event #9999; the newest is #336.')
    await expect(screen.call('branch', { session: 7, seq: 1 })).rejects.toThrow('Session 7 is over; the lab shows session 1.')
    expect(await statusNow(screen)).toMatchObject({ session: 1, kind: 'recorded' })
    expect(clusters.started).toEqual([])
  })

  it('refuses every act with a sentence that says why', async () => {
    const screen = connect()
    await upload(screen, 'failover.jsonl', sample)
    const workload = defaultWorkload
    const operation = { type: 'get', key: 'a' } as const
    const acts = [
      screen.call('act', { type: 'kill', node: 's1' }), screen.call('act', { type: 'pause', node: 's1' }), screen.call('act', { type: 'resume', node: 's1' }), screen.call('act', { type: 'restart', node: 's1' }),
      screen.call('act', { type: 'freeze' }), screen.call('act', { type: 'thaw' }), screen.call('act', { type: 'start-workload', plan: workload }), screen.call('act', { type: 'stop-workload' }),
      screen.call('act', { type: 'invoke', client: 'c1', operation, target: '' }),
    ]
    for (const outcome of await Promise.allSettled(acts)) {
      expect(outcome).toMatchObject({ status: 'rejected', reason: { message: expect.stringMatching(/^This is a recording: .*\. Branch from a moment of it, or start a new cluster, to act\.$/) as string } })
    }
  })

  it.each([['plain', sample.subarray(0, -20)], ['gzip', gzipSync(sample.subarray(0, -20))]])('that is torn opens, and says how many events are whole, %s', async (_how, bytes) => {
    const screen = connect()
    await upload(screen, 'torn', bytes)
    expect(await statusNow(screen)).toMatchObject({ latest: 335, recording: { problem: 'The last line was cut off; 335 events are whole.' } })
  })

  it('opens as far as it goes when the packed file was cut off', async () => {
    const screen = connect()
    const packed = gzipSync(sample)
    await upload(screen, 'cut.gz', packed.subarray(0, Math.floor(packed.length / 2)))
    const { latest, recording } = await statusNow(screen)
    expect(latest).toBeGreaterThan(50)
    expect(recording?.problem).toMatch(new RegExp(`was cut off; ${latest} events are whole\\.$`))
  })

  it.each([
    ['foreign', Buffer.from('PK\u0003\u0004 a zip'), 'This file is not an Understudy recording.'],
    ['empty', Buffer.alloc(0), 'This file is empty.'],
    ['not text', Buffer.concat([sample.subarray(0, 2000), Buffer.from([0xff, 0xfe, 0x0a]), sample.subarray(2000)]), 'This file holds bytes that are not UTF-8 text, which no recording does.'],
    ['damaged', damaged(gzipSync(sample)), 'The compressed file is damaged.'],
    ['with a gap', Buffer.from(sample.toString().split('\n').toSpliced(5, 1).join('\n')), 'Line 6 has event 6 where event 5 must be: events are missing or out of order.'],
  ])('that is %s is refused with one sentence, and nothing changes', async (_how, bytes, sentence) => {
    const screen = connect()
    await screen.call('newCluster', defaultClusterSettings)
    await expect(upload(screen, 'bad', bytes)).rejects.toThrow(sentence)
    expect(await statusNow(screen)).toMatchObject({ session: 1, kind: 'live' })
    expect(cluster().asked).toEqual([])
    expect(privateFiles()).toEqual([])
  })

  it('ends the running session and is replaced by the next, whose coming removes its copy', async () => {
    const screen = connect()
    await screen.call('newCluster', defaultClusterSettings)
    await upload(screen, 'failover.jsonl', sample)
    expect(cluster().asked).toEqual(['stop'])
    expect(privateFiles()).toHaveLength(1)
    await screen.call('newCluster', defaultClusterSettings)
    expect(privateFiles()).toEqual([])
  })
})

function damaged(packed: Buffer): Buffer {
  const bytes = Buffer.from(packed)
  bytes.fill(0x55, 200, 260)
  return bytes
}

describe('an upload', () => {
  it('that is not whole yet is refused', async () => {
    const screen = connect()
    const { upload: id } = await screen.call('uploadBegin', { name: 'a', bytes: 10 })
    await screen.call('uploadPiece', { upload: id, base64: 'AAAA' })
    await expect(screen.call('uploadOpen', { upload: id })).rejects.toThrow('Only 3 of 10 bytes of the file have arrived.')
  })

  it('that brings more than was announced is refused and gone', async () => {
    const screen = connect()
    const { upload: id } = await screen.call('uploadBegin', { name: 'a', bytes: 2 })
    await expect(screen.call('uploadPiece', { upload: id, base64: 'AAAA' })).rejects.toThrow('The file is longer than was announced.')
    await expect(screen.call('uploadOpen', { upload: id })).rejects.toThrow('There is no such upload; begin again.')
    expect(privateFiles()).toEqual([])
  })

  it('of too large a file is refused before it begins', async () => {
    await expect(connect().call('uploadBegin', { name: 'a', bytes: 9 * 1024 ** 3 })).rejects.toThrow('A file of more than 8 192 MiB cannot be opened.')
  })

  it('whose pieces come faster than they can be written is slowed down by a refusal, and loses none', async () => {
    const screen = connect()
    const { upload: id } = await screen.call('uploadBegin', { name: 'a', bytes: 3000 })
    const pieces = Array.from({ length: 200 }, () => screen.call('uploadPiece', { upload: id, base64: 'AAAA' }))
    const taken = (await Promise.allSettled(pieces)).filter(({ status }) => status === 'fulfilled').length
    expect(taken).toBeGreaterThanOrEqual(piecesWaitingMax)
    expect(taken).toBeLessThan(200)
    await expect(screen.call('uploadOpen', { upload: id })).rejects.toThrow(`Only ${taken * 3} of 3 000 bytes of the file have arrived.`)
  })

  it('that is not base64 is refused', async () => {
    const screen = connect()
    const { upload: id } = await screen.call('uploadBegin', { name: 'a', bytes: 2 })
    await expect(screen.call('uploadPiece', { upload: id, base64: '!' })).rejects.toThrow('A piece of the file is not base64.')
  })

  it('is removed when its screen disappears', async () => {
    const screen = connect()
    const { upload: id } = await screen.call('uploadBegin', { name: 'a', bytes: 10 })
    await screen.call('uploadPiece', { upload: id, base64: 'AAAA' })
    expect(privateFiles()).toHaveLength(1)
    screen.close()
    await expect.poll(privateFiles).toEqual([])
  })

  it('cannot name a place outside of its folder', async () => {
    const screen = connect()
    await upload(screen, '../../etc/..\\passwd', sample)
    expect((await statusNow(screen)).recording?.path).toBe('passwd')
  })
})

describe('the lab', () => {
  it('tells the status at most ten times a second, and the last one always', async () => {
    const screen = connect()
    const statuses: SessionStatus[] = []
    screen.on('status', (status) => statuses.push(status))
    await screen.call('newCluster', defaultClusterSettings)
    const begun = performance.now()
    for (let round = 0; round < 100; round++) cluster().emit(note('x'))
    await expect.poll(() => statuses.at(-1)?.latest).toBe(101)
    expect(statuses.length).toBeLessThanOrEqual(3 + (performance.now() - begun) / 100)
  })

  it('closes with its session, its screens and its files', async () => {
    const screen = connect()
    await screen.call('newCluster', defaultClusterSettings)
    const gone = new Promise<void>((resolve) => screen.onClose(resolve))
    await lab.close()
    await gone
    expect(cluster().asked).toEqual(['stop'])
    expect(readdirSync(tmpdir()).filter((name) => name.startsWith(`understudy-lab-${process.pid}-`))).toEqual([])
  })

  it('closes while a cluster does not come up, and kills what does not end', async () => {
    const screen = connect()
    clusters.holdStart()
    const started = screen.call('newCluster', defaultClusterSettings).catch(() => 'refused')
    await expect.poll(async () => (await statusNow(screen)).kind).toBe('starting')
    await lab.close()
    expect(await started).toBe('refused')
  })

  it('closes although a cluster does not stop: that is killed', async () => {
    const screen = connect()
    await screen.call('newCluster', defaultClusterSettings)
    cluster().stop = () => new Promise(() => {})
    await lab.close()
    expect(cluster().asked).toEqual(['abandon'])
  })

  it('closes a screen that comes after its end', async () => {
    await lab.close()
    await expect(connect().call('hello', {})).rejects.toThrow('The connection to the lab has ended.')
  })
})
