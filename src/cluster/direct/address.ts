// Addresses of direct mode: `host:port` or the path of a Unix socket. Listens on one, dials one, and removes the socket path at the end. It must
// never unlink a path that another process has created or still listens on.
import { lstatSync, statSync, unlinkSync } from 'node:fs'
import { connect, createServer, type Server, type Socket } from 'node:net'
import { resolve } from 'node:path'
import { socketPathBytesMax } from '../../system/lock'
import { reasonOf } from '../../system/reasons'

export type Address =
  | { readonly type: 'tcp'; readonly host: string; readonly port: number }
  | { readonly type: 'unix'; readonly path: string }

/** An address that cannot be used: one plain sentence. */
export class AddressError extends Error {
  override readonly name = 'AddressError'
}

/** Reads `host:port` (`[::1]:7000` too) or a path. Throws an AddressError for a path that is too long for a socket: the system would cut it. */
export function parseAddress(text: string): Address {
  const tcp = /^(?:\[([0-9a-fA-F:]+)\]|([^/:\s]+)):(\d{1,5})$/.exec(text)
  if (tcp) {
    const port = Number(tcp[3])
    if (port > 65_535) throw new AddressError(`${text} has no port from 0 to 65535.`)
    return { type: 'tcp', host: tcp[1] ?? tcp[2] ?? '', port }
  }
  if (text === '') throw new AddressError('An address is host:port or a path of a socket, not nothing.')
  const path = resolve(text)
  const length = Buffer.byteLength(path)
  if (length > socketPathBytesMax) {
    throw new AddressError(`The socket path ${path} has ${length} bytes; the system takes ${socketPathBytesMax} at most. Choose a shorter folder.`)
  }
  return { type: 'unix', path }
}

/** Dials. Errors and the end are reported as events of the socket. */
export function dial(address: Address): Socket {
  const socket = address.type === 'tcp' ? connect(address.port, address.host) : connect(address.path)
  socket.setNoDelay(true)
  return socket
}

export interface Listening {
  /** What others dial. Where port 0 was requested, it holds the port that the system chose. */
  readonly address: string
  /** Removes the socket path, if it is still the one that this process created. */
  release(): void
}

/** Listens. Replaces the socket file of a process that has gone. Rejects with an AddressError. */
export async function listen(text: string, onConnection: (socket: Socket) => void): Promise<Listening> {
  const address = parseAddress(text)
  const server = createServer((socket) => {
    socket.setNoDelay(true)
    onConnection(socket)
  })
  if (address.type === 'tcp') {
    await listening(server, () => server.listen(address.port, address.host), text)
    const bound = server.address()
    const port = typeof bound === 'object' && bound ? bound.port : address.port
    return { address: address.host.includes(':') ? `[${address.host}]:${port}` : `${address.host}:${port}`, release: () => undefined }
  }
  await removeStale(address.path)
  await listening(server, () => server.listen(address.path), text)
  const { ino, dev } = statSync(address.path)
  return { address: address.path, release: () => releasePath(address.path, ino, dev) }
}

function listening(server: Server, start: () => void, text: string): Promise<void> {
  return new Promise((settle, reject) => {
    server.once('error', (error: NodeJS.ErrnoException) => {
      reject(new AddressError(`Cannot listen on ${text}: ${reasonOf(error)}.`))
    })
    server.once('listening', settle)
    start()
  })
}

/** A socket file outlives its process. Removes it only if no process answers on it; a file that is no socket is left alone. */
async function removeStale(path: string): Promise<void> {
  const stat = lstatSync(path, { throwIfNoEntry: false })
  if (!stat) return
  if (!stat.isSocket()) throw new AddressError(`Cannot listen on ${path}: there is a file of that name that is no socket.`)
  const isLive = await new Promise<boolean>((settle) => {
    const probe = connect(path)
    probe.once('connect', () => {
      probe.destroy()
      settle(true)
    })
    probe.once('error', () => settle(false))
  })
  if (isLive) throw new AddressError(`Cannot listen on ${path}: another process listens there.`)
  unlinkSync(path)
}

/** Does not close the server: closing unlinks the path, even if another process has created it since. */
function releasePath(path: string, ino: number, dev: number): void {
  try {
    const stat = statSync(path)
    if (stat.ino === ino && stat.dev === dev) unlinkSync(path)
  } catch {
    // The path is already gone.
  }
}
