// Two ends in one process, for tests and the command line. Values cross as JSON text, so that nothing passes here
// which another carrier would lose. It must never deliver inside `send`: a caller is never re-entered.
import { createCarrier, type Carrier } from './carrier'
import type { Port } from './port'

/** Two connected ports; closing one closes the other. */
export function createPortPair(): [Port, Port] {
  // Each end reaches the other only through these, so neither needs to exist before the other.
  const ends: { one?: Carrier; other?: Carrier } = {}
  const one = createCarrier({
    send: (frame) => carry(JSON.stringify(frame), () => ends.other),
    close: () => later(() => ends.other?.closed()),
  })
  const other = createCarrier({
    send: (frame) => carry(JSON.stringify(frame), () => ends.one),
    close: () => later(() => ends.one?.closed()),
  })
  ends.one = one
  ends.other = other
  return [one.port, other.port]
}

function carry(text: string, receiver: () => Carrier | undefined): void {
  later(() => receiver()?.receiveText(text))
}

/** Runs the action after the current call stack; only a promise can do this without an API of the host. */
function later(action: () => void): void {
  void Promise.resolve().then(action)
}
