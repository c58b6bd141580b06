// Labs of one class over clusters without processes: they are isolated, and the teacher sees all of them.
import { mkdir, mkdtemp, readdir, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { callKinds, ClassList, connectLab, createPortPair, defaultClusterSettings, defaultWorkload, type CallName, type Lab } from '../../contract'
import { createFakeClusters, type FakeCluster, type FakeClusters } from '../testing/fake-cluster'
import { openLab } from '../lab'
import { classLimits, type LabLimits } from '../limits'
import type { Door } from '../web/web-host'
import { openClass, type Classroom } from './classroom'

let folder: string
let clusters: FakeClusters
let room: Classroom
let logged: string[]

const open = (size: number, limits: Partial<LabLimits> = {}): Promise<Classroom> => openClass({
  size, folder, limits: { ...classLimits, ...limits },
  lab: { host: 'browser', version: '1', scenariosFolder: '', programs: { node: '', switchboard: '', host: '', exploreWorker: '/no-worker.js' }, mayRunPrograms: true, log: (sentence) => logged.push(sentence) },
  openLab: (options) => openLab(options, clusters),
})

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'class-'))
  clusters = createFakeClusters()
  logged = []
  room = await open(3)
})
afterEach(async () => {
  await room.close()
  await rm(folder, { recursive: true })
})

function screenAt(door: Door | undefined): Lab {
  const [screen, port] = createPortPair()
  door?.connect(port)
  return connectLab(screen)
}

const own = (number: number): Lab => screenAt(room.labDoors[number - 1])
const watching = (number: number): Lab => screenAt(room.doors[3 + number - 1])
const list = (): Promise<ClassList> => room.list(({ token }) => `address:${token}`)
const clusterOf = (index: number): FakeCluster => clusters.started[index] ?? (() => { throw new Error('no cluster') })()

describe('each lab', () => {
  it('has a cluster, a number of sessions and a folder of its own', async () => {
    await own(1).call('newCluster', { ...defaultClusterSettings, title: 'first' })
    await own(2).call('newCluster', { ...defaultClusterSettings, title: 'second', replicas: 2 })
    await own(2).call('newCluster', { ...defaultClusterSettings, title: 'third', replicas: 2 })
    const abouts = await Promise.all([own(1), own(2), own(3)].map((screen) => screen.call('hello', {})))
    expect(abouts.map(({ lab, readOnly, status: { title, session } }) => ({ lab, readOnly, title, session }))).toEqual([
      { lab: 'Lab 1', readOnly: false, title: 'first', session: 1 }, { lab: 'Lab 2', readOnly: false, title: 'third', session: 2 }, { lab: 'Lab 3', readOnly: false, title: '', session: 0 },
    ])
    expect((await readdir(join(folder, 'lab-01', 'recordings'))).map((name) => name.replace(/^.*?-(\w+)\.jsonl$/, '$1'))).toEqual(['first'])
    expect(await readdir(join(folder, 'lab-02', 'recordings'))).toHaveLength(2)
    expect(await readdir(join(folder, 'lab-03', 'recordings'))).toEqual([])
  })

  it('sees no event of another, and ends alone', async () => {
    const [one, two] = [own(1), own(2)]
    await one.call('newCluster', defaultClusterSettings)
    await two.call('newCluster', defaultClusterSettings)
    const seen: string[] = []
    one.on('events', ({ session, batch, text }) => {
      seen.push(text)
      void one.call('ackBatch', { session, batch })
    })
    await one.call('subscribe', { session: 1, since: 1 })
    clusterOf(1).emit({ type: 'lab-note', text: 'of the other', node: '' })
    clusterOf(0).emit({ type: 'lab-note', text: 'of its own', node: '' })
    await expect.poll(() => seen.join()).toContain('of its own')
    expect(seen.join()).not.toContain('of the other')
    await two.call('endSession', {})
    expect((await list()).labs.map(({ state }) => state)).toEqual(['live', 'ended', 'none'])
  })

  it('runs no programs of its students, whatever its options say', async () => {
    const programs = [{ who: 's2', command: 'run', folder: '/' }]
    await expect(own(1).call('newCluster', { ...defaultClusterSettings, programs })).rejects.toThrow('This lab serves other people, so it runs no program that a window names.')
    expect(clusters.started).toEqual([])
  })

  it('logs under its number', async () => {
    await mkdir(join(folder, 'lab-03', 'last-settings.json'))
    await own(3).call('newCluster', defaultClusterSettings)
    await expect.poll(() => logged.join('\n')).toMatch(/^Lab 3: The settings could not be remembered/m)
  })

  it('has tokens of its own: no two doors are alike, nor the teacher\'s', () => {
    const tokens = [...room.doors, room.teacher].map(({ token }) => token)
    expect(new Set(tokens).size).toBe(7)
    expect(tokens.every((token) => /^[\w-]{32}$/.test(token))).toBe(true)
  })
})

