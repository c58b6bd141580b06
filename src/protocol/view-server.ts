// The view server: hears pings, decides who is primary and who is backup, tells servers and clients.
// It must never change a view that its primary has not acked (rule 6), nor promote a server that was not in the view (rule 2).
// docs/protocol.md, "View server", tells every sentence that is kept here with the bad run that it prevents.
import { noEffects, type EffectSink, type Input, type Machine, type Start, type Stuck, type ViewCause, type ViewServerState } from './machine'
import type { Message, Ping } from './messages'
import { isBroken, type Settings } from './settings'
import { noView, sameMember, type Member, type NodeName, type View } from './view'

const pingCheck = 'ping-check'

/** What the view server knows of a server name: its latest incarnation only. Kept in joining order. */
interface ServerRecord {
  member: Member
  /** True if this caller gives no incarnation itself: it is counted here, by pings of 0 after other pings. */
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
  /** Incarnations that the primary initialised in the current view, by name; they are what its backups are from then on. */
  #initialised = new Map<NodeName, number>()
  /** Checks that a restarted view server still only listens for. */
  #listenChecks: number
  #historyLost = false
  #stuck: Stuck | null = null
  #pings = 0
  #getViews = 0
  #queries = 0

  constructor(settings: Settings, out: EffectSink) {
    this.#settings = settings
    this.#listenChecks = settings.newCluster ? 0 : settings.deadPings
    out.setTimer(pingCheck, settings.pingCheckIntervalMs)
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
      // The verdict of death is missed pings alone; a lost connection proves nothing.
      case 'peer-lost': return
      case 'operation': throw new Error('a view server takes no operations')
    }
  }

  #handleMessage(from: NodeName, message: Message, out: EffectSink): void {
    switch (message.type) {
      case 'ping': return this.#handlePing(from, message, out)
      case 'get-view':
        this.#getViews++
        return out.send(from, { type: 'view-reply', view: this.#acked, toIncarnation: 0 })
      case 'query':
        this.#queries++
        return out.send(from, {
          type: 'query-reply', current: this.#current, acked: this.#acked, historyLost: this.#historyLost,
          pings: this.#pings, getViews: this.#getViews, queries: this.#queries,
        })
      // Nothing else is meant for a view server; a stray message of another kind is no business of the protocol.
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
    // On a change everybody concerned was told already, this caller included if it is one of them.
    if (this.#current === before || !concerned(from, before, this.#current)) this.#tellServer(record, out)
    this.#reportStuck(out)
  }

  /** Finds or makes the caller's record, or answers `superseded` and returns undefined for an earlier life. */
  #recordPing(from: NodeName, ping: Ping, out: EffectSink): ServerRecord | undefined {
    const known = this.#servers.find((server) => server.member.name === from)
    const incarnation = ping.incarnation !== 0 ? ping.incarnation : countedIncarnation(known, ping)
    if (known && incarnation < known.member.incarnation) {
      out.send(from, { type: 'superseded', toIncarnation: ping.incarnation, incarnation: known.member.incarnation })
      return undefined
    }
    if (known && incarnation === known.member.incarnation) {
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

  /** The primary's first ping with the current viewnum is the ack. It must come from the life that the view names. */
  #takeAck(record: ServerRecord, ping: Ping, out: EffectSink): void {
    const { primary, viewnum, backups } = this.#current
    const isAck = primary !== null && ping.viewnum === viewnum && this.#isSame(record.member, primary)
    if (!primary || this.#isAcked() || (!isAck && !isBroken(this.#settings, 'any-ping-acks'))) return
    // A caller that gives no incarnations initialised whom the view names.
    const listed = record.counted ? backups : ping.initialised
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
        // Pings and checks of one interval drift past each other, so that a single miss happens to the healthy and says nothing.
        if (server.missed >= Math.min(2, this.#settings.deadPings)) {
          out.report({ type: 'ping-missed', server: server.member.name, missed: server.missed })
        }
      }
      server.pingedSinceCheck = false
    }
    if (this.#listenChecks > 0) this.#listenChecks--
    this.#evaluate(out)
    this.#reportStuck(out)
    out.setTimer(pingCheck, this.#settings.pingCheckIntervalMs)
  }

  /** Looks whether the view must change. Rule 6: not before the primary of the current view has acked it. */
  #evaluate(out: EffectSink): void {
    if (this.#historyLost || this.#listenChecks > 0) return
    if (this.#current.viewnum === 0) return this.#formFirstView(out)
    if (!this.#isAcked() && !isBroken(this.#settings, 'view-without-ack')) return
    const primary = this.#current.primary as Member
    const backups = this.#current.backups.map((backup) => this.#asInitialised(backup))
    const liveBackups = backups.filter((backup) => this.#isLive(backup))
    const primaryIsLive = this.#isLive(primary)
    // Rule 2: only a backup of this view may follow; without one nobody does, and nobody is recruited by a dead primary.
    const nextPrimary = primaryIsLive ? primary : liveBackups[0] ?? (isBroken(this.#settings, 'promotes-idle') ? this.#liveIdle() : undefined)
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

  #formFirstView(out: EffectSink): void {
    const first = this.#servers.find((server) => !this.#missedTooMany(server))
    if (first) this.#change({ viewnum: 1, primary: first.member, backups: [] }, { type: 'first-server', server: first.member.name }, out)
  }

  /** Only of use where rule 2 is broken on purpose. */
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
    this.#initialised = new Map()
    out.report({ type: 'view-changed', view, cause })
    const told = this.#servers.filter((server) => concerned(server.member.name, before, view))
    // One that is promoted last: its transfers follow at once, and who has not adopted the view by then refuses them until they are sent again.
    const promoted = view.primary?.name === before.primary?.name ? undefined : told.find((server) => server.member.name === view.primary?.name)
    for (const server of told) if (server !== promoted) this.#tellServer(server, out)
    if (promoted) this.#tellServer(promoted, out)
  }

  #tellServer(server: ServerRecord, out: EffectSink): void {
    out.send(server.member.name, { type: 'view-reply', view: this.#current, toIncarnation: server.counted ? 0 : server.member.incarnation })
  }

  /** A backup that restarted before the ack may have been initialised in its new life; then that life is the member. */
  #asInitialised(backup: Member): Member {
    const incarnation = this.#initialised.get(backup.name)
    if (incarnation === undefined || incarnation === backup.incarnation) return backup
    const record = this.#recordOf(backup.name)
    return { name: backup.name, incarnation, address: record?.member.address ?? backup.address }
  }

  /** A member of an acked view is live if its latest life is the one in the view and it pings. */
  #isLive(member: Member): boolean {
    const record = this.#recordOf(member.name)
    return record !== undefined && this.#isSame(record.member, member) && !this.#missedTooMany(record)
  }

  /** The same life, for a restart empties its memory. */
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

  /** Why nothing can change although it should; null while the cluster serves or may still get on by itself. */
  #whyStuck(): Stuck | null {
    if (this.#historyLost) return { type: 'history-lost' }
    const { primary, backups } = this.#current
    if (!primary) return null
    const primaryIsLive = this.#isLive(primary)
    const restarted = this.#whyNotLive(primary) === 'restarted'
    if (this.#isAcked()) return primaryIsLive ? null : { type: 'no-live-backup', primary: primary.name, restarted }
    if (!primaryIsLive) return { type: 'ack-of-dead-primary', primary: primary.name, restarted }
    // A backup that is silent cannot ack its transfer; one that restarted can still be initialised in its new life.
    const silent = backups.find((backup) => {
      const record = this.#recordOf(backup.name)
      return !record || this.#missedTooMany(record)
    })
    return silent ? { type: 'ack-waits-for-dead-backup', primary: primary.name, backup: silent.name } : null
  }

  essence(): unknown {
    return {
      servers: this.#servers, current: this.#current, acked: this.#acked, isAcked: this.#isAcked(), initialised: [...this.#initialised],
      listenChecks: this.#listenChecks, historyLost: this.#historyLost,
    }
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

/** A caller that gives no incarnation restarted if it pings 0 after it had pinged another viewnum. */
function countedIncarnation(known: ServerRecord | undefined, ping: Ping): number {
  if (!known) return 1
  const restarted = ping.viewnum === 0 && known.viewnum > 0
  return restarted ? known.member.incarnation + 1 : known.member.incarnation
}

/** True for a server named in the old or the new view. */
function concerned(name: NodeName, before: View, after: View): boolean {
  return [before, after].some((view) => view.primary?.name === name || view.backups.some((backup) => backup.name === name))
}
