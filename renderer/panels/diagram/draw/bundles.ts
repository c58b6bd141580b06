// Collects lines and arrow heads by style, so that thousands of arrows take a few strokes. Highlighted ones are drawn over faded ones. Pure.
import { arrowKind } from '../model/arrows'
import type { Line, Pen, Token } from './pen'

/** How prominent an arrow is. `related`: it happened before or after the selected event, but is neither its cause nor its effect. */
export const tier = { faded: 0, related: 1, plain: 2, hovered: 3, selected: 4 } as const
export type Tier = (typeof tier)[keyof typeof tier]

export type Form = 'plain' | 'late' | 'copy' | 'lost' | 'held'
const forms: readonly Form[] = ['plain', 'late', 'copy', 'lost', 'held']
const kinds = 5
const alphas = [0.2, 0.5, 1, 1, 1] as const
const widths: readonly number[] = [1.3, 1.5, 1, 1, 1.2]
const dashes: Readonly<Record<Form, readonly number[] | undefined>> = { plain: undefined, late: [9, 3], copy: undefined, lost: [4, 3], held: [1.5, 4] }
/** Lines are cut at this coordinate, because a canvas cannot draw very large numbers. */
const farPx = 20_000

export class Bundles {
  readonly #lines: number[][] = []
  readonly #heads: number[][] = []
  readonly #crosses: number[][] = []

  line(form: Form, kind: number, which: Tier, x1: number, y1: number, x2: number, y2: number): void {
    const bundle = this.#lines[(which * kinds + kind) * forms.length + forms.indexOf(form)] ??= []
    if (x1 >= -farPx && x2 <= farPx) bundle.push(x1, y1, x2, y2)
    else {
      const slope = (y2 - y1) / (x2 - x1)
      const [from, to] = [Math.max(x1, -farPx), Math.min(x2, farPx)]
      bundle.push(from, y1 + (from - x1) * slope, to, y1 + (to - x1) * slope)
    }
  }

  head(kind: number, which: Tier, x1: number, y1: number, x2: number, y2: number): void {
    const length = Math.hypot(x2 - x1, y2 - y1) || 1
    const size = which >= tier.hovered ? 8 : 6
    const [ux, uy] = [(x2 - x1) / length * size, (y2 - y1) / length * size]
    const heads = this.#heads[which * kinds + kind] ??= []
    heads.push(x2, y2, x2 - ux - uy * 0.42, y2 - uy + ux * 0.42, x2 - ux + uy * 0.42, y2 - uy - ux * 0.42)
  }

  cross(which: Tier, x: number, y: number): void {
    const crosses = this.#crosses[which] ??= []
    crosses.push(x - 4, y - 4, x + 4, y + 4, x - 4, y + 4, x + 4, y - 4)
  }

  draw(pen: Pen): void {
    for (const which of Object.values(tier)) {
      const alpha = alphas[which]
      for (let kind = 0; kind < kinds; kind++) {
        for (const [index, form] of forms.entries()) {
          const lines = this.#lines[(which * kinds + kind) * forms.length + index]
          if (lines) pen.lines(lines, styleOf(form, kind, which, alpha))
        }
        const heads = this.#heads[which * kinds + kind]
        if (heads) pen.triangles(heads, { colour: which === tier.selected ? 'accent' : colourOfKind(kind), alpha })
      }
      const crosses = this.#crosses[which]
      if (crosses) pen.lines(crosses, { colour: which === tier.selected ? 'accent' : 'lost', width: 2.2, alpha, isRound: true })
    }
  }
}

function styleOf(form: Form, kind: number, which: Tier, alpha: number): Line {
  const dash = dashes[form]
  const plain: Token = form === 'lost' ? 'lost' : form === 'held' ? 'held' : colourOfKind(kind)
  const width = form === 'held' ? 1.6 : form === 'copy' ? 1 : widths[kind] ?? 1
  return {
    colour: which === tier.selected ? 'accent' : plain, width: which === tier.selected ? 2 : which === tier.hovered ? width + 0.8 : width, alpha,
    ...(dash ? { dash } : {}), ...(form === 'held' ? { isRound: true } : {}),
  }
}

function colourOfKind(kind: number): Token {
  if (kind === arrowKind.forward) return 'msg2'
  return kind === arrowKind.transfer ? 'backup-fill' : 'msg'
}
