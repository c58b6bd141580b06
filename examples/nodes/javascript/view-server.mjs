// A view server of Understudy's own protocol: it hears who lives, and decides who is primary and who is backup. It
// implements the section "View server" of docs/protocol.md. The lab starts it:
//
//   understudy run scenarios/ --program "view-server=node examples/nodes/javascript/view-server.mjs"
//
// There is one of it, and it keeps nothing on a disk. So a restarted one must find out first whether it has a past.
import { Node } from './node.mjs'

class ViewServer {
  constructor(node) {
    this.node = node
    this.current = { viewnum: 0, primary: null, backups: [] }
    /** The last view that its primary has acked: what clients get. */
    this.acked = this.current
    /** By name, in the order of their first ping: {incarnation, missed, pinged}. */
    this.servers = new Map()
    /** A ping had the number of a view that this process did not make: views exist that it does not know. */
    this.historyLost = false
    this.served = { pings: 0, getViews: 0, queries: 0 }
  }

  listen() {
    this.node.on('init', () => this.start())
    this.node.on('ping', (message) => this.takePing(message))
    this.node.on('get-view', ({ src }) => this.takeGetView(src))
    this.node.on('query', ({ src }) => this.takeQuery(src))
  }

  start() {
    const { lab } = this.node
    if (lab === null) throw new Error('this node needs the lab: its incarnation and its settings come with the init')
    this.settings = lab.settings
    const { newCluster, deadPings } = lab.settings
    // In an old cluster a server may be silent just now that knows a view. Until it is dead there is no view.
    this.checksToListen = newCluster && lab.incarnation === 1 ? 0 : deadPings
    this.checkRegularly()
  }

  // ---- who lives

  checkRegularly() {
    this.node.timer('ping-check', this.settings.pingCheckIntervalMs, () => {
      this.check()
      this.checkRegularly()
    })
  }

  check() {
    for (const server of this.servers.values()) {
      server.missed = server.pinged ? 0 : server.missed + 1
      server.pinged = false
    }
    if (this.checksToListen > 0) this.checksToListen--
    this.changeView()
  }

  isAlive(name) {
    const server = this.servers.get(name)
    return server !== undefined && server.missed < this.settings.deadPings
  }

  /** A member that restarted is dead as a member, however fast it was: its memory is gone. */
  hasRestarted({ name, incarnation }) {
    return this.servers.get(name)?.incarnation > incarnation
  }

  isLiveMember(member) {
    return this.isAlive(member.name) && !this.hasRestarted(member)
  }

  // ---- pings

  takePing({ src, body }) {
    this.served.pings++
    if (!this.hear(src, body.incarnation)) return
    this.lookForHistory(body.viewnum)
    this.takeAck(src, body)
    this.changeView(src)
  }

  /** Notes that the server lives. A ping of an earlier incarnation proves nothing, and its sender must end. */
  hear(name, incarnation) {
    const known = this.servers.get(name)
    if (known?.incarnation > incarnation) {
      const { incarnation: later } = known
      this.node.send(name, { type: 'superseded', toIncarnation: incarnation, incarnation: later })
      return false
    }
    // A new life is a new server, and takes its place in the order anew.
    if (known?.incarnation !== incarnation) this.servers.delete(name)
    this.servers.set(name, { incarnation, missed: 0, pinged: true })
    return true
  }

  lookForHistory(viewnum) {
    if (this.historyLost || viewnum <= this.current.viewnum) return
    this.historyLost = true
    this.node.report('note', { text: `a ping carries view ${viewnum}: the history is lost` })
  }

  /** The primary's first ping with the number of the view: its backups hold its state. */
  takeAck(name, { viewnum, incarnation, initialised = [] }) {
    const { primary } = this.current
    if (this.isAcked() || viewnum !== this.current.viewnum) return
    if (name !== primary.name || incarnation !== primary.incarnation) return
    this.current = { ...this.current, backups: this.current.backups.map((member) => inNewLife(member, initialised)) }
    this.acked = this.current
    this.node.report('view_acked', { view: this.acked })
  }

