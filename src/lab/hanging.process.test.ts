// Hanging processes never block the lab: a stopped switchboard, programs that hang in their start, a lab and its switchboard killed
// together. No process is left. Needs the built programs in out/.
import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import { fileURLToPath } from 'node:url'
import { afterEach, beforeEach, expect, it } from 'vitest'
import { isAlive } from '../cluster/testing/cluster-harness'
import { connectLab, createPortPair, defaultClusterSettings } from '../contract'
import { createLab, type ClusterPrograms, type RunningLab } from './index'
import { Screen } from './testing/screen-harness'
import { openScreen } from './web/screen'

const built = (name: string): string => fileURLToPath(new URL(`../../out/${name}`, import.meta.url))
const quick = { ...defaultClusterSettings, title: 'hanging', clients: 1, pingIntervalMs: 25, deadPings: 20, retryMs: 25, operationTimeoutMs: 5000 }

let folder: string
/** Processes that a test started and whose end it has not seen. */
let pids: number[]
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'hanging-'))
  pids = []
})
afterEach(async () => {
  for (const pid of pids.filter(isAlive)) process.kill(pid, 'SIGKILL')
  await rm(folder, { recursive: true, force: true })
})

/** The lab gets a separate temporary folder, so that it finds and leaves only its own files. */
async function serve(): Promise<{ child: ChildProcess; screen: Screen; said: () => string }> {
  const child = spawn(process.execPath, [built('main/cli.js'), 'serve', '--no-open'], { stdio: ['ignore', 'pipe', 'pipe'], env: { ...process.env, UNDERSTUDY_DATA: folder, TMPDIR: folder } })
  pids.push(child.pid ?? 0)
  let said = ''
  child.stderr.on('data', (piece: Buffer) => { said += piece.toString() })
  const [url] = await once(createInterface(child.stdout), 'line') as [string]
  return { child, screen: new Screen(await openScreen(url)), said: () => said }
}

/** The children of the lab: nodes and switchboard. */
async function childrenOf({ pid }: ChildProcess): Promise<{ all: number[]; nodes: number[]; switchboard: number }> {
  const all = (await readFile(`/proc/${pid}/task/${pid}/children`, 'utf8')).trim().split(' ').map(Number)
  const titles = await Promise.all(all.map((child) => readFile(`/proc/${child}/cmdline`, 'utf8')))
  const switchboard = all.find((_, index) => titles[index]?.includes('switchboard'))
  if (switchboard === undefined) throw new Error('no switchboard runs')
  pids.push(...all)
  return { all, nodes: all.filter((child) => child !== switchboard), switchboard }
}

async function started(): Promise<{ child: ChildProcess; screen: Screen; said: () => string; all: number[]; nodes: number[]; switchboard: number }> {
  const served = await serve()
  await served.screen.start(quick)
  await served.screen.ackedWithBackup()
  return { ...served, ...await childrenOf(served.child) }
}

const clusterFolders = async (): Promise<string[]> => (await readdir(folder)).filter((name) => /^understudy-\w{6}$/.test(name))

it('a lab that is told to end while its switchboard is stopped ends within seconds, with nothing left', async () => {
  const { child, all, switchboard } = await started()
  process.kill(switchboard, 'SIGSTOP')
  const beganMs = performance.now()
  child.kill('SIGTERM')
  expect(await once(child, 'exit')).toEqual([0, null])
  // 5 s on an idle machine.
  expect(performance.now() - beganMs).toBeLessThan(15_000)
  expect(all.filter(isAlive)).toEqual([])
  expect(await clusterFolders()).toEqual([])
})

it('an act that a stopped switchboard does not answer does not hold the end of the session, and the next cluster starts', async () => {
  const { child, screen, all, switchboard } = await started()
  process.kill(switchboard, 'SIGSTOP')
  const frozen = screen.lab.call('act', { type: 'freeze' }).then(() => 'frozen', (error: Error) => error.message)
  await screen.lab.call('endSession', {})
  expect(await frozen).toMatch(/^The switchboard ended/)
  expect(all.filter(isAlive)).toEqual([])
  await screen.start(quick)
  await childrenOf(child)
  child.kill('SIGTERM')
  expect(await once(child, 'exit')).toEqual([0, null])
})

