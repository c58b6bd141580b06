// The pen that writes SVG: a self-contained file with the colours of the theme. It must never refer to anything outside the file. Pure.
import { hatches, type Fill, type Hatch, type Line, type Paint, type Palette, type Pen, type TextStyle } from './pen'

export class SvgPen implements Pen {
  readonly #palette: Palette
  readonly #font: string
  readonly #parts: string[] = []
  readonly #definitions: string[] = []
  readonly #patterns = new Set<Hatch>()
  #clips = 0

  constructor(palette: Palette, font: string) {
    this.#palette = palette
    this.#font = font
  }

  /** The whole file. `title` is the text for a screen reader. */
  file(width: number, height: number, title: string): string {
    return `<?xml version="1.0" encoding="UTF-8"?>
<svg xmlns="http://www.w3.org/2000/svg" width="${number(width)}" height="${number(height)}" viewBox="0 0 ${number(width)} ${number(height)}" role="img" font-family="${escaped(this.#font)}" font-size="11">
<title>${escaped(title)}</title>
<defs>${this.#definitions.join('')}</defs>
<rect width="100%" height="100%" fill="${escaped(this.#palette.panel)}"/>
${this.#parts.join('\n')}
</svg>
`
  }

  lines(coordinates: readonly number[], line: Line): void {
    let path = ''
    for (let at = 0; at < coordinates.length; at += 4) {
      path += `M${number(coordinates[at])} ${number(coordinates[at + 1])}L${number(coordinates[at + 2])} ${number(coordinates[at + 3])}`
    }
    if (path !== '') this.#parts.push(`<path d="${path}" fill="none" ${this.#stroke(line)}/>`)
  }

  triangles(coordinates: readonly number[], fill: Fill): void {
    let path = ''
    for (let at = 0; at < coordinates.length; at += 6) {
      path += `M${number(coordinates[at])} ${number(coordinates[at + 1])}L${number(coordinates[at + 2])} ${number(coordinates[at + 3])}L${number(coordinates[at + 4])} ${number(coordinates[at + 5])}Z`
    }
    if (path !== '') this.#parts.push(`<path d="${path}" ${this.#fill(fill)}/>`)
  }

  boxes(coordinates: readonly number[], fill: Fill): void {
    let path = ''
    for (let at = 0; at < coordinates.length; at += 4) {
      path += `M${number(coordinates[at])} ${number(coordinates[at + 1])}h${number(coordinates[at + 2])}v${number(coordinates[at + 3])}h${number(-(coordinates[at + 2] ?? 0))}z`
    }
    if (path !== '') this.#parts.push(`<path d="${path}" ${this.#fill(fill)}/>`)
  }

  shape(path: string, x: number, y: number, { fill, line }: Paint): void {
    const moved = x === 0 && y === 0 ? '' : ` transform="translate(${number(x)} ${number(y)})"`
    this.#parts.push(`<path d="${escaped(path)}"${moved} ${fill ? this.#fill(fill) : 'fill="none"'}${line ? ` ${this.#stroke(line)}` : ''}/>`)
  }

  hatch(x: number, y: number, width: number, height: number, hatch: Hatch): void {
    if (width <= 0 || height <= 0) return
    this.#define(hatch)
    this.#parts.push(`<rect x="${number(x)}" y="${number(y)}" width="${number(width)}" height="${number(height)}" fill="url(#hatch-${hatch})"/>`)
  }

  text(x: number, y: number, text: string, { colour, weight = 400, anchor = 'start', hasRim }: TextStyle): void {
    const rim = hasRim ? ` stroke="${escaped(this.#palette.panel)}" stroke-width="3" stroke-linejoin="round" paint-order="stroke"` : ''
    this.#parts.push(`<text x="${number(x)}" y="${number(y)}" fill="${escaped(this.#palette[colour])}" font-weight="${weight}" text-anchor="${anchor}"${rim}>${escaped(text)}</text>`)
  }

  within(x: number, y: number, width: number, height: number, draw: () => void): void {
    const id = `clip-${++this.#clips}`
    this.#definitions.push(`<clipPath id="${id}"><rect x="${number(x)}" y="${number(y)}" width="${number(Math.max(0, width))}" height="${number(Math.max(0, height))}"/></clipPath>`)
    this.#parts.push(`<g clip-path="url(#${id})">`)
    draw()
    this.#parts.push('</g>')
  }

  faded(alpha: number, draw: () => void): void {
    this.#parts.push(`<g opacity="${number(alpha)}">`)
    draw()
    this.#parts.push('</g>')
  }

  #define(hatch: Hatch): void {
    if (this.#patterns.has(hatch)) return
    this.#patterns.add(hatch)
    const { size, path, line } = hatches[hatch]
    this.#definitions.push(`<pattern id="hatch-${hatch}" width="${size}" height="${size}" patternUnits="userSpaceOnUse"><path d="${path}" fill="none" ${this.#stroke(line)}/></pattern>`)
  }

  #fill({ colour, alpha = 1 }: Fill): string {
    return `fill="${escaped(this.#palette[colour])}"${alpha === 1 ? '' : ` fill-opacity="${number(alpha)}"`}`
  }

  #stroke({ colour, width, dash, alpha = 1, isRound }: Line): string {
    return `stroke="${escaped(this.#palette[colour])}" stroke-width="${number(width)}"${dash ? ` stroke-dasharray="${dash.join(' ')}"` : ''}`
      + `${alpha === 1 ? '' : ` stroke-opacity="${number(alpha)}"`}${isRound ? ' stroke-linecap="round"' : ''} stroke-linejoin="round"`
  }
}

function number(value = 0): string {
  return Number.isFinite(value) ? String(Math.round(value * 100) / 100) : '0'
}

/** Text for XML: its special characters escaped, and characters that XML does not allow replaced by the replacement character. */
function escaped(text: string): string {
  return text.replace(/[&<>"']/g, (character) => entities[character] ?? character)
    // XML 1.0 does not allow control characters (except tab and line ends), halves of surrogate pairs, and two non-characters.
    .replace(/[\u0000-\u0008\u000b\u000c\u000e-\u001f\ufffe\uffff]|[\ud800-\udbff](?![\udc00-\udfff])|(?<![\ud800-\udbff])[\udc00-\udfff]/g, '\ufffd')
}

const entities: Readonly<Record<string, string>> = { '&': '&amp;', '<': '&lt;', '>': '&gt;', '"': '&quot;', '\'': '&apos;' }
