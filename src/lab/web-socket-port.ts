// The lab's side of a WebSocket, as a Port. Who may open one is decided in web-host.ts before this is reached.
// It must never interpret frames. The browser's side is renderer/link; both stand on contract/carrier.ts.
import type { WebSocket } from 'ws'
import { createCarrier, textOfFrame, type Port } from '../contract'

/** A frame from a screen: a compare-and-swap of two 8 MiB values, each byte escaped to six characters, and room. */
export const frameBytesMax = 128 * 1024 * 1024

/** Bytes that may wait for a screen that does not read, before its connection is closed. The feed waits for acks long before. */
export const unsentBytesMax = 512 * 1024 * 1024

export function webSocketPort(socket: WebSocket): Port {
  const carrier = createCarrier({
    send: (frame) => {
      if (socket.bufferedAmount > unsentBytesMax) throw new Error('the screen does not read')
      socket.send(textOfFrame(frame))
    },
    close: () => socket.close(),
  })
  // Text arrives as one Buffer, as the default binaryType is kept; a binary message is none of ours.
  socket.on('message', (data, isBinary) => carrier.receiveText(isBinary ? '' : (data as Buffer).toString('utf8')))
  socket.on('close', () => carrier.closed())
  // Followed by 'close' always; without a listener an error would end the process.
  socket.on('error', () => socket.terminate())
  return carrier.port
}