it('a lab that is killed while its switchboard is stopped leaves nothing: its nodes end the switchboard, and themselves', async () => {
  const { child, all, switchboard } = await started()
  process.kill(switchboard, 'SIGSTOP')
  child.kill('SIGKILL')
  await expect.poll(() => all.filter(isAlive)).toEqual([])
})

/** Kills a lab and its switchboard while s3 is paused; only s3 remains. Returns its pid. */
async function pausedAndLeft(): Promise<number> {
  const { child, screen, nodes, switchboard } = await started()
  await screen.lab.call('act', { type: 'pause', node: 's3' })
  const { pid } = await screen.find('node-started', ({ node }) => node === 's3')
  child.kill('SIGKILL')
  process.kill(switchboard, 'SIGKILL')
  await expect.poll(() => nodes.filter(isAlive)).toEqual([pid])
  return pid
}

it('a node that was paused when lab and switchboard were killed at once ends when it goes on', async () => {
  const pid = await pausedAndLeft()
  process.kill(pid, 'SIGCONT')
  await expect.poll(() => isAlive(pid)).toBe(false)
})

it('a node that was paused when lab and switchboard were killed at once is ended by the next lab, and says so', async () => {
  const pid = await pausedAndLeft()
  // A stopped process that no cluster folder and lock name is left alone, even if its environment names such a folder.
  const stranger = spawn('sleep', ['1000'], { env: { ...process.env, UNDERSTUDY_CLUSTER: join(folder, (await clusterFolders())[0] ?? '') } })
  pids.push(stranger.pid ?? 0)
  stranger.kill('SIGSTOP')
  const next = await serve()
  await expect.poll(() => isAlive(pid)).toBe(false)
  await expect.poll(next.said).toContain('1 process was left by a lab that was killed, and was ended.')
  await expect.poll(clusterFolders).toEqual([])
  expect(isAlive(stranger.pid ?? 0)).toBe(true)
  next.child.kill('SIGTERM')
  await once(next.child, 'exit')
})

it('the next lab leaves the paused node of a lab that runs alone', async () => {
  const { child, screen } = await started()
  await screen.lab.call('act', { type: 'pause', node: 's3' })
  const { pid } = await screen.find('node-started', ({ node }) => node === 's3')
  const next = await serve()
  await next.screen.lab.call('hello', {})
  next.child.kill('SIGTERM')
  await once(next.child, 'exit')
  expect(isAlive(pid)).toBe(true)
  child.kill('SIGTERM')
  await once(child, 'exit')
})

async function inProcess(programs: ClusterPrograms): Promise<{ lab: RunningLab; screen: Screen }> {
  const lab = await createLab({ host: 'in-process', dataFolder: folder, version: 'test', scenariosFolder: built('../scenarios'), programs })
  const [near, far] = createPortPair()
  lab.connect(far)
  return { lab, screen: new Screen(connectLab(near)) }
}

it.each(['switchboard', 'node'] as const)('a start whose %s program hangs is given up by the end of the session, and by the end of the lab', async (which) => {
  const program = join(folder, 'hangs.mjs')
  const noted = join(folder, 'pids')
  await writeFile(program, `import { appendFileSync } from 'node:fs'\nappendFileSync(${JSON.stringify(noted)}, process.pid + '\\n')\nprocess.on('SIGTERM', () => {})\nsetInterval(() => {}, 1000)\n`)
  const hung = async (): Promise<number[]> => (await readFile(noted, 'utf8').catch(() => '')).split('\n').filter((line) => line !== '').map(Number)
  const { lab, screen } = await inProcess({ node: built('main/node.js'), switchboard: built('main/switchboard.js'), host: built('main/foreign.js'), [which]: program })
  const start = (): Promise<string> => screen.lab.call('newCluster', quick).then(() => 'started', (error: Error) => error.message)

  const given = start()
  await expect.poll(async () => (await hung()).length).toBeGreaterThan(0)
  await screen.lab.call('endSession', {})
  expect(await given).toBe('The session was ended.')
  expect((await hung()).filter(isAlive)).toEqual([])
  expect((await screen.lab.call('hello', {})).status).toMatchObject({ kind: 'ended', reason: 'The session was ended.' })

  const before = (await hung()).length
  const closed = start()
  await expect.poll(async () => (await hung()).length).toBeGreaterThan(before)
  await lab.close()
  // The screen may have gone before its answer.
  expect(await closed).toMatch(/^The lab is closing\.$|connection to the lab has ended/)
  expect((await hung()).filter(isAlive)).toEqual([])
})