describe('who may only look', () => {
  it('sees the session and is refused every act', async () => {
    await own(1).call('newCluster', { ...defaultClusterSettings, title: 'first' })
    const screen = watching(1)
    expect(await screen.call('hello', {})).toMatchObject({ lab: 'Lab 1', readOnly: true, status: { title: 'first', kind: 'live' } })
    const seen: string[] = []
    screen.on('events', ({ text }) => seen.push(text))
    await screen.call('subscribe', { session: 1, since: 1 })
    await expect.poll(() => seen.join()).toContain('started')
    const { name, base64 } = await screen.call('readRecording', { gzip: false, offset: 0 })
    expect([name, Buffer.from(base64, 'base64').toString()]).toEqual([expect.stringMatching(/first\.jsonl$/), expect.stringContaining('"text":"started"')])

    const takes: Partial<Record<CallName, unknown>> = {
      newCluster: defaultClusterSettings, branch: { session: 1, seq: 1 }, rerun: { session: 1 }, exploreRead: { exploration: 1 }, exploreSteer: { exploration: 1, act: 'pause' }, exploreShow: { exploration: 1 },
      exploreBegin: { session: 1, request: { seq: 0, replicas: 2, clients: 1, backupsWanted: 1, mutants: [], program: ['get'], goal: 'violation', depth: 3, crashes: 0, restarts: 0, losses: 0, duplicates: 0 } },
      act: { type: 'remove-fault', fault: 'f' }, checkScenario: { text: '' }, checkPrograms: { programs: [] }, runScenario: { name: 'a', text: '' },
      steerScenario: { act: 'stop' },
      uploadBegin: { name: 'a', bytes: 1 }, uploadPiece: { upload: 1, base64: '' }, uploadOpen: { upload: 1 },
    }
    const before = clusterOf(0).asked.length
    for (const name of (Object.keys(callKinds) as CallName[]).filter((call) => callKinds[call] !== 'look')) {
      await expect(screen.call(name, (takes[name] ?? {}) as never), name).rejects.toThrow('This connection is read-only: only the own address of Lab 1 can change it.')
    }
    expect(clusterOf(0).asked).toHaveLength(before)
  })
})

