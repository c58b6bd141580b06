// Ties the link to this page's stores, and starts the first cluster by itself: "npm start opens the lab with a running cluster".
// It must start one only once for each load of the page, and never over a session that exists.
import { useLayoutStore } from '../stores/layout'
import { useSessionStore } from '../stores/session'
import { useTraceStore } from '../stores/trace'
import { startLink } from './link'
import { openPort, readAddress } from './open-port'

/** A hidden window draws no frames: after this long a batch counts as drawn. */
const drawnMaxMs = 250

export function startLinkOfPage(): void {
  const session = useSessionStore()
  const trace = useTraceStore()
  const layout = useLayoutStore()
  const address = readAddress()
  let mayStart = !address.empty

  startLink({
    connection: (state, problem) => {
      session.connection = state
      session.connectionProblem = problem
    },
    connected: (lab) => { session.lab = lab },
    hello: (about) => {
      session.about = about
      if (mayStart && layout.startOnOpen && about.status.kind === 'none') {
        session.isOpening = true
        void session.newCluster(about.lastSettings).finally(() => { session.isOpening = false })
      }
      mayStart = false
    },
    status: (status) => { session.status = status },
    begin: trace.reset,
    events: trace.take,
    latest: () => trace.events.length,
  }, {
    open: () => openPort(address),
    drawn: () => new Promise((resolve) => {
      const timer = setTimeout(resolve, drawnMaxMs)
      requestAnimationFrame(() => {
        clearTimeout(timer)
        resolve()
      })
    }),
    wait: (ms) => new Promise((resolve) => setTimeout(resolve, ms)),
  })
}
