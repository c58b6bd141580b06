// The view server: receives pings, decides who is primary and who is backup, and sends views to servers and clients.
// It must never change a view that its primary has not acked (rule 6), nor promote a server that was not in the view (rule 2).
// docs/protocol.md, "View server", lists each rule that is enforced here with the bad run that it prevents.
import { noEffects, type EffectSink, type Essence, type Input, type Machine, type Start, type Stuck, type ViewCause, type ViewServerState } from './machine'
import type { Message, Ping } from './messages'
import { isBroken, type Settings } from './settings'
import { pingCheckTimer } from './timers'
import { noView, sameMember, type Member, type NodeName, type View } from './view'

/** What the view server knows of a server name: its latest incarnation only. Kept in joining order. */
interface ServerRecord {
  member: Member
  /** True if the server sends no incarnation. The view server counts it instead: a ping of viewnum 0 after other viewnums is a restart. */
  readonly counted: boolean
  viewnum: number
  pingedSinceCheck: boolean
  /** Checks in a row without a ping. */
  missed: number
}

export function createViewServer(start: Start, out: EffectSink): Machine {
  return new ViewServer(start.settings, out)
}

class ViewServer implements Machine {
  readonly #settings: Settings
  /** In joining order: the order of the first ping of each incarnation. */
  #servers: ServerRecord[] = []
  #current: View = noView
  #acked: View = noView
  /** Incarnations that the primary initialised in the current view, by name; from then on these are its backups. */
  #initialised = new Map<NodeName, number>()
  /** Ping checks for which a restarted view server still only listens and forms no view. */
  #listenChecks: number
  #historyLost = false
  #stuck: Stuck | null = null
  #pings = 0
  #getViews = 0
  #queries = 0

  constructor(settings: Settings, out: EffectSink) {
    this.#settings = settings
    this.#listenChecks = settings.newCluster || isBroken(settings, 'forms-view-at-once') ? 0 : settings.deadPings
    out.setTimer(pingCheckTimer, settings.pingCheckIntervalMs)
  }

