// Mermaid's diagrams as Mermaid's own parser reads them, and PlantUML's lines by their grammar; what is folded or cut is reported.
import mermaidLibrary from 'mermaid'
import { describe, expect, it } from 'vitest'
import { failoverRecording, hostileTexts, randomRecording, type SampleRecording } from '../sim/testing/random-recording'
import { type TraceEvent, visible } from '../trace'
import { exportPieces, type ExportRange } from './exporter'
import { mermaid, mermaidText } from './mermaid'
import { plantuml, plantumlText } from './plantuml'
import { diagramCharactersMax } from './sequence'

const sample = failoverRecording()

function textOf(exporter: typeof mermaid, { header, events }: SampleRecording, range?: ExportRange, note = ''): string {
  return [...exportPieces(exporter, header, events, range, note)].join('')
}

interface ReadDiagram {
  readonly actors: readonly string[]
  /** The texts that a reader sees: Mermaid's placeholders for numeric escapes are decoded. */
  readonly texts: readonly string[]
}

async function readMermaid(text: string): Promise<ReadDiagram> {
  const diagram = await mermaidLibrary.mermaidAPI.getDiagramFromText(text)
  const db = diagram.db as unknown as { getMessages(): { message?: unknown }[]; getActors(): Map<string, { description: string }> }
  return {
    actors: [...db.getActors().values()].map(({ description }) => decoded(description)),
    texts: db.getMessages().flatMap(({ message }) => typeof message === 'string' ? [decoded(message)] : []),
  }
}

/** Between parsing and drawing Mermaid keeps `#35;` as `ﬂ°°35¶ß`. */
function decoded(text: string): string {
  return text.replaceAll(/ﬂ°°(\d+)¶ß/g, (_, code: string) => String.fromCharCode(Number(code)))
}

describe('the Mermaid diagram', { timeout: 300_000 }, () => {
  it('of a failover under faults is read by Mermaid, with every participant and row', async () => {
    const text = textOf(mermaid, sample)
    expect(await mermaidLibrary.parse(text)).toMatchObject({ diagramType: 'sequence' })
    const { actors, texts } = await readMermaid(text)
    expect(actors).toEqual(sample.header.nodes.map(({ name }) => name))
    for (const part of [
      'killed: SIGKILL', 'view changed: view 3: s2 primary, s3 backup', 'paused: SIGSTOP', 'resumed: SIGCONT', 'lost: some are lost', 'lost: s1 is dead',
      '(copy, doubled; # "end")', 'is held by hold forwards', 'late ', 'Still in flight: forward', 'Folded: ', 'rule 1 broken', 'frozen: by hand',
    ]) {
      expect(texts.some((row) => row.includes(part)), part).toBe(true)
    }
  })

  it('of 6 random recordings, and of their middles, are read by Mermaid and keep its limit', async () => {
    for (let seed = 1; seed <= 6; seed++) {
      const recording = randomRecording(String(seed))
      for (const range of [{ from: 1, to: 1e9 }, { from: 300 + seed, to: 900 }]) {
        const text = textOf(mermaid, recording, range)
        expect(text.length).toBeLessThanOrEqual(diagramCharactersMax)
        await readMermaid(text)
      }
    }
  })

  it('hostile text is text', async () => {
    const texts = [...hostileTexts, 'END', 'a end b', 'style x:#1;', 'nowrap: y', 'activate p0', 'p0->>p1: forged', '%% comment', '"', '#35;', '<br/>', 'classDef a:b#c;']
    const rows = texts.map((text) => `  Note over p0: ${mermaidText(text)}\n  p0->>p1: ${mermaidText(text)}\n`).join('')
    const { texts: read } = await readMermaid(`sequenceDiagram\n  participant p0 as ${mermaidText('end; # "x"')}\n  participant p1\n${rows}`)
    expect(read.map((text) => text.trim())).toEqual(texts.flatMap((text) => [visible(text).trim(), visible(text).trim()]))
  })

  it('bidirectional marks and line ends are written out', () => {
    expect(mermaidText('a\u202eb\nc')).toBe('a#92;u202eb#92;nc')
    expect(plantumlText('a\u202eb\nc')).toBe('a<U+005C>u202eb<U+005C>nc')
  })
})

describe('what a diagram leaves out', { timeout: 300_000 }, () => {
  const long = { header: sample.header, events: repeated(sample.events, 3) }

  for (const exporter of [mermaid, plantuml]) {
    it(`${exporter.title}: cut at the limit, with how many are left out and where to go on`, () => {
      const text = textOf(exporter, long)
      expect(text.length).toBeLessThanOrEqual(diagramCharactersMax)
      expect(text.length).toBeGreaterThan(diagramCharactersMax - 5_000)
      const writer = exporter.begin(long.header)
      for (const event of long.events) writer.take(event)
      expect([...writer.end()].join('')).not.toBe('')
      const cut = /: ([\d ]+) arrows and notes from event (\d+) to event (\d+) are left out\. Choose a range that begins there/.exec(writer.notes[0] ?? '')
      expect(Number(cut?.[3])).toBe(long.events.length)
      // A diagram of the rest has exactly the rows that were left out: its first event also writes the head.
      const rest = exporter.begin(long.header, { from: Number(cut?.[2]), to: 1e9 })
      const rows = long.events.map((event) => rest.take(event)).filter((row) => row !== '')
      expect(rows.length).toBe(Number(cut?.[1]?.replaceAll(' ', '')))
    })
  }

  it('pings that say nothing new are counted; one that acks a view is drawn', () => {
    const text = textOf(mermaid, sample)
    expect(text).toContain('ping view 2')
    const pings = sample.events.filter((event) => event.type === 'message-sent' && event.message.type === 'ping').length
    const drawn = text.split('\n').filter((line) => /p\d-[->x]+p0: ping /.test(line)).length
    const folded = Number(/Folded: (\d+) ping/.exec(text)?.[1])
    expect(drawn).toBeLessThan(pings / 3)
    expect(folded).toBeGreaterThan(pings / 2)
  })

  it('a recording that was torn says so', () => {
    expect(textOf(mermaid, sample, undefined, 'The last line was cut off.')).toContain('The last line was cut off.')
  })

  it('a range tells the state at its begin', () => {
    expect(textOf(mermaid, sample, { from: 900, to: 950 })).toMatch(/From event 900, at 1\.00\d s\. view 2: s1 primary, s2 backup, acked\. s1 is dead\./)
  })
})

