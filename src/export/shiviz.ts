// A log for ShiViz: every event of a node with its vector clock, from which ShiViz infers the arrows. Its rules (docs/exports.md) are
// strict: the event's own host is in its clock, a host's own value starts at 1 and rises by one, and no clock knows an event that is
// not in the log. So a message taken in the range whose sending is outside merges nothing, and says so.
import { eventLine, messageIdParts, type EventOf, type TraceEvent, visible } from '../trace'
import { createWriter, wholeRecording, type Exporter, type Format, type Scene } from './exporter'
import { secondsText } from './wording'

export const shiviz: Exporter = {
  title: 'ShiViz log',
  about: 'A space-time diagram by vector clocks, to be searched and compared in ShiViz.',
  extension: '.log',
  mimeType: 'text/plain',
  begin: (header, range = wholeRecording) => createWriter(header, range, (scene) => new ShivizFormat(scene)),
}

/** The first line of the file: how ShiViz reads each event. `event` and `host` and `clock` are its own names, the others can be searched. */
export const shivizParser = '(?<host>\\S+) (?<clock>{.*})\\n(?<kind>\\S+) seq=(?<seq>\\d+) at=(?<at>[\\d.]+) life=(?<life>\\d+) (?<event>.*)'

type Clock = ReadonlyMap<string, number>

class ShivizFormat implements Format {
  readonly notes: readonly string[] = []
  readonly #scene: Scene
  /** One host for each node; a restarted node goes on with the clock of its host. */
  readonly #hosts = new Map<string, string>()
  readonly #hostNames = new Set<string>()
  readonly #clocks = new Map<string, Map<string, number>>()
  /** The clock of each sending of the range. Weak: it goes when the message book forgets the message. */
  readonly #sendings = new WeakMap<EventOf<'message-sent'>, Clock>()
  readonly #labHost: string

  constructor(scene: Scene) {
    this.#scene = scene
    for (const { name } of scene.header.nodes) this.#hostOf(name)
    this.#labHost = this.#newName('lab')
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
      // Nobody in the cluster sees these two: handing over is not taking, and a clock that stands still is no event of a node.
      case 'message-handed':
      case 'timers-stopped': return ''
      default: {
        const isOfNode = 'incarnation' in event
        return this.#entry(isOfNode ? this.#hostOf(event.node) : this.#labHost, event, isOfNode ? event.incarnation : 0)
      }
    }
  }

  *end(note: string): Generator<string> {
    if (note === '') return
    yield this.#write(this.#labHost, { kind: 'note', seq: this.#scene.state.seq, at: this.#scene.state.at, life: 0, text: note })
  }

  #taken(event: EventOf<'message-taken'>): string {
    const host = this.#hostOf(event.node)
    const sent = this.#scene.messages.find(event.id)?.sent
    const sending = sent && this.#sendings.get(sent)
    if (sending) this.#merge(host, sending)
    return this.#entry(host, event, event.incarnation, sending ? '' : ' (its sending is not in this log)')
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

  /** ShiViz takes a host up to the next space, so a name has none; names that become alike are numbered. */
  #newName(wanted: string): string {
    const plain = visible(wanted).replaceAll(/[\s"\\{}]/g, '_') || '_'
    let name = plain
    for (let number = 2; this.#hostNames.has(name); number++) name = `${plain}_${number}`
    this.#hostNames.add(name)
    return name
  }
}

/** The life of a message's sender is in its id. */
function lifeOf(id: string): number {
  const { incarnation } = messageIdParts(id)
  return Number.isSafeInteger(incarnation) ? incarnation : 0
}
