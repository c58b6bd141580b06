// A screen without a browser, for benches and tests: connects to an address that `serve` printed. It must not keep the token after connecting.
import { once } from 'node:events'
import { WebSocket } from 'ws'
import { connectLab, createCarrier, textOfFrame, type Lab } from '../../contract'

/** Rejects if the host refuses it. */
export async function openSocket(address: string): Promise<WebSocket> {
  const { origin, hash } = new URL(address)
  const socket = new WebSocket(`${origin.replace('http', 'ws')}/ws`, ['lab.v1', hash.replace('#token=', 'tok.')], { origin })
  await once(socket, 'open')
  return socket
}

/** Rejects if the host refuses it. */
export async function openScreen(address: string): Promise<Lab> {
  const socket = await openSocket(address)
  const carrier = createCarrier({ send: (frame) => socket.send(textOfFrame(frame)), close: () => socket.close() })
  socket.on('message', (data) => carrier.receiveText((data as Buffer).toString()))
  socket.on('close', () => carrier.closed())
  return connectLab(carrier.port)
}