  isAcked() {
    return this.acked.viewnum === this.current.viewnum
  }

  // ---- views

  /** Makes a new view if there is a reason for one and no obstacle. `asker` is who pinged, and gets the view anyway. */
  changeView(asker) {
    const change = this.nextView()
    if (change === null) {
      if (asker !== undefined) this.sendView(asker)
      return
    }
    const before = this.current
    this.current = { viewnum: before.viewnum + 1, primary: change.primary, backups: change.backups }
    this.node.report('view_changed', { view: this.current, cause: change.cause })
    this.announce(before, asker)
  }

  nextView() {
    if (this.historyLost || this.checksToListen > 0) return null
    if (this.current.viewnum === 0) return this.firstView()
    // No new view before the ack of this one: until then its backups may lack the state.
    if (!this.isAcked()) return null
    const { primary, backups } = this.current
    const [nextPrimary, ...kept] = [primary, ...backups].filter((member) => this.isLiveMember(member))
    // Nobody who lives has the data. A fresh server must not serve in its place.
    if (nextPrimary === undefined) return null
    return this.changeTo(nextPrimary, kept)
  }

  firstView() {
    const name = [...this.servers.keys()].find((name) => this.isAlive(name))
    if (name === undefined) return null
    return { primary: this.memberOf(name), backups: [], cause: { type: 'first-server', server: name } }
  }

  /** All changes happen together: the dead leave, the first live backup is promoted, idle servers join. */
  changeTo(primary, kept) {
    const members = [primary, ...kept]
    const joining = this.idleServers(members).slice(0, Math.max(0, this.settings.backupsWanted - kept.length))
    const left = this.membersOf(this.current).filter((member) => !members.includes(member))
    const promoted = primary === this.current.primary ? '' : primary.name
    if (left.length === 0 && promoted === '' && joining.length === 0) return null
    const cause = {
      type: 'change', promoted,
      left: left.map((member) => ({ server: member.name, because: this.whyDead(member) })),
      joined: joining.map(({ name }) => name),
    }
    return { primary, backups: [...kept, ...joining], cause }
  }

  idleServers(members) {
    const names = members.map(({ name }) => name)
    return [...this.servers.keys()].filter((name) => this.isAlive(name) && !names.includes(name))
      .map((name) => this.memberOf(name))
  }

  whyDead(member) {
    return this.hasRestarted(member) ? 'restarted' : 'missed-pings'
  }

  memberOf(name) {
    return { name, incarnation: this.servers.get(name).incarnation }
  }

  membersOf({ primary, backups }) {
    return primary === null ? [] : [primary, ...backups]
  }

  /** Sends a new view to all of the old and the new one. The primary is last: its transfer finds the others ready. */
  announce(before, asker) {
    const names = new Set([...this.membersOf(before), ...this.current.backups].map(({ name }) => name))
    if (asker !== undefined) names.add(asker)
    const { primary } = this.current
    names.delete(primary.name)
    for (const name of [...names, primary.name]) this.sendView(name)
  }

  sendView(name) {
    const { incarnation: toIncarnation } = this.servers.get(name)
    this.node.send(name, { type: 'view-reply', toIncarnation, view: this.current })
  }

  // ---- clients and people

  /** A client that got a view before its ack would ask a primary that may not answer yet. */
  takeGetView(client) {
    this.served.getViews++
    this.node.send(client, { type: 'view-reply', toIncarnation: 0, view: this.acked })
  }

  takeQuery(person) {
    this.served.queries++
    const { current, acked, historyLost, served } = this
    this.node.send(person, { type: 'query-reply', current, acked, historyLost, ...served })
  }
}

/** The ack lists the incarnations that got the state: a backup that restarted before it counts in its new one. */
function inNewLife(member, initialised) {
  const listed = initialised.find(({ name }) => name === member.name)
  return listed ? { ...member, incarnation: listed.incarnation } : member
}

const node = new Node({ steps: true, timers: true, reports: true })
new ViewServer(node).listen()
node.run()
