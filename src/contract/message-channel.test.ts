// A MessageChannel, whose ports clone values as Electron's do, passes the acceptance suite of carriers.
// Electron's own wrapper (main/message-port.ts) has the same shape; the end-to-end tests run it.
import { MessageChannel, type MessagePort } from 'node:worker_threads'
import { createCarrier } from './carrier'
import { describeCarrier } from './testing/port-acceptance'
import type { Port } from './port'

function portOver(messagePort: MessagePort): Port {
  const carrier = createCarrier({
    send: (frame) => messagePort.postMessage(frame),
    close: () => messagePort.close(),
  })
  messagePort.on('message', (value: unknown) => carrier.receive(value))
  messagePort.on('close', () => carrier.closed())
  return carrier.port
}

describeCarrier('MessagePort', () => {
  const { port1, port2 } = new MessageChannel()
  return Promise.resolve({ screen: portOver(port1), lab: portOver(port2), dispose: () => { port1.close(); return Promise.resolve() } })
})
