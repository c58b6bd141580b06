// A counter that every node adds to in a key of its own of the lab's sequential store, so that no two nodes write the same key. A read is the sum of
// all keys. Before a read the node writes to the store, because a sequential store may otherwise answer from the past. A restarted node reads its own
// key first: what it had acknowledged is there.
import { Node } from './node.mjs'

const node = new Node({ steps: true, timers: true, reports: true })
let own = 0
let ready = Promise.resolve()
/** The last read of each other node's key. */
const others = new Map()

node.on('init', () => {
  ready = valueOf(node.id).then((value) => { own = value })
})

node.on('add', async (message) => {
  await ready
  own += message.body.delta
  await node.rpc('seq-kv', { type: 'write', key: node.id, value: own })
  node.report('state', { state: { own } })
  node.reply(message, { type: 'add_ok' })
})

node.on('read', async (message) => {
  await ready
  await node.rpc('seq-kv', { type: 'write', key: `read of ${node.id}`, value: message.body.msg_id })
  for (const id of node.ids) if (id !== node.id) others.set(id, await valueOf(id))
  node.reply(message, { type: 'read_ok', value: [...others.values()].reduce((sum, value) => sum + value, own) })
})

async function valueOf(id) {
  try {
    return (await node.rpc('seq-kv', { type: 'read', key: id })).value
  } catch (error) {
    if (error.code === 20) return 0
    throw error
  }
}

node.run()
