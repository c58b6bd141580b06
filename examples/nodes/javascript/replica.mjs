// A replica of Understudy's own protocol: primary, backup or idle, as the view server decides. It implements the whole
// of docs/protocol.md, and its messages are the lines of docs/node-protocol.md. The lab starts it:
//
//   understudy run scenarios/ --program "s2=node examples/nodes/javascript/replica.mjs"
//   understudy run scenarios/ --program "replicas=node examples/nodes/javascript/replica.mjs"
//
// The file goes from the inside to the outside: bytes, the copy that is replicated, its digest, its chunks for a state
// transfer, what a primary knows of one backup, and the replica itself.
import { isUtf8 } from 'node:buffer'
import { Node } from './node.mjs'

// ---- keys and values

// Keys and values are bytes. A line has them as text, or as this prefix and base64.
const prefix = 'base64:'
// Tab, line feed and carriage return are the control characters that the lab writes as text.
const needsBase64 = /^base64:|[\u0000-\u0008\u000b\u000c\u000e-\u001f]/
const valueBytesMax = 8 * 1024 * 1024

const bytesOf = (text) => text.startsWith(prefix) ? Buffer.from(text.slice(prefix.length), 'base64') : Buffer.from(text)

function textOf(bytes) {
  const text = isUtf8(bytes) ? bytes.toString() : undefined
  return text === undefined || needsBase64.test(text) ? prefix + bytes.toString('base64') : text
}

/** One text for one key: the same bytes may come as text from one node and as base64 from another. */
const canonical = (key) => needsBase64.test(key) ? textOf(bytesOf(key)) : key

// ---- the copy

/** What every server of a view holds alike, and what a state transfer carries. */
class Copy {
  /** The sequence number of the last operation that was executed. */
  executed = 0
  /** By key: its value in bytes. A key with an empty value is a key. */
  store = new Map()
  /** At most once: by client id, the row of its last request. In order of execution, the oldest first. */
  table = new Map()

  /**
   * Executes the operation whose turn it is. Gives its row of the table, and whether it was there already. An older
   * request than the client's last gives no row: its client has gone on, and nobody waits for it.
   */
  execute({ seq, clientId, requestId, operation }, viewnum, tableClientsMax) {
    this.executed = seq
    const last = this.table.get(clientId)
    if (last?.requestId > requestId) return {}
    if (last?.requestId === requestId) return { row: last, replayed: true }
    const row = { clientId, requestId, result: apply(this.store, operation), seq, viewnum }
    this.remember(row)
    // Every copy evicts at the same sequence number, so all tables stay alike.
    if (this.table.size > tableClientsMax) this.table.delete(this.table.keys().next().value)
    return { row, replayed: false }
  }

  /** A Map keeps the order of insertion: the row has to leave its place to become the newest. */
  remember(row) {
    this.table.delete(row.clientId)
    this.table.set(row.clientId, row)
  }
}

/** Executes one operation on a store and gives its result. */
function apply(store, { type, key: text, value, expected }) {
  const key = canonical(text)
  const old = store.get(key)
  switch (type) {
    case 'get': return old ? { type: 'value', value: textOf(old) } : { type: 'missing' }
    case 'delete': return store.delete(key) ? { type: 'done' } : { type: 'missing' }
    case 'put': return write(store, key, [bytesOf(value)])
    case 'append': return write(store, key, [old ?? Buffer.alloc(0), bytesOf(value)])
    case 'cas': {
      const matches = expected === null ? old === undefined : old?.equals(bytesOf(expected))
      return matches ? write(store, key, [bytesOf(value)]) : { type: 'mismatch', actual: old ? textOf(old) : null }
    }
  }
  throw new Error(`there is no operation ${type}`)
}

function write(store, key, parts) {
  if (parts.reduce((sum, part) => sum + part.length, 0) > valueBytesMax) return { type: 'too-large' }
  store.set(key, parts.length === 1 ? parts[0] : Buffer.concat(parts))
  return { type: 'done' }
}

