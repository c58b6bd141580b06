// Right view: the view server's decisions follow from the pings that it took and its ping checks alone. Dead servers leave, the first live
// backup replaces a dead primary, idle servers join in the order of their first ping (docs/protocol.md, "View server").
// Written from those sentences and not from the view server's code: it must never ask src/protocol what to expect.
import type { Message, Settings } from '../../protocol'
import type { EventOf, Recorded, TraceEvent } from '../../trace'
import { evidenceOf, type Violation, type LooksAt, type Monitor } from './violation'
import type { RunFacts } from './facts'

interface Life {
  readonly name: string
  readonly incarnation: number
}

interface Known extends Life {
  viewnum: number
  hasPinged: boolean
  /** Consecutive checks without a ping. */
  missed: number
}

interface DecidedView {
  readonly viewnum: number
  readonly primary: Life | null
  readonly backups: readonly Life[]
}

const noView: DecidedView = { viewnum: 0, primary: null, backups: [] }

type Ping = Extract<Recorded<Message>, { type: 'ping' }>

export class RightView implements Monitor {
  readonly rule = 'right-view'
  readonly looksAt: LooksAt = { events: ['node-started', 'timer-fired', 'view-changed'], taken: ['ping', 'get-view', 'query'] }
  held = 0
  limit = ''
  readonly #settings: Settings
  /** In the order of each incarnation's first ping. */
  #servers: Known[] = []
  #view = noView
  #isAcked = false
  #initialised = new Map<string, number>()
  /** How many more checks a restarted view server only listens for. */
  #listens = 0
  #isHistoryLost = false
  /** The view that the current step must make, and the event that requires it; null: none. */
  #due: { readonly view: DecidedView; readonly seq: number } | null = null
  #isToldMissing = false

  constructor(settings: Settings) {
    this.#settings = settings
  }

  look(event: TraceEvent, facts: RunFacts): Violation | null {
    // When a program checks for pings no message says.
    if (this.limit !== '' || facts.isProgram(facts.viewServer)) return null
    switch (event.type) {
      case 'node-started': return event.kind === 'view-server' ? this.#started() : null
      case 'message-taken': return event.node === facts.viewServer ? this.#next(() => this.#taken(event, facts)) : null
      case 'timer-fired': return event.node === facts.viewServer ? this.#next(() => this.#check(event.seq)) : null
      case 'view-changed': return this.#changed(event)
      default: return null
    }
  }