describe('the list', () => {
  it('tells of each lab what a look from afar tells, with addresses that open it', async () => {
    const screen = own(1)
    await screen.call('newCluster', { ...defaultClusterSettings, title: 'first' })
    clusterOf(0).emit(
      { type: 'stuck', node: 'vs', incarnation: 1, step: 1, stuck: { type: 'ack-waits-for-dead-backup', primary: 's1', backup: 's2' } },
      { type: 'violation', rule: 'rule-1', text: 's1 answered first.', evidence: [1] },
    )
    await expect.poll(async () => (await list()).labs[0]?.broken).toEqual([{ rule: 'rule-1', text: 's1 answered first.' }])
    const { labs, limits } = ClassList.parse(await list())
    expect(limits).toEqual(classLimits)
    expect(labs[0]).toMatchObject({
      number: 1, state: 'live', title: 'first', frozen: false, scenario: null, screens: 1, seenMsAgo: 0, processes: 1, problem: '',
      stuck: expect.stringContaining('s2 does not answer') as string, address: `address:${room.labDoors[0]?.token}`, watchAddress: `address:${room.doors[3]?.token}`,
    })
    expect(labs[0]?.actedMsAgo).toBeLessThan(10_000)
    expect(labs[0]?.diskBytes).toBeGreaterThan(100)
    expect(labs[1]).toMatchObject({ number: 2, state: 'none', broken: [], stuck: '', screens: 0, seenMsAgo: null, actedMsAgo: null, processes: 0, diskBytes: 0 })
  })

  it('counts the windows of a student, and not those that watch', async () => {
    const screen = own(2)
    const watcher = watching(2)
    await Promise.all([screen.call('hello', {}), watcher.call('hello', {})])
    expect((await list()).labs[1]).toMatchObject({ screens: 1, seenMsAgo: 0, actedMsAgo: null })
    screen.close()
    await expect.poll(async () => (await list()).labs[1]?.screens).toBe(0)
    expect((await list()).labs[1]?.seenMsAgo).toBeGreaterThanOrEqual(0)
    watcher.close()
  })

  it('says of a cluster that is no longer stuck that it is not, and of one that ended that nothing runs', async () => {
    await own(1).call('newCluster', defaultClusterSettings)
    const stuck = (what: { type: 'history-lost' } | null): void => clusterOf(0).emit({ type: 'stuck', node: 'vs', incarnation: 1, step: 1, stuck: what })
    stuck({ type: 'history-lost' })
    await expect.poll(async () => (await list()).labs[0]?.stuck).toContain('The view server restarted')
    stuck(null)
    await expect.poll(async () => (await list()).labs[0]?.stuck).toBe('')
    stuck({ type: 'history-lost' })
    clusterOf(0).die('It died.')
    expect((await list()).labs[0]).toMatchObject({ state: 'ended', stuck: '', processes: 0 })
  })
})

describe('a limit', () => {
  const again = async (limits: Partial<LabLimits>): Promise<void> => {
    await room.close()
    room = await open(3, limits)
  }

  it('refuses a cluster that is too large, in one lab and before its session ends', async () => {
    await again({ processesMax: 7 })
    await own(1).call('newCluster', defaultClusterSettings)
    await expect(own(1).call('newCluster', { ...defaultClusterSettings, replicas: 4 })).rejects.toThrow('a lab of this class may run 7')
    expect((await list()).labs[0]?.state).toBe('live')
  })

  it('of starts counts restarts of nodes too, each lab for itself, and nothing that was refused', async () => {
    await again({ startsPerMinute: 8 })
    const screen = own(1)
    clusters.refuseWith = 'No.'
    for (let count = 0; count < 3; count++) await expect(screen.call('newCluster', defaultClusterSettings)).rejects.toThrow('No.')
    clusters.refuseWith = ''
    await screen.call('newCluster', defaultClusterSettings)
    await screen.call('act', { type: 'restart', node: 's1' })
    await expect(screen.call('act', { type: 'restart', node: 's1' })).rejects.toThrow(/may start 8 processes a minute; this may be done in \d s/)
    await expect(screen.call('newCluster', defaultClusterSettings)).rejects.toThrow('may start 8 processes')
    expect((await list()).labs[0]?.state).toBe('live')
    await own(2).call('newCluster', defaultClusterSettings)
  })

  it('of rate is told to the cluster, and what the window shows is the rate that is kept', async () => {
    await again({ operationsPerSecond: 50 })
    const screen = own(1)
    await screen.call('newCluster', defaultClusterSettings)
    expect(clusterOf(0).options.operationsPerSecondMax).toBe(50)
    await screen.call('act', { type: 'start-workload', plan: { ...defaultWorkload, rate: 0 } })
    expect((await screen.call('hello', {})).status.workload?.rate).toBe(50)
    await screen.call('act', { type: 'start-workload', plan: { ...defaultWorkload, rate: 20 } })
    expect((await screen.call('hello', {})).status.workload?.rate).toBe(20)
  })

  it('of the disk bounds the recording by what is left', async () => {
    await again({ diskMiBMax: 2 })
    await own(1).call('newCluster', defaultClusterSettings)
    expect(clusterOf(0).options.recordingBytesMax).toBeGreaterThan(2 * 1024 * 1024 - 2000)
    const [name = ''] = await readdir(join(folder, 'lab-01', 'recordings'))
    await writeFile(join(folder, 'lab-01', 'recordings', name), Buffer.alloc(3 * 1024 * 1024))
    await own(1).call('newCluster', defaultClusterSettings)
    expect(clusterOf(1).options.recordingBytesMax).toBe(1)
    await own(1).call('uploadBegin', { name: 'a.jsonl', bytes: 10 })
    await expect(own(1).call('uploadBegin', { name: 'a.jsonl', bytes: 3 * 1024 * 1024 })).rejects.toThrow('What a lab of this class opens and packs may hold 2 MiB in all.')
    await own(2).call('uploadBegin', { name: 'a.jsonl', bytes: 10 })
  })
})