/** The value in a result, if that has one: of a `get`, or the other value that a compare-and-swap found. */
const valueIn = (result) => result.value ?? result.actual ?? undefined

// ---- the digest of a copy: docs/wire-protocol.md has the computation

const prime = 0x01000193
const resultTypes = { done: 1, value: 2, missing: 3, mismatch: 4, 'too-large': 5 }

/** The sum of one hash for each key and each row. So the order of the keys does not matter; that of the rows does. */
function digestOf({ store, table }) {
  let hash = 0
  for (const [key, value] of store) hash = hash + finish(fold(fnv(bytesOf(key)), value), value.length) >>> 0
  let seqBefore = 0
  for (const row of table.values()) {
    hash = hash + hashOfRow(row, seqBefore) >>> 0
    seqBefore = row.seq
  }
  return { keys: store.size, rows: table.size, hash }
}

function hashOfRow({ clientId, requestId, seq, viewnum, result }, seqBefore) {
  const numbers = number(number(fnv(Buffer.from(clientId)), requestId), seq)
  const hash = word(number(word(numbers, viewnum), seqBefore), resultTypes[result.type])
  const text = valueIn(result)
  if (text === undefined) return finish(hash, 0)
  const value = bytesOf(text)
  return finish(fold(hash, value), value.length)
}

function fnv(bytes) {
  let hash = 0x811c9dc5
  for (const byte of bytes) hash = Math.imul(hash ^ byte, prime)
  return hash
}

function word(hash, value) {
  const product = Math.imul(hash ^ value, prime)
  return product << 13 | product >>> 19
}

/** A number of up to 53 bits, in two words. JavaScript's `|` takes the lower 32 bits. */
const number = (hash, value) => word(word(hash, value | 0), Math.floor(value / 2 ** 32))

function fold(hash, bytes) {
  const rest = bytes.length % 4
  const whole = bytes.length - rest
  for (let at = 0; at < whole; at += 4) hash = word(hash, bytes.readInt32LE(at))
  return rest === 0 ? hash : word(hash, bytes.readUIntLE(whole, rest))
}

function finish(hash, length) {
  hash ^= length
  hash = Math.imul(hash ^ hash >>> 16, 0x85ebca6b)
  hash = Math.imul(hash ^ hash >>> 13, 0xc2b2ae35)
  return (hash ^ hash >>> 16) >>> 0
}

// ---- the chunks of a state transfer

/** Cuts a copy into chunks of about `bytesMax` bytes. Values stay bytes until their chunk is sent. */
function chunksOf(copy, bytesMax) {
  const chunks = [{ entries: [], rows: [] }]
  let size = 0
  const add = (list, item, bytes) => {
    if (size > 0 && size + bytes > bytesMax) {
      chunks.push({ entries: [], rows: [] })
      size = 0
    }
    chunks.at(-1)[list].push(item)
    size += bytes
  }
  for (const entry of copy.store) add('entries', entry, entry[0].length + entry[1].length)
  for (const row of copy.table.values()) add('rows', row, row.clientId.length + (valueIn(row.result)?.length ?? 0) + 16)
  return chunks
}

/** The copy that all chunks of a transfer together describe. */
function assemble(chunks, last) {
  const copy = new Copy()
  for (let chunk = 0; chunk <= last; chunk++) {
    const { entries, rows, executed } = chunks.get(chunk)
    for (const { key, value } of entries) copy.store.set(canonical(key), bytesOf(value))
    for (const row of rows) copy.remember(row)
    copy.executed = executed
  }
  return copy
}

// ---- what a primary knows of one backup

class Backup {
  constructor({ name, incarnation }) {
    this.name = name
    this.begin(incarnation)
  }

