// Answers every echo with what it was sent: the smallest node.
import { Node } from './node.mjs'

const node = new Node({ steps: true, timers: true, reports: true })
let echoes = 0
node.on('echo', (message) => {
  node.report('state', { state: { echoes: ++echoes } })
  node.reply(message, { type: 'echo_ok', echo: message.body.echo })
})
node.run()
