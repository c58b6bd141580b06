// A WebSocket over loopback passes the acceptance suite of carriers; the screen's side is wrapped as in a browser.
import { once } from 'node:events'
import type { AddressInfo } from 'node:net'
import { WebSocket, WebSocketServer } from 'ws'
import { createCarrier, type Port } from '../../contract'
import { describeCarrier } from '../../contract/testing/port-acceptance'
import { frameBytesMax, webSocketPort } from './web-socket-port'

/** The browser's wrapper: it uses only what the DOM's WebSocket also has. */
function browserSocketPort(socket: WebSocket): Port {
  const carrier = createCarrier({
    send: (frame) => socket.send(JSON.stringify(frame)),
    close: () => socket.close(),
  })
  socket.addEventListener('message', (event) => carrier.receiveText(typeof event.data === 'string' ? event.data : ''))
  socket.addEventListener('close', () => carrier.closed())
  return carrier.port
}

describeCarrier('WebSocket', async () => {
  const server = new WebSocketServer({ host: '127.0.0.1', port: 0, maxPayload: frameBytesMax, perMessageDeflate: false })
  await once(server, 'listening')
  const connected = new Promise<Port>((resolve) => server.once('connection', (socket) => resolve(webSocketPort(socket))))
  const client = new WebSocket(`ws://127.0.0.1:${(server.address() as AddressInfo).port}`)
  const screen = browserSocketPort(client)
  await once(client, 'open')
  return {
    screen,
    lab: await connected,
    dispose: async () => {
      for (const socket of server.clients) socket.terminate()
      client.terminate()
      await new Promise((resolve) => server.close(resolve))
    },
  }
})