  /** The transfer begins, for this incarnation of the backup. */
  begin(incarnation) {
    this.incarnation = incarnation
    /** The backup holds the whole state. Until then it gets no forwards. */
    this.installed = false
    /** The next chunk to send. By number, the chunks that were sent and not acked: has one waited for a whole wait? */
    this.nextChunk = 0
    this.open = new Map()
    this.highestAcked = -1
    /** The last operation that the backup has acked, and the last that it was sent. */
    this.acked = 0
    this.sent = 0
    /** Of a retry of forwards that takes several rounds: the last of this round, and the last of all. */
    this.resending = null
    /** Retries in a row that brought no ack, and whether an end of the connection was answered by sending again. */
    this.fruitless = 0
    this.sentAfterLoss = false
  }

  hasInstalled(executed) {
    this.installed = true
    this.open.clear()
    this.acked = executed
    this.sent = executed
  }

  get waitsForAck() {
    return !this.installed || this.acked < this.sent
  }

  /** An ack shows that the backup lives and the link works. */
  gotAck() {
    this.fruitless = 0
    this.sentAfterLoss = false
  }
}

// ---- the replica

// A retry sends no more forwards at once: a slow backup is not buried under copies.
const forwardsPerRetry = 64
const longestWait = 8
// A told state holds stores and tables up to this size: a line for each step must stay small.
const toldItemsMax = 200
const toldBytesMax = 1024 * 1024

class Replica {
  constructor(node) {
    this.node = node
    this.copy = new Copy()
    this.view = { viewnum: 0, primary: null, backups: [] }
    this.role = 'idle'
    /** A primary serves when its backups hold its state; a backup when it holds its primary's. */
    this.serving = false
    /** The view that pings name. A primary names the old one until its transfers are acked: the first ping with the
     * new number is the ack of the view. */
    this.pingViewnum = 0
    /** The latest view that this server has heard of. */
    this.heardOf = 0
    this.changed = true

    // Of a primary.
    /** It has been primary in every view from the first of these to the last. */
    this.primaryFrom = 0
    this.primaryUntil = -1
    this.backups = []
    this.chunks = []
    this.lastSeq = 0
    /** Operations that have a number and are not acked by every backup, in order; and the latest of each client. */
    this.inFlight = []
    this.inFlightOf = new Map()
    /** Requests that wait for the view to start: one for each client. */
    this.waiting = new Map()

    // Of a backup.
    /** The chunks of a transfer that is under way, beside the present copy. */
    this.chunksIn = new Map()
    this.lastChunk = -1
    /** Forwards that came ahead of their turn, by sequence number. */
    this.ahead = new Map()
  }

  /** Says which messages this node takes. After each one it tells the lab what has changed. */
  listen() {
    this.on('init', () => this.start())
    this.on('view-reply', (message) => this.takeView(message))
    this.on('superseded', (message) => this.takeSuperseded(message))
    this.on('request', (message) => this.takeRequest(message))
    this.on('forward', (message) => this.takeForward(message))
    this.on('forward-ack', (message) => this.takeForwardAck(message))
    this.on('state-transfer', (message) => this.takeChunk(message))
    this.on('state-transfer-ack', (message) => this.takeChunkAck(message))
    this.on('restarted', (message) => this.takeRestarted(message))
    this.on('peer_lost', (message) => this.peerLost(message))
    // A backup that has not adopted the view says so. The retry timer sends again; there is nothing else to do.
    this.on('not-yet', () => {})
  }

  on(type, handler) {
    this.node.on(type, (message) => {
      handler(message)
      this.tellState()
    })
  }

  start() {
    const { lab } = this.node
    if (lab === null) throw new Error('this node needs the lab: its incarnation and its settings come with the init')
    this.incarnation = lab.incarnation
    this.settings = lab.settings
    this.viewServer = Object.keys(lab.nodes).find((name) => lab.nodes[name] === 'view-server')
    this.synchronous = this.settings.replication !== 'asynchronous'
    this.pingRegularly()
  }

  // ---- views

  pingRegularly() {
    this.ping()
    this.node.timer('ping', this.settings.pingIntervalMs, () => this.pingRegularly())
  }