  copy(): ViewServer {
    const copy = new ViewServer(this.#settings, noEffects)
    copy.#servers = this.#servers.map((server) => ({ ...server }))
    copy.#current = this.#current
    copy.#acked = this.#acked
    copy.#initialised = new Map(this.#initialised)
    copy.#listenChecks = this.#listenChecks
    copy.#historyLost = this.#historyLost
    copy.#stuck = this.#stuck
    copy.#pings = this.#pings
    copy.#getViews = this.#getViews
    copy.#queries = this.#queries
    return copy
  }

  step(input: Exclude<Input, Start>, out: EffectSink): void {
    switch (input.type) {
      case 'message': return this.#handleMessage(input.from, input.message, out)
      case 'timer': return this.#onPingCheck(out)
      // Only missed pings make a server dead; a lost connection proves nothing.
      case 'peer-lost': return
      case 'operation': throw new Error('a view server takes no operations')
    }
  }

  #handleMessage(from: NodeName, message: Message, out: EffectSink): void {
    switch (message.type) {
      case 'ping': return this.#handlePing(from, message, out)
      case 'get-view':
        this.#getViews++
        return out.send(from, { type: 'view-reply', view: this.#reachable(isBroken(this.#settings, 'tells-unacked-views') ? this.#current : this.#acked), toIncarnation: 0 })
      case 'query':
        this.#queries++
        return out.send(from, {
          type: 'query-reply', current: this.#reachable(this.#current), acked: this.#reachable(this.#acked), historyLost: this.#historyLost,
          pings: this.#pings, getViews: this.#getViews, queries: this.#queries,
        })
      // Nothing else is meant for a view server; it ignores other kinds.
      default: return
    }
  }

  #handlePing(from: NodeName, ping: Ping, out: EffectSink): void {
    this.#pings++
    const record = this.#recordPing(from, ping, out)
    if (!record) return
    if (ping.viewnum > this.#current.viewnum && !this.#historyLost) {
      // A view that we never made: we restarted and our history is lost. Making views now could promote an empty server.
      this.#historyLost = true
      out.report({ type: 'note', text: `${from} is in view ${ping.viewnum}, which this view server never made: its history is lost, it forms no view` })
    }
    this.#takeAck(record, ping, out)
    const before = this.#current
    this.#evaluate(out)
    // On a change all servers concerned were sent the view already, this one included if it is one of them.
    if (this.#current === before || !concerned(from, before, this.#current)) this.#tellServer(record, out)
    this.#reportStuck(out)
  }

  /** Finds or makes the sender's record. For an earlier incarnation it answers `superseded` and returns undefined. */
  #recordPing(from: NodeName, ping: Ping, out: EffectSink): ServerRecord | undefined {
    const known = this.#servers.find((server) => server.member.name === from)
    const incarnation = ping.incarnation !== 0 ? ping.incarnation : countedIncarnation(known, ping)
    // Two processes with the same incarnation differ by address: the first to ping keeps it.
    const isAnother = ping.incarnation !== 0 && incarnation === known?.member.incarnation && ping.address !== known.member.address
    if (known && (isAnother || (incarnation < known.member.incarnation && !isBroken(this.#settings, 'takes-old-pings')))) {
      if (isBroken(this.#settings, 'old-ping-keeps-alive')) {
        known.pingedSinceCheck = true
        known.missed = 0
      }
      out.send(from, { type: 'superseded', toIncarnation: ping.incarnation, incarnation: known.member.incarnation })
      return undefined
    }
    if (known && incarnation <= known.member.incarnation) {
      if (known.missed >= this.#settings.deadPings) out.report({ type: 'ping-resumed', server: from })
      known.viewnum = ping.viewnum
      known.pingedSinceCheck = true
      known.missed = 0
      return known
    }
    const record: ServerRecord = {
      member: { name: from, incarnation, address: ping.address },
      counted: ping.incarnation === 0, viewnum: ping.viewnum, pingedSinceCheck: true, missed: 0,
    }
    if (known) this.#servers = this.#servers.filter((server) => server !== known)
    this.#servers.push(record)
    return record
  }

  /** The primary's first ping with the current viewnum is the ack. It must come from the incarnation that the view names. */
  #takeAck(record: ServerRecord, ping: Ping, out: EffectSink): void {
    const { primary, viewnum, backups } = this.#current
    const isAck = primary !== null && ping.viewnum === viewnum && this.#isSame(record.member, primary)
    if (!primary || this.#isAcked() || (!isAck && !isBroken(this.#settings, 'any-ping-acks'))) return
    // A primary that sends no incarnations has initialised the backups that the view names.
    const listed = record.counted || isBroken(this.#settings, 'ack-forgets-new-lives') ? backups : ping.initialised
    for (const { name, incarnation } of listed) this.#initialised.set(name, incarnation)
    this.#acked = this.#current
    out.report({ type: 'view-acked', view: this.#current })
  }

  #isAcked(): boolean {
    return this.#acked === this.#current
  }

  #onPingCheck(out: EffectSink): void {
    for (const server of this.#servers) {
      if (server.pingedSinceCheck) server.missed = 0
      else if (server.missed < this.#settings.deadPings) {
        server.missed++
        // Pings and checks with the same interval drift, so a healthy server can miss one check. A single miss means nothing.
        if (server.missed >= Math.min(2, this.#settings.deadPings)) {
          out.report({ type: 'ping-missed', server: server.member.name, missed: server.missed })
        }
      }
      server.pingedSinceCheck = false
    }
    if (this.#listenChecks > 0) this.#listenChecks--
    this.#evaluate(out)
    this.#reportStuck(out)
    out.setTimer(pingCheckTimer, this.#settings.pingCheckIntervalMs)
  }

  /** Changes the view if it must change. Rule 6: not before the primary of the current view has acked it. */
  #evaluate(out: EffectSink): void {
    if (this.#historyLost || this.#listenChecks > 0) return
    if (this.#current.viewnum === 0) return this.#formFirstView(out)
    if (!this.#isAcked() && !isBroken(this.#settings, 'view-without-ack')) return
    const primary = this.#current.primary as Member
    const backups = this.#current.backups.map((backup) => this.#asInitialised(backup))
    const liveBackups = backups.filter((backup) => this.#isLive(backup))
    const primaryIsLive = this.#isLive(primary)
    // Rule 2: only a backup of this view may become primary. Without one there is no new view, and a dead primary gets no new backups.
    const nextPrimary = primaryIsLive ? primary : this.#successor(liveBackups) ?? (isBroken(this.#settings, 'promotes-idle') ? this.#liveIdle() : undefined)
    if (!nextPrimary) return
    const staying = liveBackups.filter((backup) => backup !== nextPrimary)
    const joining = this.#recruits([nextPrimary, ...staying])
    if (primaryIsLive && staying.length === backups.length && joining.length === 0) return
    const left = [primary, ...backups]
      .filter((member) => !this.#isLive(member))
      .map((member) => ({ server: member.name, because: this.#whyNotLive(member) }))
    this.#change({ viewnum: this.#current.viewnum + 1, primary: nextPrimary, backups: [...staying, ...joining] }, {
      type: 'change', left, promoted: primaryIsLive ? '' : nextPrimary.name, joined: joining.map((member) => member.name),
    }, out)
  }

  /** The first live backup, unless a mutant takes the second. */
  #successor(liveBackups: readonly Member[]): Member | undefined {
    return (isBroken(this.#settings, 'promotes-second-backup') ? liveBackups[1] : undefined) ?? liveBackups[0]
  }

  #formFirstView(out: EffectSink): void {
    const first = this.#servers.find((server) => !this.#missedTooMany(server))
    if (first) this.#change({ viewnum: 1, primary: first.member, backups: [] }, { type: 'first-server', server: first.member.name }, out)
  }

  /** Used only by the mutant that breaks rule 2. */
  #liveIdle(): Member | undefined {
    return this.#servers.find((server) => !this.#missedTooMany(server))?.member
  }

  /** Idle live servers in joining order, as many as backups are wanted. */
  #recruits(members: readonly Member[]): Member[] {
    const wanted = this.#settings.backupsWanted - (members.length - 1)
    if (wanted <= 0) return []
    return this.#servers
      .filter((server) => !this.#missedTooMany(server) && !members.some((member) => member.name === server.member.name))
      .slice(0, wanted)
      .map((server) => server.member)
  }

  #change(view: View, cause: ViewCause, out: EffectSink): void {
    const before = this.#current
    this.#current = view
    if (!isBroken(this.#settings, 'keeps-ack-list')) this.#initialised = new Map()
    out.report({ type: 'view-changed', view, cause })
    const told = this.#servers.filter((server) => concerned(server.member.name, before, view))
    // A promoted server is sent the view last: its transfers follow at once, and a backup without the view would refuse them until a retry.
    const promoted = view.primary?.name === before.primary?.name ? undefined : told.find((server) => server.member.name === view.primary?.name)
    for (const server of told) if (server !== promoted) this.#tellServer(server, out)
    if (promoted) this.#tellServer(promoted, out)
  }

  #tellServer(server: ServerRecord, out: EffectSink): void {
    out.send(server.member.name, { type: 'view-reply', view: this.#reachable(this.#current), toIncarnation: server.counted ? 0 : server.member.incarnation })
  }

  /** The same view with the latest address of each backup: a backup that restarted elsewhere before the ack must be initialised there. */
  #reachable(view: View): View {
    const hasMoved = view.backups.some(({ name, address }) => (this.#recordOf(name)?.member.address ?? address) !== address)
    if (!hasMoved) return view
    return { ...view, backups: view.backups.map((backup) => ({ ...backup, address: this.#recordOf(backup.name)?.member.address ?? backup.address })) }
  }

  /** A backup that restarted before the ack may have been initialised in its new incarnation, which is then the member. */
  #asInitialised(backup: Member): Member {
    const incarnation = this.#initialised.get(backup.name)
    if (incarnation === undefined || incarnation === backup.incarnation) return backup
    const record = this.#recordOf(backup.name)
    return { name: backup.name, incarnation, address: record?.member.address ?? backup.address }
  }

  /** A member of an acked view is live if its latest incarnation is the one in the view and it pings. */
  #isLive(member: Member): boolean {
    const record = this.#recordOf(member.name)
    return record !== undefined && this.#isSame(record.member, member) && !this.#missedTooMany(record)
  }

  /** The same incarnation, because a restart empties the memory. */
  #isSame(one: Member, other: Member): boolean {
    return sameMember(one, other) || (one.name === other.name && isBroken(this.#settings, 'restart-unnoticed'))
  }

  #whyNotLive(member: Member): 'missed-pings' | 'restarted' | 'not-initialised' {
    const record = this.#recordOf(member.name)
    if (record && record.member.incarnation > member.incarnation) return 'restarted'
    return record && record.member.incarnation < member.incarnation ? 'not-initialised' : 'missed-pings'
  }

  #missedTooMany(server: ServerRecord): boolean {
    return server.missed >= this.#settings.deadPings
  }

  #recordOf(name: NodeName): ServerRecord | undefined {
    return this.#servers.find((server) => server.member.name === name)
  }

  #reportStuck(out: EffectSink): void {
    const stuck = this.#whyStuck()
    if (JSON.stringify(stuck) === JSON.stringify(this.#stuck)) return
    this.#stuck = stuck
    out.report({ type: 'stuck', stuck })
  }

  /** Why the cluster cannot make progress; null while it serves or may still make progress by itself. */
  #whyStuck(): Stuck | null {
    if (this.#historyLost) return { type: 'history-lost' }
    const { primary, backups } = this.#current
    if (!primary) return null
    const primaryIsLive = this.#isLive(primary)
    const restarted = this.#whyNotLive(primary) === 'restarted'
    if (this.#isAcked()) return primaryIsLive ? null : { type: 'no-live-backup', primary: primary.name, restarted }
    if (!primaryIsLive) return { type: 'ack-of-dead-primary', primary: primary.name, restarted }
    // A silent backup cannot ack its transfer; one that restarted can still be initialised in its new incarnation.
    const silent = backups.find((backup) => {
      const record = this.#recordOf(backup.name)
      return !record || this.#missedTooMany(record)
    })
    return silent ? { type: 'ack-waits-for-dead-backup', primary: primary.name, backup: silent.name } : null
  }

  essence(): Essence {
    return {
      kind: 'view-server', servers: this.#servers.map(({ member, counted, viewnum, missed }) => [member, counted, viewnum, missed]), current: this.#current, acked: this.#acked, isAcked: this.#isAcked(), initialised: [...this.#initialised],
      listenChecks: this.#listenChecks, historyLost: this.#historyLost,
    }
  }

  incidental(): readonly unknown[] {
    return this.#servers.map(({ pingedSinceCheck }) => pingedSinceCheck)
  }

  inspect(): ViewServerState {
    return {
      kind: 'view-server',
      current: this.#current,
      acked: this.#acked,
      isAcked: this.#isAcked(),
      listening: this.#listenChecks > 0,
      historyLost: this.#historyLost,
      servers: this.#servers.map((server) => ({
        name: server.member.name, incarnation: server.member.incarnation, viewnum: server.viewnum,
        missed: server.missed, dead: this.#missedTooMany(server),
      })),
      stuck: this.#stuck,
    }
  }
}

/** A server that sends no incarnation has restarted if it pings viewnum 0 after another viewnum. */
function countedIncarnation(known: ServerRecord | undefined, ping: Ping): number {
  if (!known) return 1
  const restarted = ping.viewnum === 0 && known.viewnum > 0
  return restarted ? known.member.incarnation + 1 : known.member.incarnation
}

/** True for a server named in the old or the new view. */
function concerned(name: NodeName, before: View, after: View): boolean {
  return [before, after].some((view) => view.primary?.name === name || view.backups.some((backup) => backup.name === name))
}
