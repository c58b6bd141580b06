// The report as a browser's parser reads it: well formed, without a script, a request or mark-up from the cluster.
import { parse, type DefaultTreeAdapterTypes, type ParserError } from 'parse5'
import { describe, expect, it } from 'vitest'
import { failoverRecording, hostileTexts, randomRecording, type SampleRecording } from '../sim/testing/random-recording'
import type { TraceEvent } from '../trace'
import { exportPieces, type ExportRange } from './exporter'
import { html, listRowsMax } from './html'
import { diagramRowsMax } from './html-diagram'

type Node = DefaultTreeAdapterTypes.Node
type Element = DefaultTreeAdapterTypes.Element

const textOf = ({ header, events }: SampleRecording, range?: ExportRange, note = ''): string => [...exportPieces(html, header, events, range, note)].join('')

interface Page { readonly elements: readonly Element[]; readonly errors: readonly ParserError[]; readonly text: string }

function read(text: string): Page {
  const errors: ParserError[] = []
  const elements: Element[] = []
  const texts: string[] = []
  const visit = (node: Node): void => {
    if ('tagName' in node) elements.push(node)
    if (node.nodeName === '#text' && 'value' in node) texts.push(node.value)
    if ('childNodes' in node) node.childNodes.forEach(visit)
  }
  visit(parse(text, { onParseError: (error) => errors.push(error) }))
  return { elements, errors, text: texts.join('\n') }
}

const named = ({ elements }: Page, tag: string): readonly Element[] => elements.filter(({ tagName }) => tagName === tag)
const attribute = (element: Element, name: string): string => element.attrs.find((attr) => attr.name === name)?.value ?? ''

function isWithin(element: Element, outer: Element | undefined): boolean {
  for (let at: Node | null = element; at; at = 'parentNode' in at ? at.parentNode : null) if (at === outer) return true
  return false
}

const known = new Set(['html', 'head', 'meta', 'title', 'style', 'body', 'main', 'section', 'h1', 'h2', 'p', 'table', 'thead', 'tbody', 'tr', 'th', 'td', 'ul', 'li', 'b', 'span', 'div', 'details', 'summary',
  'svg', 'desc', 'defs', 'marker', 'path', 'text', 'circle', 'g'])

