// Tells every value that it hears to its neighbours, again and again until they have said that they know it. So a lost message, or a neighbour that was
// cut off, costs time and no value.
import { Node } from './node.mjs'

const node = new Node({ steps: true, timers: true, reports: true })
const againMs = 200
const known = new Set()
/** By neighbour: what it has not acknowledged yet. */
let missing = new Map()

node.on('topology', (message) => {
  missing = new Map((message.body.topology[node.id] ?? []).map((neighbour) => [neighbour, new Set(known)]))
  node.reply(message, { type: 'topology_ok' })
})

node.on('broadcast', (message) => {
  learn([message.body.message], message.src)
  node.reply(message, { type: 'broadcast_ok' })
})

node.on('read', (message) => node.reply(message, { type: 'read_ok', messages: [...known] }))

node.on('gossip', (message) => {
  learn(message.body.values, message.src)
  node.send(message.src, { type: 'gossip_ok', values: message.body.values })
})

node.on('gossip_ok', (message) => {
  for (const value of message.body.values) missing.get(message.src)?.delete(value)
})

/** A neighbour that tells of a value knows it. */
function learn(values, from) {
  for (const value of values) {
    missing.get(from)?.delete(value)
    if (known.has(value)) continue
    known.add(value)
    for (const [neighbour, values] of missing) if (neighbour !== from) values.add(value)
  }
  node.report('state', { state: { known: known.size } })
  tell()
}

function tell() {
  for (const [neighbour, values] of missing) if (values.size > 0) node.send(neighbour, { type: 'gossip', values: [...values] })
  if ([...missing.values()].some((values) => values.size > 0)) node.timer('gossip', againMs, tell)
}

node.run()
