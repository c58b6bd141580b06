// Small probes of the machine: write a file, start a process, connect over a socket. Each returns an empty text, or the reason as part of a sentence.
// They must leave nothing behind and never wait for ever.
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtemp, rm, stat, writeFile } from 'node:fs/promises'
import { connect, createServer, type ListenOptions, type NetConnectOpts } from 'node:net'
import { join } from 'node:path'
import { ClusterFolder } from '../cluster/supervisor/cluster-folder'
import { reasonOf } from '../system'

/** A generous timeout for slow machines. */
const patienceMs = 20_000

/** Tries to create a file in a folder, as permissions alone do not show whether that works. */
export async function writingProblem(folder: string): Promise<string> {
  try {
    if (!(await stat(folder)).isDirectory()) return 'that is a file and no folder'
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException
    return code === 'ENOENT' ? 'there is no such folder' : `it cannot be looked at: ${reasonOf(error)}`
  }
  let made = ''
  try {
    made = await mkdtemp(join(folder, 'understudy-doctor-'))
    await writeFile(join(made, 'probe'), 'x')
    return ''
  } catch (error) {
    // Folders that can hold no files, such as those of /proc, answer ENOENT.
    return (error as NodeJS.ErrnoException).code === 'ENOENT' ? 'no file can be made there' : `nothing can be written there: ${reasonOf(error)}`
  } finally {
    if (made !== '') await rm(made, { recursive: true, force: true })
  }
}

/** Tries to start another Node, as the lab does for every node. */
export async function ownProcessProblem(): Promise<string> {
  try {
    const child = spawn(process.execPath, ['-e', '0'], { stdio: ['ignore', 'pipe', 'pipe'], windowsHide: true })
    const timer = setTimeout(() => child.kill('SIGKILL'), patienceMs)
    const [code, signal] = await once(child, 'exit').finally(() => clearTimeout(timer)) as [number | null, string | null]
    if (code === 0) return ''
    return signal === 'SIGKILL' ? `it does not come up in ${patienceMs / 1000} s` : `it ended at once (${signal ?? `status ${code}`})`
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === 'EAGAIN' ? 'there are too many processes or threads' : reasonOf(error)
  }
}

/** Tries a connection over 127.0.0.1. */
export function loopbackProblem(): Promise<string> {
  return talkProblem({ host: '127.0.0.1', port: 0 })
}

/** Tries a connection over a socket in a folder like those of a cluster. */
export async function socketProblem(): Promise<string> {
  let place: ClusterFolder
  try {
    place = new ClusterFolder()
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === 'ENOENT' ? 'no file can be made there' : reasonOf(error)
  }
  try {
    return await talkProblem({ path: place.socketPath })
  } finally {
    place.remove()
  }
}

async function talkProblem(place: ListenOptions): Promise<string> {
  const server = createServer((socket) => socket.end('x'))
  try {
    server.listen(place)
    await once(server, 'listening', { signal: AbortSignal.timeout(patienceMs) })
    const address = server.address()
    const target: NetConnectOpts = typeof address === 'object' && address !== null ? { host: address.address, port: address.port } : { path: String(address) }
    const socket = connect(target)
    try {
      await once(socket, 'data', { signal: AbortSignal.timeout(patienceMs) })
    } finally {
      socket.destroy()
    }
    return ''
  } catch (error) {
    return (error as Error).name === 'AbortError' ? `nothing came in ${patienceMs / 1000} s` : reasonOf(error)
  } finally {
    server.close()
  }
}
