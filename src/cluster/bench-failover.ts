// How long a cluster is without an answer when its primary is killed: real processes in direct mode, kill -9, and a client that
// writes without a pause. Measured from the kill to the first acknowledged write that was sent after it.
import { spawn, type ChildProcess } from 'node:child_process'
import { once } from 'node:events'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { performance } from 'node:perf_hooks'
import { defaultSettings, utf8ToBytes, type Settings, type View } from '../protocol'
import { DirectClient } from './direct-client'
import { socketPathBytesMax } from './supervisor'

export interface FailoverOptions {
  /** The built command line. */
  readonly program: string
  readonly kills: number
  readonly settings: Partial<Settings>
  readonly onKill: (kill: FailoverKill) => void
}

export interface FailoverKill {
  readonly kill: number
  readonly primary: string
  /** From the kill to the first acknowledged write, in milliseconds. */
  readonly ms: number
  readonly viewnum: number
}

const servers = ['s1', 's2', 's3']
/** A fact that has not come by then will not come. */
const patienceMs = 20_000

export async function benchFailover({ program, kills, settings, onKill }: FailoverOptions): Promise<void> {
  const folder = mkdtempSync(join(Buffer.byteLength(tmpdir()) < socketPathBytesMax - 40 ? tmpdir() : '/tmp', 'understudy-bench-'))
  const flags = Object.entries(settings).flatMap(([name, value]) => [`--${name.replace(/[A-Z]/g, (letter) => `-${letter.toLowerCase()}`)}`, String(value)])
  const children = new Map<string, ChildProcess>()
  const at = (name: string): string => join(folder, name)
  const start = async (name: string): Promise<void> => {
    const own = name === 'vs' ? ['view-server', '--new-cluster'] : ['replica', '--name', name, '--view-server', at('vs')]
    const child = spawn(process.execPath, [program, ...own, '--listen', at(name), ...flags], { stdio: ['ignore', 'pipe', 'inherit'] })
    children.set(name, child)
    await Promise.race([once(child.stdout, 'data'), once(child, 'exit').then(() => {
      throw new Error(`${name} could not be started`)
    })])
  }
  const client = new DirectClient({ viewServer: at('vs'), settings: { ...defaultSettings, ...settings, operationTimeoutMs: 0 }, log: () => undefined })
  try {
    for (const name of ['vs', ...servers]) await start(name)
    for (let kill = 1; kill <= kills; kill++) {
      const view = await ackedViewWithBackup(client)
      const primary = view.primary?.name ?? ''
      const ms = await killAndMeasure(client, children.get(primary) as ChildProcess)
      const after = await client.query()
      onKill({ kill, primary, ms, viewnum: after.acked.viewnum })
      await start(primary)
    }
  } finally {
    client.close()
    for (const child of children.values()) child.kill('SIGKILL')
    await Promise.all([...children.values()].filter((child) => child.exitCode === null && child.signalCode === null).map((child) => once(child, 'exit')))
    rmSync(folder, { recursive: true, force: true })
  }
}

/** Waits until the acked view has a backup and an idle third server is there for it to be replaced by. */
async function ackedViewWithBackup(client: DirectClient): Promise<View> {
  const end = performance.now() + patienceMs
  let quietSince = performance.now()
  let last = -1
  for (;;) {
    const { current, acked } = await client.query()
    if (current.viewnum !== last) quietSince = performance.now()
    last = current.viewnum
    // A server that was just restarted is idle once it has pinged; nothing tells an operator so, but a view at rest does.
    if (current.viewnum === acked.viewnum && acked.backups.length > 0 && performance.now() - quietSince > 150) return acked
    if (performance.now() > end) throw new Error('the cluster did not come to an acked view with a backup')
    await new Promise((settle) => setTimeout(settle, 5))
  }
}

/** Writes one after the other before and after the kill; the first write that began after it and is acknowledged ends the clock. */
function killAndMeasure(client: DirectClient, primary: ChildProcess): Promise<number> {
  return new Promise((resolve, reject) => {
    const timer = setTimeout(() => reject(new Error('no write was acknowledged after the kill')), patienceMs)
    let killedAt = 0
    let writes = 0
    const write = (): void => {
      const begunAt = performance.now()
      client.start({ type: 'put', key: utf8ToBytes('k'), value: utf8ToBytes(String(writes++)) }, 0, (outcome) => {
        if (killedAt > 0 && begunAt >= killedAt && outcome.type === 'ok') {
          clearTimeout(timer)
          return resolve(performance.now() - killedAt)
        }
        if (writes === 50) {
          killedAt = performance.now()
          primary.kill('SIGKILL')
        }
        write()
      })
    }
    write()
  })
}
