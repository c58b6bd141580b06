// Wraps Electron's MessagePort as a `Port` of the contract. The other end is in the page (renderer/link/open-port.ts).
// It must never interpret frames.
import type { MessagePortMain } from 'electron'
import { createCarrier, type Port } from '../src/contract'

export function messagePort(port: MessagePortMain): Port {
  const carrier = createCarrier({
    send: (frame) => port.postMessage(frame),
    close: () => port.close(),
  })
  port.on('message', (event) => carrier.receive(event.data))
  port.on('close', () => carrier.closed())
  port.start()
  return carrier.port
}