  /** A primary that serves lists the incarnations that it initialised: a backup may have restarted meanwhile. */
  ping() {
    const isServing = this.role === 'primary' && this.serving
    const initialised = isServing ? this.backups.map(({ name, incarnation }) => ({ name, incarnation })) : []
    const { pingViewnum: viewnum, incarnation } = this
    this.node.send(this.viewServer, { type: 'ping', viewnum, incarnation, initialised })
  }

  /** Another node knows a later view. Only the view server may tell what that is; a ping asks it. */
  hearOf(viewnum) {
    if (viewnum <= this.heardOf) return
    this.heardOf = viewnum
    this.ping()
  }

  takeView({ src, body: { toIncarnation, view } }) {
    if (src !== this.viewServer || toIncarnation !== this.incarnation) return
    // Never back to an earlier view.
    if (view.viewnum > this.view.viewnum) this.adopt(view)
  }

  adopt(view) {
    const staysPrimary = this.role === 'primary' && this.isSelf(view.primary) && view.viewnum === this.view.viewnum + 1
    const wasPrimary = this.role === 'primary'
    this.view = view
    this.heardOf = Math.max(this.heardOf, view.viewnum)
    this.forgetOldView()
    if (wasPrimary && !staysPrimary) this.refuseAll()
    if (this.isSelf(view.primary)) this.becomePrimary(staysPrimary)
    else this.becomeBackupOrIdle()
  }

  /** Acks, chunks and forwards count in their own view and no longer. */
  forgetOldView() {
    for (const backup of this.backups) this.node.cancel(`retry:${backup.name}`)
    this.backups = []
    this.chunks = []
    this.chunksIn.clear()
    this.lastChunk = -1
    this.ahead.clear()
  }

  isSelf(member) {
    return member?.name === this.node.id && member.incarnation === this.incarnation
  }

  /** A backup that restarted in this view still is one by name: its primary sends it the state again. */
  becomeBackupOrIdle() {
    const isBackup = this.view.backups.some(({ name, incarnation }) =>
      name === this.node.id && incarnation <= this.incarnation)
    this.believe(isBackup ? 'backup' : 'idle', false)
    this.pingViewnum = this.view.viewnum
    this.ping()
  }

  /** The whole state goes to every backup: also one that stays may have executed what was never answered. */
  becomePrimary(stays) {
    const { viewnum, backups } = this.view
    if (!stays) this.primaryFrom = viewnum
    this.primaryUntil = viewnum
    // What is executed already reaches the backups with the state.
    this.inFlight = this.inFlight.filter(({ seq }) => seq > this.copy.executed)
    this.inFlightOf = new Map(this.inFlight.map((entry) => [entry.clientId, entry]))
    this.lastSeq = this.copy.executed + this.inFlight.length
    this.believe('primary', false)
    this.backups = backups.map((member) => new Backup(member))
    if (backups.length > 0) {
      this.chunks = chunksOf(this.copy, this.settings.transferChunkBytes)
      this.digest = digestOf(this.copy)
    }
    for (const backup of this.backups) this.sendChunks(backup)
    this.serveWhenInitialised()
  }

  serveWhenInitialised() {
    if (this.serving || !this.backups.every(({ installed }) => installed)) return
    this.chunks = []
    this.believe('primary', true)
    this.pingViewnum = this.view.viewnum
    this.ping()
    // First what already has a number, in that order; then what has waited, in the order of its arrival.
    for (const entry of this.inFlight) this.forward(entry)
    this.commit()
    const requests = [...this.waiting.values()]
    this.waiting.clear()
    for (const request of requests) this.order(request)
  }

  /** A deposed primary refuses what it has. A backup may have executed it, so it is not "not primary". */
  refuseAll() {
    for (const request of [...this.inFlight, ...this.waiting.values()]) this.reject(request, 'deposed')
    this.inFlight = []
    this.inFlightOf.clear()
    this.waiting.clear()
  }

