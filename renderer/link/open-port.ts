// How this page reaches its lab: a MessagePort that Electron's preload hands over, or a WebSocket to the host that served the page.
// It must never interpret frames, and never put the token anywhere but this tab's session storage.
import { createCarrier, textOfFrame, type Port } from '../../src/contract'

/** What the address of the page contained. */
export interface PageAddress {
  readonly host: 'electron' | 'browser'
  /** `#empty` or `?empty`: the page must not start a cluster by itself. */
  readonly empty: boolean
  /** Empty: this tab never received a token. */
  readonly token: string
}

const tokenKey = 'understudy.token'
/** The longest time that Electron's main process may take to hand over the port. */
const handOverMs = 10_000

/** Reads the address once, keeps the token for this tab and removes it from the address bar. */
export function readAddress(): PageAddress {
  const host = location.protocol === 'lab:' || navigator.userAgent.includes('Electron/') ? 'electron' : 'browser'
  const fragment = new URLSearchParams(location.hash.slice(1))
  const empty = fragment.has('empty') || new URLSearchParams(location.search).has('empty')
  const given = fragment.get('token')
  if (given !== null) {
    sessionStorage.setItem(tokenKey, given)
    history.replaceState(null, '', location.pathname + location.search + (empty ? '#empty' : ''))
  }
  return { host, empty, token: host === 'browser' ? sessionStorage.getItem(tokenKey) ?? '' : '' }
}

export function openPort(address: PageAddress): Promise<Port> {
  return address.host === 'electron' ? askForMessagePort() : openWebSocket(address.token)
}

/** The preload answers `lab:want-port` with `lab:port` and the port itself. */
function askForMessagePort(): Promise<Port> {
  return new Promise((resolve, reject) => {
    const stop = (): void => {
      window.removeEventListener('message', take)
      clearTimeout(timer)
    }
    const take = (event: MessageEvent): void => {
      const port = event.ports[0]
      if (event.source !== window || event.data !== 'lab:port' || port === undefined) return
      stop()
      resolve(portOverMessagePort(port))
    }
    const timer = setTimeout(() => {
      stop()
      reject(new Error('The lab did not answer this window. Close it and start Understudy again.'))
    }, handOverMs)
    window.addEventListener('message', take)
    window.postMessage('lab:want-port', location.origin === 'null' ? '*' : location.origin)
  })
}

export function portOverMessagePort(messagePort: MessagePort): Port {
  const carrier = createCarrier({
    send: (frame) => messagePort.postMessage(frame),
    close: () => messagePort.close(),
  })
  messagePort.addEventListener('message', (event) => carrier.receive(event.data))
  messagePort.addEventListener('close', () => carrier.closed())
  messagePort.start()
  return carrier.port
}

function openWebSocket(token: string): Promise<Port> {
  if (token === '') return Promise.reject(new Error('This address lacks its token. Open the address that the lab printed when it started.'))
  return new Promise((resolve, reject) => {
    const scheme = location.protocol === 'https:' ? 'wss:' : 'ws:'
    const socket = new WebSocket(`${scheme}//${location.host}/ws`, ['lab.v1', `tok.${token}`])
    const carrier = createCarrier({
      send: (frame) => socket.send(textOfFrame(frame)),
      close: () => socket.close(),
    })
    socket.addEventListener('message', (event) => carrier.receiveText(typeof event.data === 'string' ? event.data : ''))
    socket.addEventListener('open', () => resolve(carrier.port))
    socket.addEventListener('close', () => {
      carrier.closed()
      reject(new Error('No lab answers at this address. Start it again, and open the address that it prints.'))
    })
  })
}
