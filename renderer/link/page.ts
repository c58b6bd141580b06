// Ties the link to this page's stores, and starts the first cluster by itself: "npm start opens the lab with a running cluster".
// It must start one only once for each load of the page, and never over a session that exists.
import { useActivityStore } from '../stores/activity'
import { useDerivedStore } from '../stores/derived'
import { useLayoutStore } from '../stores/layout'
import { useSearchStore } from '../stores/search'
import { useSessionStore } from '../stores/session'
import { useStopsStore } from '../stores/stops'
import { useTraceStore } from '../stores/trace'
import { startLink } from './link'
import { openPort, readAddress } from './open-port'

/** A hidden window draws no frames: after this long a batch counts as drawn. */
const drawnMaxMs = 250

function drawn(): Promise<void> {
  return new Promise((resolve) => {
    const timer = setTimeout(resolve, drawnMaxMs)
    requestAnimationFrame(() => {
      clearTimeout(timer)
      resolve()
    })
  })
}

export function startLinkOfPage(): void {
  const session = useSessionStore()
  const trace = useTraceStore()
  const layout = useLayoutStore()
  // They read events from the first on, whenever a panel looks.
  useDerivedStore()
  useActivityStore()
  useStopsStore()
  useSearchStore()
  const address = readAddress()
  let mayStart = !address.empty

  startLink({
    connection: (state, problem) => {
      session.connection = state
      session.connectionProblem = problem
    },
    connected: (lab) => {
      session.lab = lab
      trace.connect(lab && ((from, count) => lab.call('readEvents', { session: trace.session, from, count })))
    },
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
    events: async ({ text }) => {
      const isRoom = trace.takeText(text)
      // What was taken at once is acked no faster than it is drawn; of what takes longer the next comes while this is worked on.
      await (trace.isTaking() ? isRoom : drawn())
    },
  }, {
    open: () => openPort(address),
    wait: (ms) => new Promise((resolve) => setTimeout(resolve, ms)),
  })
}