it('a class of which a lab cannot be opened opens none', async () => {
  let opened = 0
  let closed = 0
  await expect(openClass({
    size: 3, folder, limits: classLimits, lab: { host: 'browser', version: '1', scenariosFolder: '', programs: { node: '', switchboard: '', host: '' } },
    openLab: async (options) => {
      if (++opened === 3) throw new Error('No room.')
      const lab = await openLab(options, clusters)
      return { ...lab, connect: (port) => lab.connect(port), close: () => { closed++; return lab.close() } }
    },
  })).rejects.toThrow('No room.')
  expect(closed).toBe(2)
})

it('a rule counts once, however often a recording says that it broke, and processes are those that live', async () => {
  await own(1).call('newCluster', defaultClusterSettings)
  const started = (node: string) => ({ type: 'node-started', node, kind: 'replica', incarnation: 1, step: 1, pid: 1, seed: '' }) as const
  clusterOf(0).emit(started('s1'), started('s2'), ...Array.from({ length: 50 }, () => ({ type: 'violation', rule: 'rule-1', text: 'again', evidence: [] }) as const))
  await expect.poll(async () => (await list()).labs[0]).toMatchObject({ broken: [{ rule: 'rule-1', text: 'again' }], processes: 3 })
  clusterOf(0).emit({ type: 'node-killed', node: 's1', incarnation: 1 })
  await expect.poll(async () => (await list()).labs[0]?.processes).toBe(2)
})

it('the disk that must stay free is no less than the teacher\'s, whatever a student chooses', async () => {
  await own(1).call('newCluster', { ...defaultClusterSettings, diskFreeMiBMin: 0 })
  expect(clusterOf(0).options.diskFreeMiBMin).toBe(256)
  await own(1).call('newCluster', { ...defaultClusterSettings, diskFreeMiBMin: 300 })
  expect(clusterOf(1).options.diskFreeMiBMin).toBe(300)
})

it('a class whose folder cannot be written is refused with a sentence', async () => {
  await writeFile(join(folder, 'file'), '')
  await expect(openClass({
    size: 1, folder: join(folder, 'file'), limits: classLimits, lab: { host: 'browser', version: '1', scenariosFolder: '', programs: { node: '', switchboard: '', host: '' } }, openLab: (options) => openLab(options, clusters),
  })).rejects.toThrow(/^The folder of a lab cannot be made in .*lab-01 \(.+\)\.$/)
})
