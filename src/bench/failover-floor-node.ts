// The minimal failover in plain Node: no store, no transfer, no protocol. A view server gets pings and pushes views; the primary node answers `yes`
// to clients. It is the baseline for our failover, so it must share no code with it.
import { connect, createServer, type Socket } from 'node:net'

export interface FloorStart {
  /** Empty for a node: then `viewServer` says where to ping. */
  readonly listen: string
  readonly viewServer: string
  readonly name: string
  readonly pingIntervalMs: number
  readonly deadAfterMs: number
  readonly checkIntervalMs: number
}

/** Messages are lines: a ping is the sender's name, a view the primary's name, an answer `yes` or `no`. */
function onLines(socket: Socket, onLine: (line: string) => void): void {
  let rest = ''
  socket.on('error', () => undefined) // The bench kills peers on purpose.
  socket.on('data', (data) => {
    const lines = (rest + String(data)).split('\n')
    rest = lines.pop() ?? ''
    lines.forEach(onLine)
  })
}

function viewServer({ listen, deadAfterMs, checkIntervalMs }: FloorStart, onListening: () => void): void {
  const nodes = new Map<string, { socket: Socket; lastPingMs: number }>()
  let primary = ''
  const push = (): void => nodes.forEach(({ socket }) => socket.write(`${primary}\n`))
  createServer((socket) => onLines(socket, (name) => {
    const known = nodes.get(name)
    if (known) known.lastPingMs = performance.now()
    else nodes.set(name, { socket, lastPingMs: performance.now() })
    if (primary === '') primary = name
    if (!known) push()
  })).listen(listen, onListening)
  setInterval(() => {
    for (const [name, { lastPingMs }] of nodes) {
      if (performance.now() - lastPingMs <= deadAfterMs) continue
      nodes.delete(name)
      if (name !== primary) continue
      primary = nodes.keys().next().value ?? ''
      push()
    }
  }, checkIntervalMs)
}

function node({ listen, viewServer: address, name, pingIntervalMs }: FloorStart, onListening: () => void): void {
  let primary = ''
  const socket = connect(address)
  onLines(socket, (line) => { primary = line })
  const ping = (): void => void socket.write(`${name}\n`)
  ping()
  setInterval(ping, pingIntervalMs)
  createServer((asker) => onLines(asker, () => void asker.write(primary === name ? 'yes\n' : 'no\n'))).listen(listen, onListening)
}

if (process.send && process.argv[2] !== undefined) {
  const start = JSON.parse(process.argv[2]) as FloorStart
  const run = start.viewServer === '' ? viewServer : node
  run(start, () => void process.send?.({ listening: start.listen }))
  process.on('disconnect', () => process.exit(0))
}