  takeSuperseded({ src, body }) {
    if (src === this.viewServer && body.toIncarnation === this.incarnation) this.node.end()
  }

  // ---- requests

  takeRequest({ src, body }) {
    const { clientId, requestId, operation, viewnum } = body
    // Everybody who sent a request is answered: by name, the view that its last send was tagged with.
    const request = { clientId, requestId, operation, senders: new Map([[src, viewnum]]) }
    if (viewnum > this.view.viewnum) {
      this.node.send(src, { type: 'not-yet', viewnum: this.view.viewnum, clientId, requestId })
      this.hearOf(viewnum)
    } else if (this.role !== 'primary') this.rejectAsNotPrimary(request)
    else if (!this.serving) this.wait(request)
    else this.order(request)
  }

  rejectAsNotPrimary(request) {
    const tag = tagOf(request)
    const wasPrimary = tag >= this.primaryFrom && tag <= this.primaryUntil
    // Whoever was primary in that view may have forwarded an earlier copy of this request.
    this.reject(request, wasPrimary && this.role !== 'primary' ? 'deposed' : 'not-primary')
  }

  /** While the view starts nothing is executed or answered, not even from the table. */
  wait(request) {
    if (this.joins(this.inFlightOf.get(request.clientId), request)) return
    if (this.joins(this.waiting.get(request.clientId), request)) return
    const isNew = !this.waiting.has(request.clientId)
    if (isNew && this.waiting.size >= this.settings.waitingRequestsMax) this.reject(request, 'busy')
    else this.waiting.set(request.clientId, request)
  }

  /** Whether this client's request is there already, or a newer one: then this one needs no place of its own. */
  joins(known, request) {
    if (known === undefined || known.requestId < request.requestId) return false
    if (known.requestId === request.requestId) addSenders(known, request)
    return true
  }

  /** Gives a request its sequence number, unless it has one, or was executed, or may not be executed here. */
  order(request) {
    const { clientId, requestId, operation } = request
    const row = this.copy.table.get(clientId)
    // A copy of an older request is dropped: its client has gone on.
    if (row?.requestId > requestId) return
    if (row?.requestId === requestId) this.answer(request, row, true)
    else if (this.joins(this.inFlightOf.get(clientId), request)) return
    // Between its view and this one another server was primary, and may have executed it.
    else if (tagOf(request) < this.primaryFrom) this.rejectAsNotPrimary(request)
    else if (!this.synchronous && operation.type === 'get') this.readLocally(request)
    else if (this.inFlight.length >= this.settings.inFlightMax) this.reject(request, 'busy')
    else this.enqueue({ ...request, seq: ++this.lastSeq })
  }

  enqueue(entry) {
    if (!this.synchronous) this.execute(entry)
    this.inFlight.push(entry)
    this.inFlightOf.set(entry.clientId, entry)
    this.forward(entry)
    this.commit()
  }

  /** Executes, in order, what every single backup has acked. A count of acks would not do: one may ack twice. */
  commit() {
    while (this.inFlight.length > 0 && this.backups.every(({ acked }) => acked >= this.inFlight[0].seq)) {
      const entry = this.inFlight.shift()
      if (this.inFlightOf.get(entry.clientId) === entry) this.inFlightOf.delete(entry.clientId)
      if (this.synchronous) this.execute(entry)
    }
  }

  execute(entry) {
    const { row, replayed } = this.copy.execute(entry, this.view.viewnum, this.settings.tableClientsMax)
    this.changed = true
    if (row && this.role === 'primary') this.answer(entry, row, replayed)
  }

  /** Asynchronous replication: a read has no number, and the table does not know it. */
  readLocally(request) {
    const { viewnum } = this.view
    this.answer(request, { seq: 0, viewnum, result: apply(this.copy.store, request.operation) }, false)
  }