describe('the report', { timeout: 300_000 }, () => {
  const sample = failoverRecording()
  const page = read(textOf(sample, undefined, 'The last line was cut off; 5 events are whole.'))

  it('is well formed, and made of our own elements alone', () => {
    for (const each of [page, read(textOf(randomRecording('html'))), read(textOf(sample, { from: 900, to: 1200 }))]) {
      expect(each.errors).toEqual([])
      expect([...new Set(each.elements.map(({ tagName }) => tagName))].filter((tag) => !known.has(tag))).toEqual([])
    }
  })

  it('asks nobody for anything', () => {
    const policy = page.elements.find((element) => attribute(element, 'http-equiv') === 'Content-Security-Policy')
    expect(policy && attribute(policy, 'content')).toBe('default-src \'none\'; style-src \'unsafe-inline\'; base-uri \'none\'; form-action \'none\'')
    const names = new Set(page.elements.flatMap(({ attrs }) => attrs.map(({ name }) => name)))
    expect([...names].filter((name) => /^on|src|href|style|action|background|data/.test(name))).toEqual([])
    expect(JSON.stringify(named(page, 'style')[0]?.childNodes.map((node) => 'value' in node ? node.value : ''))).not.toMatch(/@import|url\((?!#)/)
  })

  it('tells summary, views, operations, faults, violations and notes', () => {
    for (const part of [
      'failover <under> faults; end', 'The last line was cut off; 5 events are whole.', 'view 3: s2 primary, s3 backup', 's1 missed its pings, s2 takes over as primary, s3 joins as backup.',
      'rule 1', 's1 answered before s2 had <replied>.', 'A note with <b>mark-up</b> and \\u202e.', 'delay 30 % of messages by 5 to 80 ms', 'pingIntervalMs', 'SIGKILL', 'put colour green',
    ]) {
      expect(page.text.includes(part), part).toBe(true)
    }
    const table = page.elements.find((element) => attribute(element, 'aria-label') === 'Operations')
    const rows = page.elements.filter((element) => element.tagName === 'tr' && isWithin(element, table))
    // The first row has the column names.
    expect(rows.length - 1).toBe(sample.events.filter(({ type }) => type === 'operation-invoked').length)
  })

  it('hostile text is text: nothing unseen is left, and nothing becomes mark-up', () => {
    expect(hostileTexts.some((text) => text.includes('<script>'))).toBe(true)
    expect(page.text).toContain('<script>alert(1)</script>')
    expect(named(page, 'script')).toEqual([])
    expect(page.text).not.toMatch(/[\u202a-\u202e\u2066-\u2069\u200b]/)
  })

  it('draws an arrow for each message that is not folded, and a cross for each that is lost', () => {
    const part = read(textOf(sample))
    const drawn = named(part, 'g').filter((element) => /^message (taken|lost)/.test(attribute(element, 'class'))).length
    const ended = sample.events.filter(({ type }) => type === 'message-taken' || type === 'message-dropped').length
    const folded = [...part.text.matchAll(/Folded: (\d+) pings? and (\d+) view/g)].map(([, pings, views]) => Number(pings) + Number(views))[0] ?? 0
    expect(drawn + folded).toBe(ended)
    const lost = named(part, 'path').filter((element) => attribute(element, 'class') === 'cross').length
    expect(lost).toBe(named(part, 'g').filter((element) => attribute(element, 'class').startsWith('message lost')).length)
    expect(lost).toBeGreaterThan(0)
  })

  it('clips nothing: every text ends within its picture, the last lane\'s too, and each lane has its name there', () => {
    for (const nodes of [3, 12, 24]) {
      const wide = read(textOf(lanes(nodes)))
      const pictures = named(wide, 'svg').filter((element) => attribute(element, 'role') === 'img')
      expect(pictures.length).toBeGreaterThan(0)
      const texts = pictures.flatMap((picture) => wide.elements.filter((element) => element.tagName === 'text' && isWithin(element, picture)).map((element) => [picture, element] as const))
      for (const [picture, element] of texts) {
        const middle = attribute(element, 'class') === 'name'
        const length = element.childNodes.map((node) => 'value' in node ? node.value : '').join('').length
        // The widest letters of a common font are wider than this, but no text consists of them alone.
        const end = Number(attribute(element, 'x')) + length * (middle ? 7.2 : 6) / (middle ? 2 : 1)
        expect(end).toBeLessThanOrEqual(Number(attribute(picture, 'width')))
      }
      expect(named(wide, 'text').filter((element) => attribute(element, 'class') === 'name').length % nodes).toBe(0)
    }
  })

  it('has pictures that fit a page on its side, and every row is in one of them', () => {
    const long = read(textOf(randomRecording('html', 60)))
    const boxes = named(long, 'svg').filter((element) => attribute(element, 'role') === 'img').map((element) => ({
      width: Number(attribute(element, 'width')), height: Number(attribute(element, 'height')), from: Number(attribute(element, 'viewbox').split(' ')[1] ?? attribute(element, 'viewBox').split(' ')[1]),
    }))
    expect(boxes.length).toBeGreaterThan(8)
    for (const [index, { width, height, from }] of boxes.entries()) {
      // A4 without its margins, less the lanes' names above.
      expect((height + 36) * Math.min(1, 1047 / width)).toBeLessThanOrEqual(718)
      expect(from).toBe(index === 0 ? 0 : (boxes[index - 1]?.from ?? 0) + (boxes[index - 1]?.height ?? 0))
    }
  })

  it('an arrow that goes on in the next picture is drawn in both, and is one arrow', () => {
    const long = read(textOf(randomRecording('html', 60)))
    const through = named(long, 'g').filter((element) => attribute(element, 'class').startsWith('through'))
    expect(through.length).toBeGreaterThan(0)
    const whole = new Set(named(long, 'path').filter((element) => attribute(element.parentNode as Element, 'class').startsWith('message')).map((element) => attribute(element, 'd')))
    for (const element of through) expect(whole).toContain(attribute(element.childNodes[0] as Element, 'd'))
  })

  it('of a whole recording says of no message that it was sent before', () => {
    for (let seed = 0; seed < 10; seed++) expect(textOf(randomRecording(`before ${seed}`))).not.toContain('sent before this range')
  })

  it('of a simulated recording has no date and no process number, and of a live one both', () => {
    const simulated = read(textOf(sample)).text
    expect(simulated).not.toMatch(/1970|pid 0/)
    expect(simulated).toContain('simulated, in virtual time')
    const events = sample.events.map((event) => event.type === 'node-started' ? { ...event, pid: 4711 } : event)
    const live = read(textOf({ header: { ...sample.header, source: 'live', createdAt: '2026-03-01T10:00:00.000Z' }, events })).text
    expect(live).toContain('real processes, 2026-03-01T10:00:00.000Z')
    expect(live).toContain('pid 4711, incarnation 1')
  })

  it('the log is open, so that it is on paper', () => {
    expect(attribute(named(page, 'details')[0] as Element, 'open')).toBe('')
    expect(named(page, 'details')[0]?.attrs.map(({ name }) => name)).toContain('open')
  })

  it('what a client had open when it died is unknown, and its row says why', () => {
    const invoked = sample.events.find((event) => event.type === 'operation-invoked')
    if (invoked?.type !== 'operation-invoked') throw new Error('the sample has no operation')
    const exited = { seq: invoked.seq + 1, at: invoked.at, wall: invoked.wall, type: 'node-exited' as const, node: invoked.node, incarnation: 1, code: null, signal: 'SIGKILL', stderr: '' }
    const died = read(textOf({ header: sample.header, events: [...sample.events.slice(0, invoked.seq), exited] }))
    expect(died.text).toContain('unknown: its client died')
    expect(died.text).toContain('1: 0 ok, 0 failed, 1 unknown, 0 open')
  })

  it('of 10 000 busy events is under 5 MB and says what it leaves out', () => {
    const events = busy(10_000)
    const text = textOf({ header: sample.header, events })
    expect(events.length).toBe(10_000)
    expect(Buffer.byteLength(text)).toBeLessThan(5_000_000)
    const big = read(text)
    const left = /The diagram and the log end after ([\d ]+) rows: ([\d ]+) more from event (\d+) on are left out\. Export a range that begins there\./.exec(big.text)
    const number = (digits = ''): number => Number(digits.replaceAll(' ', ''))
    expect(number(left?.[1])).toBeGreaterThan(500)
    expect(number(left?.[1])).toBeLessThan(diagramRowsMax)
    expect([number(left?.[1]) + number(left?.[2]), number(left?.[3])]).toEqual([10_000, number(left?.[1]) + 1])
    const list = /The first ([\d ]+) of 2 500; export a shorter range for the others\./.exec(big.text)
    expect(number(list?.[1])).toBeGreaterThan(300)
    expect(number(list?.[1])).toBeLessThanOrEqual(listRowsMax)
  })
})

/** Servers that start, each with a long name and long texts; the last lane has as many as the others. */
function lanes(count: number): SampleRecording {
  const nodes = Array.from({ length: count }, (_, index) => ({ name: `replica-of-the-store-${index + 1}`, kind: 'replica' as const }))
  const events = nodes.flatMap(({ name }, index): TraceEvent[] => {
    const stamp = { at: 1000 * index, wall: 1000 * index }
    return [
      { ...stamp, seq: 2 * index + 1, type: 'node-started', node: name, incarnation: 1, step: 0, kind: 'replica', pid: 5, seed: '' },
      { ...stamp, seq: 2 * index + 2, type: 'note', node: name, incarnation: 1, step: 0, text: 'a note that is longer than what is shown of it beside a lane' },
    ]
  })
  return { header: { ...failoverRecording().header, nodes }, events }
}

/** Operations with long values and without answers, and long notes: every event is a row, and every character takes six bytes. */
function busy(count: number): TraceEvent[] {
  const long = '"'.repeat(2_000)
  const operation = { type: 'put' as const, key: long, value: long }
  return Array.from({ length: count }, (_, index): TraceEvent => {
    const stamp = { seq: index + 1, at: index * 1000, wall: index * 1000 }
    const id = `c1.1.${Math.floor(index / 4)}.0`
    switch (index % 4) {
      case 0: return { ...stamp, type: 'operation-invoked', node: 'c1', incarnation: 1, step: index, label: 'person', operation: { type: 'operation', operationId: index, session: -1, target: '', operation } }
      case 1: return { ...stamp, type: 'message-sent', id, from: 'c1', to: 's1', message: { type: 'request', clientId: 'c1.1', requestId: index, viewnum: 1, operation } }
      case 2: return { ...stamp, type: 'message-taken', id, node: 's1', incarnation: 1, step: index }
      default: return { ...stamp, type: 'lab-note', text: long, node: '' }
    }
  })
}
