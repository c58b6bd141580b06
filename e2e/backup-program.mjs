// A replica that is never more than a backup, for the specs: it pings, takes a state, and executes forwards. It keeps puts alone, and no table.
import { Node } from '../examples/nodes/javascript/node.mjs'

const node = new Node({ steps: true, timers: true, reports: true })
let view = { viewnum: 0, primary: null, backups: [] }
let executed = 0
let store = {}

const incarnation = () => node.lab.incarnation
const isOfPrimary = ({ src, body }) => body.viewnum === view.viewnum && src === view.primary?.name

function ping() {
  node.send('vs', { type: 'ping', viewnum: view.viewnum, incarnation: incarnation() })
  node.timer('ping', node.lab.settings.pingIntervalMs, ping)
}

function answer({ src, body }, more) {
  node.send(src, { viewnum: body.viewnum, fromIncarnation: incarnation(), toIncarnation: body.fromIncarnation, ...more })
  node.report('state', { state: { executed, store } })
}

node.on('init', ping)

node.on('view-reply', ({ body }) => {
  if (body.view.viewnum <= view.viewnum) return
  view = body.view
  const role = view.backups.some(({ name }) => name === node.id) ? 'backup' : 'idle'
  node.report('role', { role, viewnum: view.viewnum, serving: false })
})

node.on('state-transfer', (message) => {
  const { body } = message
  if (!isOfPrimary(message)) return
  executed = body.executed
  store = Object.fromEntries(body.entries.map(({ key, value }) => [key, value]))
  node.report('role', { role: 'backup', viewnum: view.viewnum, serving: true })
  answer(message, { type: 'state-transfer-ack', chunk: body.chunk, installed: true })
})

node.on('forward', (message) => {
  const { seq, operation } = message.body
  if (!isOfPrimary(message)) return
  if (seq === executed + 1) {
    executed = seq
    if (operation.type === 'put') store[operation.key] = operation.value
  }
  answer(message, { type: 'forward-ack', executed })
})

node.run()