  answer({ clientId, requestId, senders }, { seq, viewnum: executedViewnum, result }, replayed) {
    const { viewnum } = this.view
    const reply = { type: 'reply', clientId, requestId, viewnum, seq, replayed, executedViewnum, result }
    for (const sender of senders.keys()) this.node.send(sender, reply)
  }

  reject({ clientId, requestId, senders }, reason) {
    const { viewnum } = this.view
    for (const [sender, requestViewnum] of senders) {
      this.node.send(sender, { type: 'rejected', clientId, requestId, reason, requestViewnum, viewnum })
    }
  }

  // ---- the primary and its backups

  sendTo({ name, incarnation }, body) {
    const between = { viewnum: this.view.viewnum, fromIncarnation: this.incarnation, toIncarnation: incarnation }
    this.node.send(name, { ...body, ...between })
  }

  forward(entry) {
    for (const backup of this.backups) {
      this.sendForward(backup, entry)
      backup.sent = entry.seq
      this.armRetry(backup)
    }
  }

  sendForward(backup, { seq, clientId, requestId, operation }) {
    this.sendTo(backup, { type: 'forward', seq, clientId, requestId, operation })
  }

  /** The backup that sent this message, if it is an answer to this incarnation in this view. */
  backupOf({ src, body }) {
    if (body.viewnum !== this.view.viewnum || body.toIncarnation !== this.incarnation) return undefined
    return this.backups.find(({ name }) => name === src)
  }

  takeForwardAck(message) {
    const { executed, fromIncarnation } = message.body
    const backup = this.backupOf(message)
    if (backup?.incarnation !== fromIncarnation || !backup.installed) return
    if (executed <= backup.acked || executed > backup.sent) return
    backup.acked = executed
    backup.gotAck()
    this.resendMore(backup)
    this.restartRetry(backup)
    this.commit()
  }

  takeChunkAck(message) {
    const { chunk, installed, fromIncarnation } = message.body
    const backup = this.backupOf(message)
    if (backup?.incarnation !== fromIncarnation || backup.installed || chunk >= backup.nextChunk) return
    const wasOldest = backup.open.keys().next().value === chunk
    backup.open.delete(chunk)
    backup.highestAcked = Math.max(backup.highestAcked, chunk)
    backup.gotAck()
    if (installed) backup.hasInstalled(this.copy.executed)
    else this.sendChunks(backup)
    if (installed || wasOldest) this.restartRetry(backup)
    this.serveWhenInitialised()
  }

  /** The backup has lost its memory. It is initialised in its new incarnation, as long as the view has not started. */
  takeRestarted(message) {
    const { fromIncarnation } = message.body
    const backup = this.backupOf(message)
    if (this.serving || !(fromIncarnation > backup?.incarnation)) return
    this.beginTransfer(backup, fromIncarnation)
  }

  beginTransfer(backup, incarnation) {
    backup.begin(incarnation)
    this.sendChunks(backup)
    this.restartRetry(backup)
  }

  /** Sends chunks until as many are on their way as the window holds. */
  sendChunks(backup) {
    while (backup.open.size < this.settings.transferWindow && backup.nextChunk < this.chunks.length) {
      const chunk = backup.nextChunk++
      backup.open.set(chunk, { hasWaited: false })
      this.sendChunk(backup, chunk)
    }
    this.armRetry(backup)
  }

  sendChunk(backup, chunk) {
    const { entries, rows } = this.chunks[chunk]
    const last = chunk === this.chunks.length - 1
    this.sendTo(backup, {
      type: 'state-transfer', chunk, last, executed: this.copy.executed,
      entries: entries.map(([key, value]) => ({ key, value: textOf(value) })), rows,
      ...(last ? { digest: this.digest } : {}),
    })
  }

  // ---- sending again

