// A log for ShiViz: every event of a node with its vector clock, from which ShiViz infers the arrows. Its rules (docs/exports.md): an event's
// clock contains its own host, and a host's own value starts at 1 and rises by one. A clock must never know an event that is not in the log.
// So a message taken in the range but sent outside it merges nothing, and says so.
import { counted, eventLine, messageIdParts, type EventOf, type TraceEvent, visible } from '../trace'
import { createWriter, wholeRecording, type Exporter, type Format, type Scene } from './exporter'
import { secondsText } from './wording'

export const shiviz: Exporter = {
  title: 'ShiViz log',
  about: 'A space-time diagram by vector clocks, to be searched and compared in ShiViz, which is slow beyond some thousand entries: choose a range.',
  extension: '.log',
  mimeType: 'text/plain',
  begin: (header, range = wholeRecording) => createWriter(header, range, (scene) => new ShivizFormat(scene)),
}

/** The first line of the file: how ShiViz parses each event. ShiViz defines `event`, `host` and `clock`; the other fields can be searched. */
export const shivizParser = '(?<host>\\S+) (?<clock>{.*})\\n(?<kind>\\S+) seq=(?<seq>\\d+) at=(?<at>[\\d.]+) life=(?<life>\\d+) (?<event>.*)'

/** ShiViz has no limit, but it draws everything at once, and a browser takes seconds for this many. */
const slowEntries = 5_000

type Clock = ReadonlyMap<string, number>

class ShivizFormat implements Format {
  readonly notes: string[] = []
  readonly #scene: Scene
  /** One host for each node; a restarted node continues its host's clock. */
  readonly #hosts = new Map<string, string>()
  readonly #hostNames = new Set<string>()
  readonly #clocks = new Map<string, Map<string, number>>()
  /** The clock of each sending in the range. Weak, so that an entry goes when the message book evicts its message. */
  readonly #sendings = new WeakMap<EventOf<'message-sent'>, Clock>()
  readonly #labHost: string
  #entries = 0

  constructor(scene: Scene) {
    this.#scene = scene
    for (const { name } of scene.header.nodes) this.#hostOf(name)
    this.#labHost = this.#newName('lab')
  }

  get told(): string {
    return counted(this.#entries, 'log entry', 'log entries')
  }

  begin(): string {
    return `${shivizParser}\n\n`
  }

  take(event: TraceEvent): string {
    switch (event.type) {
      case 'message-sent': {
        const text = this.#entry(this.#hostOf(event.from), event, lifeOf(event.id))
        this.#sendings.set(event, new Map(this.#clockOf(this.#hostOf(event.from))))
        return text
      }
      case 'message-taken': return this.#taken(event)
      // Neither is an event of a node: handing over is not taking, and timers stop in a frozen cluster.
      case 'message-handed':
      case 'timers-stopped': return ''
      default: {
        const isOfNode = 'incarnation' in event
        return this.#entry(isOfNode ? this.#hostOf(event.node) : this.#labHost, event, isOfNode ? event.incarnation : 0)
      }
    }
  }

  *end(note: string): Generator<string> {
    if (this.#entries > slowEntries) this.notes.push(`ShiViz becomes slow with more than some thousand entries; choose a shorter range to look around in it.`)
    if (note === '') return
    yield this.#write(this.#labHost, { kind: 'note', seq: this.#scene.state.seq, at: this.#scene.state.at, life: 0, text: note })
  }

  #taken(event: EventOf<'message-taken'>): string {
    const host = this.#hostOf(event.node)
    const sent = this.#scene.messages.find(event.id)?.sent
    const sending = sent && this.#sendings.get(sent)
    if (sending) this.#merge(host, sending)
    return this.#entry(host, event, event.incarnation, sending ? '' : sent ? ' (its sending is not in this log)' : ' (its sending is not known any more)')
  }

  #merge(host: string, other: Clock): void {
    const clock = this.#clockOf(host)
    for (const [name, value] of other) if (name !== host && value > (clock.get(name) ?? 0)) clock.set(name, value)
  }

  #entry(host: string, event: TraceEvent, life: number, more = ''): string {
    const { kind, text } = eventLine(event, this.#scene.messages.sentOf)
    return this.#write(host, { kind: kind.replaceAll(/\s+/g, '-'), seq: event.seq, at: event.at, life, text: `${kind} ${text}${more}` })
  }

  #write(host: string, { kind, seq, at, life, text }: { kind: string; seq: number; at: number; life: number; text: string }): string {
    const clock = this.#clockOf(host)
    this.#entries++
    clock.set(host, (clock.get(host) ?? 0) + 1)
    const others = [...clock].filter(([name]) => name !== host).map(([name, value]) => `,${JSON.stringify(name)}:${value}`)
    return `${host} {${JSON.stringify(host)}:${clock.get(host)}${others.join('')}}\n${visible(kind)} seq=${seq} at=${secondsText(at)} life=${life} ${visible(text)}\n`
  }

  #clockOf(host: string): Map<string, number> {
    const found = this.#clocks.get(host)
    if (found) return found
    const made = new Map<string, number>()
    this.#clocks.set(host, made)
    return made
  }

  #hostOf(node: string): string {
    const found = this.#hosts.get(node)
    if (found !== undefined) return found
    const made = this.#newName(node)
    this.#hosts.set(node, made)
    return made
  }

  /** ShiViz ends a host's name at the next space, so a name has none; names that become equal are numbered. */
  #newName(wanted: string): string {
    const plain = visible(wanted).replaceAll(/[\s"\\{}]/g, '_') || '_'
    let name = plain
    for (let number = 2; this.#hostNames.has(name); number++) name = `${plain}_${number}`
    this.#hostNames.add(name)
    return name
  }
}

/** The sender's incarnation, from the message's id. */
function lifeOf(id: string): number {
  const { incarnation } = messageIdParts(id)
  return Number.isSafeInteger(incarnation) ? incarnation : 0
}
