// A linearizable store on every node, by asking the lab's service `lin-kv` for each operation. The node itself remembers nothing.
import { Node } from './node.mjs'

const node = new Node({ steps: true, timers: true, reports: true })
for (const type of ['read', 'write', 'cas']) {
  node.on(type, async (message) => {
    const { msg_id: _number, ...request } = message.body
    // An error of the service, such as a key that does not exist, is the answer too: the library sends it on.
    const { in_reply_to: _answered, ...answer } = await node.rpc('lin-kv', request)
    node.reply(message, answer)
  })
}
node.run()