  /** Each backup has its own timer, armed exactly while it has not acked something. */
  armRetry(backup) {
    if (!backup.waitsForAck || this.node.timers.has(`retry:${backup.name}`)) return
    // What is on its way now will have waited for a whole wait when the timer fires.
    for (const state of backup.open.values()) state.hasWaited = true
    const waits = Math.min(2 ** backup.fruitless, longestWait)
    this.node.timer(`retry:${backup.name}`, waits * this.settings.retryMs, () => {
      this.retry(backup)
      this.tellState()
    })
  }

  restartRetry(backup) {
    this.node.cancel(`retry:${backup.name}`)
    this.armRetry(backup)
  }

  retry(backup) {
    backup.fruitless++
    if (backup.installed) this.resendForwards(backup, backup.sent)
    // The backup has every chunk, and not the state: the digest did not match.
    else if (backup.open.size === 0) this.beginTransfer(backup, backup.incarnation)
    else for (const chunk of this.chunksToResend(backup)) this.sendChunk(backup, chunk)
    this.armRetry(backup)
  }

  chunksToResend({ open, highestAcked, fruitless }) {
    const waited = [...open.keys()].filter((chunk) => open.get(chunk).hasWaited)
    // Nothing was ever acked: the backup may have been in another view, and has taken none of them.
    if (highestAcked < 0) return waited
    // The ack of a later chunk came, so this one is lost.
    const lost = waited.filter((chunk) => chunk < highestAcked)
    if (lost.length > 0) return lost
    // The link may be slow. After one more wait the oldest is sent again.
    return fruitless > 1 ? waited.slice(0, 1) : []
  }

  /** Sends again the oldest forwards up to number `to`, not more than a retry may send. */
  resendForwards(backup, to) {
    const missing = this.inFlight.filter(({ seq }) => seq > backup.acked && seq <= to).slice(0, forwardsPerRetry)
    for (const entry of missing) this.sendForward(backup, entry)
    const roundEnds = missing.at(-1)?.seq ?? to
    backup.resending = roundEnds < to ? { roundEnds, to } : null
  }

  /** The ack of a round's last forward asks for the next round. */
  resendMore(backup) {
    const { resending } = backup
    if (resending && backup.acked >= resending.roundEnds) this.resendForwards(backup, resending.to)
  }

  /** What the connection carried is lost, so it is sent again at once. If nothing is acked then, the timer goes on. */
  peerLost({ body: { peer } }) {
    const backup = this.backups.find(({ name }) => name === peer)
    if (!backup?.waitsForAck || backup.sentAfterLoss) return
    backup.sentAfterLoss = true
    if (!backup.installed) for (const chunk of backup.open.keys()) this.sendChunk(backup, chunk)
    else for (const entry of this.inFlight) if (entry.seq > backup.acked) this.sendForward(backup, entry)
    this.restartRetry(backup)
  }

  // ---- the backup

  /** Whether a message between servers is of this view. Who sends one of a later view is told that it is too early. */
  isOfThisView({ src, body: { viewnum, fromIncarnation } }) {
    if (viewnum > this.view.viewnum) {
      this.node.send(src, { type: 'not-yet', viewnum: this.view.viewnum, clientId: '', requestId: 0 })
      this.hearOf(viewnum)
    }
    return viewnum === this.view.viewnum && this.isPrimary(src, fromIncarnation)
  }

  /** Whether this server is backup, and that one its primary. */
  isPrimary(name, incarnation) {
    const { primary } = this.view
    return this.role === 'backup' && primary.name === name && primary.incarnation === incarnation
  }

  takeForward(message) {
    const { body } = message
    if (body.toIncarnation !== this.incarnation || !this.isOfThisView(message) || !this.serving) return
    if (body.seq > this.copy.executed) this.ahead.set(body.seq, body)
    const before = this.copy.executed
    this.executeWhatIsNext()
    // A forward that came again is acked again: the ack may be lost. One ahead of its turn is not executed, nor acked.
    if (this.copy.executed > before || body.seq <= before) this.ackForwards(message.src)
  }

