import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { tokens, type Palette, type Token } from './pen'
import { SvgPen } from './svg-pen'

const palette: Palette = Object.fromEntries(tokens.map((token): [Token, string] => [token, '#123456'])) as Record<Token, string>

/** The problem of a text as XML: unmatched tags, unescaped signs, characters that XML does not allow; '' if there is none. */
function problemOf(xml: string): string {
  const codes = [...xml].map((character) => character.codePointAt(0) ?? 0)
  const isControl = (code: number): boolean => code < 0x20 && code !== 9 && code !== 10 && code !== 13
  const isForeign = (code: number): boolean => isControl(code) || (code >= 0xd800 && code <= 0xdfff) || code === 0xfffe || code === 0xffff
  if (codes.some(isForeign)) return 'a character that XML does not have'
  const open: string[] = []
  const rest = xml.replace(/^<\?xml [^?]*\?>\n/, '').replace(/<(\/?)([a-zA-Z]+)((?: [a-zA-Z-]+="[^"<]*")*)(\/?)>/g, (_tag, end: string, name: string, _attributes, empty: string) => {
    if (end === '/') return open.pop() === name ? '' : '<'
    if (empty === '') open.push(name)
    return ''
  })
  if (open.length > 0) return `${open.join(', ')} is not closed`
  if (/[<>]/.test(rest)) return `a sign is not escaped near ${rest.slice(Math.max(0, rest.search(/[<>]/) - 20)).slice(0, 60)}`
  return /&(?!amp;|lt;|gt;|quot;|apos;)/.test(xml) ? 'a & is not escaped' : ''
}

/** Any code units, including halves of surrogate pairs and control characters. */
const anyText = fc.array(fc.oneof(fc.integer({ min: 0, max: 0xffff }), fc.integer({ min: 0, max: 0x7f }))).map((units) => String.fromCharCode(...units))

describe('the SVG that the diagram writes', () => {
  it('is well-formed whatever text is in it', () => {
    fc.assert(fc.property(anyText, anyText, (text, title) => {
      const pen = new SvgPen(palette, 'Inter, "Segoe UI", sans-serif')
      pen.text(1, 2, text, { colour: 'fg', hasRim: true })
      pen.within(0, 0, 10, 10, () => pen.faded(0.5, () => pen.hatch(0, 0, 5, 5, 'dead')))
      expect(problemOf(pen.file(100, 50, title))).toBe('')
    }), { numRuns: 150 })
    const pen = new SvgPen(palette, 'sans-serif')
    for (const text of ['<script>', 'a & b', '"\'', '\u0000\ud800', ']]>']) pen.text(0, 0, text, { colour: 'fg' })
    expect(problemOf(pen.file(1, 1, ''))).toBe('')
  })

  it('is found wrong by the same look when it is', () => {
    expect([problemOf('<g><a></g>'), problemOf('<g>a & b</g>'), problemOf('<g><</g>'), problemOf('<g>\u0001</g>')].every((problem) => problem !== '')).toBe(true)
  })

  it('holds every line, head and box as a path, and no number that is none', () => {
    const pen = new SvgPen(palette, 'sans-serif')
    pen.lines([1, 2, 3, 4, 5, 6, 7, NaN], { colour: 'fg', width: 1, dash: [3, 2], alpha: 0.5 })
    pen.triangles([0, 0, 1, 1, 2, 2], { colour: 'fg' })
    pen.boxes([1, 2, 3, 4], { colour: 'fg', alpha: 0.25 })
    const file = pen.file(10, 10, 'x')
    expect(file).toContain('<path d="M1 2L3 4M5 6L7 0" fill="none" stroke="#123456" stroke-width="1" stroke-dasharray="3 2" stroke-opacity="0.5"')
    expect(file).toContain('<path d="M0 0L1 1L2 2Z" fill="#123456"/>')
    expect(file).toContain('<path d="M1 2h3v4h-3z" fill="#123456" fill-opacity="0.25"/>')
    expect(file).not.toMatch(/NaN|Infinity/)
  })
})
