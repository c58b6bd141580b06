// A node for Understudy, and for Maelstrom, in one file without dependencies. docs/node-protocol.md describes the lines.
//
//   import { Node } from './node.mjs'
//   const node = new Node({ steps: true, timers: true, reports: true })
//   node.on('echo', (message) => node.reply(message, { type: 'echo_ok', echo: message.body.echo }))
//   node.run()
//
// What the constructor is given decides the level: nothing is a plain Maelstrom node; with `steps` the lab knows the cause of every message; with
// `timers` the lab owns the clock, so that a freeze is exact and a run can be repeated; with `reports` it shows the state.
import { createInterface } from 'node:readline'

/** An answer of type "error". The codes are Maelstrom's: 20 means that a key does not exist, 22 that a compare-and-swap did not match. */
export class RPCError extends Error {
  constructor(code, text) {
    super(text)
    this.code = code
  }
}

export class Node {
  /** `reset()` makes the program a new node, as if it had just started: it spares virtual time a process. */
  constructor({ steps = false, timers = false, reports = false, reset = null } = {}) {
    this.levels = { steps, timers, reports, ...reset && { reset: true } }
    this.reset = reset
    /** This node's name, and the names of all servers: known from the init on. */
    this.id = ''
    this.ids = []
    /** What the lab says beside: `{kind, incarnation, seed, settings, nodes, data}`; null where there is no lab. */
    this.lab = null
    this.handlers = new Map()
    this.answers = new Map()
    this.timers = new Map()
    this.lastId = 0
    this.out = []
    this.inStep = false
    this.ends = false
  }

  /** `handler(message)` is called for each message of this type; what it throws is answered as an error. It may be async. */
  on(type, handler) {
    this.handlers.set(type, handler)
  }

  send(dest, body) {
    this.out.push(JSON.stringify({ src: this.id, dest, body }) + '\n')
    // With steps, a step's lines leave together with its end.
    if (!this.inStep) this.flush()
  }

  reply(message, body) {
    this.send(message.src, { ...body, in_reply_to: message.body.msg_id })
  }

  /** Sends a request and resolves with the body of its answer; rejects with an RPCError for an answer of type "error". */
  rpc(dest, body) {
    const id = ++this.lastId
    this.send(dest, { ...body, msg_id: id })
    return new Promise((resolve, reject) => this.answers.set(id, { resolve, reject }))
  }

  // ---- cooperation with the lab

  /** Calls `handler()` once, in `ms` milliseconds, unless it is set again or cancelled before. */
  timer(name, ms, handler) {
    this.cancel(name)
    if (this.lab && this.levels.timers) {
      this.timers.set(name, handler)
      this.send('lab', { type: 'set_timer', name, ms })
    } else this.timers.set(name, setTimeout(() => { this.timers.delete(name); handler() }, ms))
  }

  cancel(name) {
    const timer = this.timers.get(name)
    if (timer === undefined) return
    this.timers.delete(name)
    if (this.lab && this.levels.timers) this.send('lab', { type: 'cancel_timer', name })
    else clearTimeout(timer)
  }

  /** Tells the lab something: `report('state', {state: {...}})`, `report('role', {role: 'backup', viewnum: 2, serving: true})`, `report('note', {text})`. */
  report(type, fields) {
    if (this.lab && this.levels.reports) this.send('lab', { type, ...fields })
  }

  /** Ends the program, without an error, when the present step has ended. */
  end() {
    this.ends = true
    if (!this.inStep) process.exit(0)
  }

  // ---- lines

  /** Reads standard input until it ends. */
  run() {
    let turn = Promise.resolve()
    createInterface({ input: process.stdin }).on('line', (line) => {
      const message = JSON.parse(line)
      turn = turn.then(() => this.take(message))
    }).on('close', () => turn.then(() => process.exit(0)))
  }

  async take(message) {
    const { body } = message
    if (body.type === 'reset' && message.src === 'lab' && this.reset) return this.forget()
    const isInit = body.type === 'init'
    if (isInit) this.begin(message)
    this.inStep = this.lab !== null && this.levels.steps
    // A handler that waits for an answer goes on in the step that brings it, so nobody waits for it here.
    new Promise((resolve) => resolve(this.handle(message))).catch((error) => {
      if (body.msg_id === undefined) process.stderr.write(`${error.stack}\n`)
      else this.reply(message, { type: 'error', code: error.code ?? 13, text: error.message })
    })
    if (!this.inStep) return
    // What this message woke up runs before the step ends.
    await new Promise((resolve) => setImmediate(resolve))
    this.send('lab', { type: 'done', step: message.step })
    this.inStep = false
    this.flush()
    if (this.ends) process.exit(0)
  }

  forget() {
    for (const part of [this.handlers, this.answers, this.timers]) part.clear()
    this.lastId = 0
    this.reset()
  }

  begin({ body }) {
    this.id = body.node_id
    this.ids = body.node_ids
    this.lab = body.lab ?? null
  }

  handle(message) {
    const { body } = message
    if (body.type === 'init') this.reply(message, this.lab ? { type: 'init_ok', lab: this.levels } : { type: 'init_ok' })
    if (message.src === 'lab' && body.type === 'timer') {
      const handler = this.timers.get(body.name)
      this.timers.delete(body.name)
      return handler?.()
    }
    const answer = this.answers.get(body.in_reply_to)
    if (answer) {
      this.answers.delete(body.in_reply_to)
      return body.type === 'error' ? answer.reject(new RPCError(body.code, body.text)) : answer.resolve(body)
    }
    const handler = this.handlers.get(body.type)
    if (handler) return handler(message)
    // A late answer, or a message of the lab that this node does not need, is nothing to complain about.
    if (body.type !== 'init' && body.in_reply_to === undefined && message.src !== 'lab') throw new RPCError(10, `this node does not know ${body.type}`)
  }

  flush() {
    if (this.out.length > 0) process.stdout.write(this.out.splice(0).join(''))
  }
}