  executeWhatIsNext() {
    for (;;) {
      const seq = this.copy.executed + 1
      const next = this.ahead.get(seq)
      if (next === undefined) return
      this.ahead.delete(seq)
      this.execute(next)
    }
  }

  ackForwards(primary) {
    const { executed } = this.copy
    this.sendTo({ name: primary, incarnation: this.view.primary.incarnation }, { type: 'forward-ack', executed })
  }

  takeChunk(message) {
    const { src, body } = message
    if (body.toIncarnation < this.incarnation) this.sayThatItRestarted(message)
    if (body.toIncarnation !== this.incarnation || !this.isOfThisView(message)) return
    // A chunk again, after the transfer: this copy has gone on, and stays.
    if (!this.serving) this.collect(body)
    if (this.serving || this.chunksIn.has(body.chunk)) this.ackChunk(src, body.chunk)
  }

  /** The chunk was for an earlier incarnation of this server. */
  sayThatItRestarted({ src, body }) {
    const { viewnum, fromIncarnation } = body
    if (viewnum !== this.view.viewnum || !this.isPrimary(src, fromIncarnation) || this.serving) return
    this.sendTo(this.view.primary, { type: 'restarted' })
  }

  /** Keeps a chunk beside the present copy. Half a transfer is never installed. */
  collect(body) {
    this.chunksIn.set(body.chunk, body)
    if (body.last) this.lastChunk = body.chunk
    if (this.lastChunk < 0 || this.chunksIn.size <= this.lastChunk) return
    const copy = assemble(this.chunksIn, this.lastChunk)
    const { digest } = this.chunksIn.get(this.lastChunk)
    this.chunksIn.clear()
    this.lastChunk = -1
    if (digest === undefined || isSameDigest(digest, digestOf(copy))) this.install(copy)
    else this.node.report('note', { text: 'the state differs from its digest: it is not installed' })
  }

  install(copy) {
    this.copy = copy
    this.changed = true
    const { primary, viewnum } = this.view
    const { executed, store } = copy
    this.node.report('transfer_installed', { from: primary.name, viewnum, executed, keys: store.size })
    this.believe('backup', true)
  }

  ackChunk(primary, chunk) {
    const to = { name: primary, incarnation: this.view.primary.incarnation }
    this.sendTo(to, { type: 'state-transfer-ack', chunk, installed: this.serving })
  }

  // ---- what it tells the lab

  believe(role, serving) {
    this.role = role
    this.serving = serving
    this.node.report('role', { role, viewnum: this.view.viewnum, serving })
  }

  /** Tells what this server holds, if that has changed. A large store or table is left out. */
  tellState() {
    if (!this.changed) return
    this.changed = false
    const { executed, store, table } = this.copy
    const state = { executed }
    if (isSmall(store, (value) => value.length)) {
      state.store = Object.fromEntries([...store].map(([key, value]) => [key, textOf(value)]))
    }
    if (isSmall(table, (row) => valueIn(row.result)?.length ?? 0)) state.table = [...table.values()]
    this.node.report('state', { state })
  }
}

/** The latest view that a client believed this server to be primary of when it sent the request. */
const tagOf = ({ senders }) => Math.max(...senders.values())

/** The first sender stays, and the three newest: so many are answered. */
function addSenders(known, { senders }) {
  for (const [name, viewnum] of senders) {
    known.senders.set(name, Math.max(viewnum, known.senders.get(name) ?? 0))
    if (known.senders.size > 4) known.senders.delete([...known.senders.keys()][1])
  }
}

const isSameDigest = (one, other) => one.keys === other.keys && one.rows === other.rows && one.hash === other.hash

function isSmall(map, bytesOfItem) {
  if (map.size > toldItemsMax) return false
  let bytes = 0
  for (const item of map.values()) bytes += bytesOfItem(item)
  return bytes <= toldBytesMax
}

const node = new Node({ steps: true, timers: true, reports: true, reset: () => new Replica(node).listen() })
new Replica(node).listen()
node.run()