  #started(): null {
    this.#servers = []
    this.#view = noView
    this.#isAcked = false
    this.#initialised = new Map()
    this.#listens = this.#settings.newCluster ? 0 : this.#settings.deadPings
    this.#isHistoryLost = false
    this.#due = null
    this.#isToldMissing = false
    return null
  }

  /** The previous step is over: a view that it had to make and did not is missing. */
  #next(step: () => void): Violation | null {
    const due = this.#due
    this.#due = null
    step()
    if (due === null || this.#isToldMissing) return null
    this.#isToldMissing = true
    return { rule: this.rule, seq: due.seq, evidence: [due.seq], text: `The view server made no view ${due.view.viewnum}, and by the pings there had to be one: ${viewText(due.view)}.` }
  }

  #taken({ id, seq }: EventOf<'message-taken'>, facts: RunFacts): void {
    const sent = facts.sentOf(id)
    if (sent === undefined) this.limit = `what the view server took in event #${seq} is not known`
    else if (sent.message.type === 'ping') this.#ping(sent.from, sent.message, seq)
  }

  #ping(from: string, ping: Ping, seq: number): void {
    const before = this.#servers.find(({ name }) => name === from)
    const incarnation = incarnationOf(ping, before)
    if (before && incarnation < before.incarnation) return
    let server = before
    if (server?.incarnation !== incarnation) {
      server = { name: from, incarnation, viewnum: 0, hasPinged: true, missed: 0 }
      this.#servers = [...this.#servers.filter((other) => other !== before), server]
    }
    server.viewnum = ping.viewnum
    server.hasPinged = true
    server.missed = 0
    if (ping.viewnum > this.#view.viewnum) this.#isHistoryLost = true
    this.#ack(server, ping)
    this.#decide(seq)
  }

  #ack(server: Known, { viewnum, incarnation, initialised }: Ping): void {
    const { primary, backups } = this.#view
    if (this.#isAcked || primary === null || viewnum !== this.#view.viewnum || !isSame(server, primary)) return
    this.#isAcked = true
    // A caller that reports no incarnations has initialised all backups of the view.
    for (const life of incarnation === 0 ? backups : initialised) this.#initialised.set(life.name, life.incarnation)
  }

  #check(seq: number): void {
    for (const server of this.#servers) {
      server.missed = server.hasPinged ? 0 : Math.min(server.missed + 1, this.#settings.deadPings)
      server.hasPinged = false
    }
    if (this.#listens > 0) this.#listens--
    this.#decide(seq)
  }

  #decide(seq: number): void {
    const view = this.#isHistoryLost || this.#listens > 0 ? null : this.#view.viewnum === 0 ? this.#firstView() : this.#nextView()
    this.#due = view && { view, seq }
  }

  #firstView(): DecidedView | null {
    const first = this.#servers.find((server) => this.#pings(server))
    return first ? { viewnum: 1, primary: first, backups: [] } : null
  }

  #nextView(): DecidedView | null {
    const { primary } = this.#view
    if (!this.#isAcked || primary === null) return null
    const backups = this.#view.backups.map(({ name, incarnation }) => ({ name, incarnation: this.#initialised.get(name) ?? incarnation }))
    const live = backups.filter((backup) => this.#isLive(backup))
    const next = this.#isLive(primary) ? primary : live[0]
    if (next === undefined) return null
    const staying = live.filter((backup) => backup !== next)
    const members = [next, ...staying].map(({ name }) => name)
    const room = Math.max(0, this.#settings.backupsWanted - staying.length)
    const joining = this.#servers.filter((server) => this.#pings(server) && !members.includes(server.name)).slice(0, room)
    if (next === primary && staying.length === backups.length && joining.length === 0) return null
    return { viewnum: this.#view.viewnum + 1, primary: next, backups: [...staying, ...joining] }
  }

  #pings({ missed }: Known): boolean {
    return missed < this.#settings.deadPings
  }

  /** True if this is its latest incarnation and it pings. */
  #isLive(life: Life): boolean {
    return this.#servers.some((server) => isSame(server, life) && this.#pings(server))
  }

  #changed({ view, seq }: EventOf<'view-changed'>): Violation | null {
    const due = this.#due
    const before = this.#view
    this.#due = null
    this.#isToldMissing = false
    this.#view = view
    this.#isAcked = false
    this.#initialised = new Map()
    if (due !== null && viewText(due.view) === viewText(view) && due.view.viewnum === view.viewnum) {
      this.held++
      return null
    }
    const had = due !== null ? `it had to be ${viewText(due.view)}`
      : before.viewnum === 0 && this.#listens > 0 ? 'a view server that has started again has to listen first'
      : 'there had to be no other than the one before'
    return { rule: this.rule, seq, evidence: evidenceOf(due?.seq, seq), text: `View ${view.viewnum} is ${viewText(view)}, and by the pings ${had}.` }
  }
}

/** For a caller that reports none, incarnations are counted: it restarted if it pings 0 after another viewnum. */
function incarnationOf({ incarnation, viewnum }: Ping, before: Known | undefined): number {
  if (incarnation !== 0) return incarnation
  if (before === undefined) return 1
  return before.incarnation + (viewnum === 0 && before.viewnum > 0 ? 1 : 0)
}

function isSame(one: Life, other: Life): boolean {
  return one.name === other.name && one.incarnation === other.incarnation
}

/** "s2 (its life 3) with s1, s4": an incarnation is named unless it is the first. */
function viewText({ primary, backups }: Pick<DecidedView, 'primary' | 'backups'>): string {
  const text = ({ name, incarnation }: Life): string => incarnation === 1 ? name : `${name} (its life ${incarnation})`
  const alone = primary === null ? 'nobody' : text(primary)
  return backups.length === 0 ? `${alone} alone` : `${alone} with ${backups.map(text).join(', ')}`
}
