// Connects the link to this page's stores, and starts the first cluster, so that `npm start` opens a lab with a running cluster.
// It must start at most one cluster for each load of the page, and never one over an existing session.
import { useActivityStore } from '../stores/activity'
import { useDerivedStore } from '../stores/derived'
import { useLayoutStore } from '../stores/layout'
import { useSearchStore } from '../stores/search'
import { useSessionStore } from '../stores/session'
import { useStartLast } from '../stores/start-last'
import { useStopsStore } from '../stores/stops'
import { useTraceStore } from '../stores/trace'
import { startLink } from './link'
import { openPort, readAddress } from './open-port'

/** A batch counts as drawn after so many milliseconds, because a hidden window draws no frames. */
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
  const startLast = useStartLast()
  // These stores must exist before the first event, because they read every event of a session.
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
      if (mayStart && !about.readOnly && layout.startOnOpen && about.status.kind === 'none') {
        session.isOpening = true
        void startLast().finally(() => { session.isOpening = false })
      }
      mayStart = false
    },
    status: (status) => {
      session.status = status
      if (status.session === trace.session) trace.labHas(status.latest)
    },
    begin: trace.reset,
    events: async ({ text }) => {
      const isRoom = trace.takeText(text)
      // A batch that was taken at once is acked after the next frame. The ack of a slow batch, or of a window far behind, waits only for
      // room in the intake, so that the next batch is in flight meanwhile.
      await (trace.isTaking() || trace.isFarBehind() ? isRoom : drawn())
    },
  }, {
    open: () => openPort(address),
    wait: (ms) => new Promise((resolve) => setTimeout(resolve, ms)),
  })
}
