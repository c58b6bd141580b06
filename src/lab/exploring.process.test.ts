// Explorations as a screen requests them. From a new cluster the path becomes a recording, which can be rerun on processes.
// From a snapshot of a running cluster it becomes a branch in which the same happens.
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { RuleMonitors } from '../check'
import {
  connectLab, createPortPair, defaultClusterSettings, defaultExploreRequest, exploreFormLimits, type ExploreRequest, type ExploreStanding, type SessionStatus,
} from '../contract'
import { exploreLimits } from '../sim'
import type { TraceHeader } from '../trace'
import { Exploring } from './exploring'
import { createLab, type RunningLab } from './index'
import { Screen } from './testing/screen-harness'

const built = (name: string): string => fileURLToPath(new URL(`../../out/${name}`, import.meta.url))
let folder: string
let lab: RunningLab
let screen: Screen

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'exploring-test-'))
  lab = await createLab({
    host: 'in-process', dataFolder: folder, version: 'test', scenariosFolder: built('../scenarios'),
    programs: { node: built('main/node.js'), switchboard: built('main/switchboard.js'), host: built('main/foreign.js'), exploreWorker: built('main/explore-worker.js') },
  })
  const [near, far] = createPortPair()
  lab.connect(far)
  screen = new Screen(connectLab(near))
})
afterEach(async () => {
  await lab.close()
  await rm(folder, { recursive: true, force: true })
})

const status = async (): Promise<SessionStatus> => (await screen.lab.call('hello', {})).status
const small: ExploreRequest = { ...defaultExploreRequest, replicas: 2, clients: 1 }

async function explored(session: number, request: ExploreRequest): Promise<{ exploration: number; standing: ExploreStanding }> {
  const { exploration } = await screen.lab.call('exploreBegin', { session, request })
  for (;;) {
    const standing = await screen.lab.call('exploreRead', { exploration })
    if (standing.end) return { exploration, standing }
  }
}

async function brokenRules(): Promise<string[]> {
  const monitors = new RuleMonitors(JSON.parse((await status()).header) as TraceHeader)
  return screen.events.flatMap((event) => monitors.take(event)).map(({ rule }) => rule)
}

test('the form has the limits of the explorer', () => {
  const { replicas, clients, operations, depth, crashes } = exploreLimits
  expect(exploreFormLimits).toEqual({ replicas, clients, operations, depth, budget: crashes })
})

test('from a new cluster: the way is a recording that ends frozen, and it runs again on processes', async () => {
  const { exploration, standing } = await explored(0, { ...small, mutants: ['takes-any-forward'] })
  expect(standing.end).toMatchObject({ type: 'found', rule: 'rule-3' })
  expect(standing.end?.way.length).toBeGreaterThan(3)
  const { session } = await screen.lab.call('exploreShow', { exploration })
  await screen.show(session)
  await screen.find('frozen')
  await expect.poll(async () => (await status()).recording?.readShare).toBeUndefined()
  await expect.poll(async () => screen.events.length === (await status()).latest).toBe(true)
  expect(await status()).toMatchObject({ kind: 'recorded' })
  expect(await brokenRules()).toContain('rule-3')
  const events = screen.events.length
  await screen.show((await screen.lab.call('rerun', { session })).session)
  await expect.poll(() => screen.events.length).toBeGreaterThan(events)
  await expect.poll(async () => (await brokenRules()).includes('rule-3')).toBe(true)
  expect(await status()).toMatchObject({ kind: 'live', frozen: true })
})

test('from a moment of a running cluster: every operation can end, and a branch shows how', async () => {
  await screen.start({ ...defaultClusterSettings, clients: 1, mutants: ['answers-before-backups'] })
  await screen.ackedWithBackup()
  await screen.invoke({ type: 'put', key: 'a', value: '1' })
  const { session, latest } = await status()
  const finished = await explored(session, { ...small, seq: latest, goal: 'finish', program: ['append'] })
  expect(finished.standing.end).toMatchObject({ type: 'found', rule: '', text: 'Every operation can end.' })
  const broken = await explored(session, { ...small, seq: latest })
  expect(broken.standing.end).toMatchObject({ type: 'found', rule: 'rule-1' })
  await screen.show((await screen.lab.call('exploreShow', { exploration: broken.exploration })).session)
  const branched = await screen.find('branched')
  await screen.find('operation-invoked', ({ label }) => label === 'explored', branched.seq)
  await screen.find('message-sent', ({ message }) => message.type === 'reply', branched.seq)
  expect(await status()).toMatchObject({ kind: 'live', frozen: true })
  expect(await brokenRules()).toContain('rule-1')
})

test('pauses, goes on and is stopped; what cannot be explored or shown is refused in a sentence', async () => {
  const { exploration } = await screen.lab.call('exploreBegin', { session: 0, request: { ...defaultExploreRequest } })
  await screen.lab.call('exploreSteer', { exploration, act: 'pause' })
  expect(await screen.lab.call('exploreRead', { exploration })).toMatchObject({ paused: true, end: null })
  await expect(screen.lab.call('exploreShow', { exploration })).rejects.toThrow('Nothing was found that could be shown.')
  await screen.lab.call('exploreSteer', { exploration, act: 'resume' })
  await screen.lab.call('exploreSteer', { exploration, act: 'cancel' })
  expect((await screen.lab.call('exploreRead', { exploration })).end).toMatchObject({ type: 'cancelled' })
  await expect(screen.lab.call('exploreBegin', { session: 9, request: { ...small, seq: 3 } })).rejects.toThrow('Session 9 is over; the lab shows session 0.')
  await expect(screen.lab.call('exploreBegin', { session: 0, request: { ...small, replicas: 1 } })).rejects.toThrow('There must be more replicas than backups.')
  await expect(screen.lab.call('exploreRead', { exploration: 77 })).rejects.toThrow('This exploration is over; another was begun.')
})

test('an exploration that nobody has asked about for a minute ends; one that is asked about goes on', async () => {
  const standingWith = async (now: () => number): Promise<ExploreStanding> => {
    const exploring = new Exploring({ program: built('main/explore-worker.js'), now, session: () => { throw new Error('no session is needed') } })
    const number = await exploring.begin(0, small)
    try {
      for (let reads = 0; ; reads++) {
        const standing = await exploring.read(number)
        if (standing.end || reads === 3) return standing
      }
    } finally {
      exploring.stop()
    }
  }
  let minutes = 0
  expect((await standingWith(() => ++minutes * 61_000)).end?.type).toBe('cancelled')
  expect((await standingWith(() => 0)).end).toBeNull()
})

test('one that is paused and that nobody asks about ends too, and keeps no core while it is paused', async () => {
  let now = 0
  const exploring = new Exploring({ program: built('main/explore-worker.js'), now: () => now, session: () => { throw new Error('no session is needed') } })
  const number = await exploring.begin(0, { ...small, crashes: 1, restarts: 1 })
  expect(exploring.isRunning).toBe(true)
  exploring.steer(number, 'pause')
  expect(exploring.isRunning).toBe(false)
  now = 61_000
  // The check runs once a second in real time.
  await new Promise((resolve) => setTimeout(resolve, 1500))
  expect((await exploring.read(number)).end?.type).toBe('cancelled')
})
