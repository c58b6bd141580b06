// The report as a browser's parser reads it: well formed, without a script, a request or a mark-up that came from the cluster.
import { parse, type DefaultTreeAdapterTypes, type ParserError } from 'parse5'
import { describe, expect, it } from 'vitest'
import { failoverRecording, hostileTexts, randomRecording, type SampleRecording } from '../sim/random-recording'
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

describe('the report', { timeout: 120_000 }, () => {
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
    // The first row names the columns.
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

/** Operations with long values, asked for and never answered, and long notes: every event is a row, and every character takes six bytes. */
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