describe('the PlantUML diagram', { timeout: 300_000 }, () => {
  it('is made of its lines alone', () => {
    const line = /^(?:p\d+ (?:->|-->|->x) p\d+ : |note (?:across|over p\d+) : )(.+)$/
    for (const recording of [sample, randomRecording('1'), randomRecording('2')]) {
      const lines = textOf(plantuml, recording).trimEnd().split('\n')
      expect([lines[0], lines[1]?.[0], lines[2], lines.at(-1)]).toEqual(['@startuml', '\'', 'autonumber', '@enduml'])
      for (const row of lines.slice(3, -1)) {
        if (/^participant "[a-z0-9]+" as p\d+$/.test(row)) continue
        const text = line.exec(row)?.[1]
        expect(text, row).toBeDefined()
        expect(text?.replaceAll(/<U\+[0-9A-F]{4,5}>/g, ''), row).toMatch(/^[\p{L}\p{N} .,:;()+→…-]*$/u)
      }
    }
  })

  it('that a PNG would cut says so in its head, near where the PNG ends, and to who asked for it', () => {
    const exported = (recording: SampleRecording, range?: ExportRange): { lines: string[]; notes: readonly string[] } => {
      const writer = plantuml.begin(recording.header, range)
      const text = recording.events.map((event) => writer.take(event)).join('') + [...writer.end()].join('')
      return { lines: text.split('\n'), notes: writer.notes }
    }
    const long = exported(randomRecording('7', 60))
    expect(long.lines[1]).toMatch(/^' As SVG this is whole: plantuml -tsvg FILE\. A PNG of PlantUML ends at 4096 pixels/)
    // Measured on PlantUML 1.2020.2's picture: an arrow takes 29 pixels, a note 39, and the frame 100.
    let height = 100
    let saidAt = 0
    for (const line of long.lines) {
      if (line.startsWith('note across : A PNG of PlantUML ends at')) saidAt = height
      height += / (?:->|-->|->x) p\d+ : /.test(line) ? 29 : line.startsWith('note ') ? 39 : 0
    }
    expect(saidAt).toBeGreaterThan(3500)
    expect(saidAt).toBeLessThan(4000)
    expect(long.lines.filter((line) => line.includes('A PNG of PlantUML ends at')).length).toBe(2)
    const said = /it is about [\d ]+ by ([\d ]+) pixels\. A PNG of PlantUML ends at 4 096 and shows about (\d+) %/.exec(long.notes.at(-1)?.replaceAll('\u2009', ' ') ?? '')
    expect(Math.abs(Number(said?.[1]?.replaceAll(' ', '')) - height)).toBeLessThan(60)
    expect(Math.abs(Number(said?.[2]) - 4096 / height * 100)).toBeLessThan(4)
    const short = exported(sample, { from: 600, to: 640 })
    expect(short.lines.some((line) => line.startsWith('note across : A PNG'))).toBe(false)
    expect(short.notes.join('')).not.toContain('PNG')
  })

  it('that is too wide for a PNG says that', () => {
    const nodes = Array.from({ length: 40 }, (_, index) => ({ name: `s${index + 1}`, kind: 'replica' as const }))
    const message = { type: 'forward', viewnum: 1, from: 1, to: 1, seq: 1, clientId: 'c1.1', requestId: 1, operation: { type: 'put', key: 'k'.repeat(60), value: 'v'.repeat(60) } } as never
    const events = nodes.slice(1).flatMap(({ name }, index): TraceEvent[] => [
      { seq: 2 * index + 1, at: 0, wall: 0, type: 'message-sent', id: `s1.1.${index}.0`, from: nodes[index]?.name ?? '', to: name, message },
      { seq: 2 * index + 2, at: 0, wall: 0, type: 'message-taken', id: `s1.1.${index}.0`, node: name, incarnation: 1, step: 1 },
    ])
    const writer = plantuml.begin({ ...sample.header, nodes })
    for (const event of events) writer.take(event)
    expect([...writer.end()].length).toBeGreaterThan(0)
    expect(writer.notes.at(-1)).toContain('and cuts its right side')
  })

  it('numbered characters read back as the text', () => {
    for (const text of hostileTexts) {
      const back = plantumlText(text).replaceAll(/<U\+([0-9A-F]+)>/g, (_, code: string) => String.fromCodePoint(Number.parseInt(code, 16)))
      expect(back.trim()).toBe(visible(text).trim())
    }
  })
})

/** A recording several times in a row, with continuing numbers, times and ids. */
function repeated(events: readonly TraceEvent[], times: number): TraceEvent[] {
  const length = events.length
  const duration = (events.at(-1)?.at ?? 0) + 1000
  return Array.from({ length: times }, (_, time) => events.map((event): TraceEvent => {
    const moved = { ...event, seq: event.seq + time * length, at: event.at + time * duration, wall: event.wall + time * duration }
    if ('id' in moved) moved.id = `${time}x${moved.id}`
    if (moved.type === 'message-duplicated') return { ...moved, of: `${time}x${moved.of}` }
    return moved
  })).flat()
}
