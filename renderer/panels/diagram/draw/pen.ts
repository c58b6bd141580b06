// The interface for drawing. The scene must never know whether a pen draws on a canvas or writes SVG. Colours are names of tokens, and the
// pen maps them to the theme. Many lines or boxes of one style go in one call, because that is fast on a canvas.

export const tokens = [
  'bg', 'panel', 'sunk', 'raise', 'line', 'line2', 'hover', 'fg', 'fg2', 'fg3', 'accent', 'accent-soft', 'on-accent', 'primary', 'primary-fill', 'on-primary',
  'backup', 'backup-fill', 'idle', 'dead', 'paused', 'held', 'lost', 'bad', 'bad-soft', 'warn', 'warn-soft', 'msg', 'msg2',
] as const
export type Token = (typeof tokens)[number]
/** The current CSS colour of each token. */
export type Palette = Readonly<Record<Token, string>>

export interface Line {
  readonly colour: Token
  readonly width: number
  readonly dash?: readonly number[]
  readonly alpha?: number
  readonly isRound?: boolean
}

export interface Fill {
  readonly colour: Token
  readonly alpha?: number
}

export interface TextStyle {
  readonly colour: Token
  readonly weight?: 400 | 600 | 700
  readonly anchor?: 'start' | 'middle' | 'end'
  /** A rim in the panel's colour, so that lines behind the text do not cross the letters. */
  readonly hasRim?: boolean
}

/** Patterns, each with its own form: dead is crossed, paused is striped, an unacked view and a freeze are hatched. */
export type Hatch = 'dead' | 'paused' | 'unacked' | 'frozen'

export interface Paint {
  readonly fill?: Fill
  readonly line?: Line
}

export interface Pen {
  /** Four numbers for each line: x1, y1, x2, y2. */
  lines(coordinates: readonly number[], line: Line): void
  /** Six numbers for each triangle. */
  triangles(coordinates: readonly number[], fill: Fill): void
  /** Four numbers for each box: x, y, width, height. */
  boxes(coordinates: readonly number[], fill: Fill): void
  /** A path in SVG syntax, moved to x, y. */
  shape(path: string, x: number, y: number, paint: Paint): void
  hatch(x: number, y: number, width: number, height: number, hatch: Hatch): void
  /** Text of 11 px; y is the baseline. */
  text(x: number, y: number, text: string, style: TextStyle): void
  /** Clips everything that `draw` draws to the box. */
  within(x: number, y: number, width: number, height: number, draw: () => void): void
  /** Runs `draw` with this opacity. */
  faded(alpha: number, draw: () => void): void
}

/** Width of a text in px, as it will be drawn. */
export type MeasureText = (text: string, weight: 400 | 600 | 700) => number

/** The patterns: lines of a square tile, in the tile's own coordinates. */
export const hatches: Readonly<Record<Hatch, { readonly size: number; readonly path: string; readonly line: Line }>> = {
  dead: { size: 6, path: 'M0 0L6 6M6 0L0 6', line: { colour: 'dead', width: 0.7, alpha: 0.5 } },
  paused: { size: 10, path: 'M-2.5 2.5L2.5 -2.5M0 10L10 0M7.5 12.5L12.5 7.5', line: { colour: 'paused', width: 2.6, alpha: 0.55 } },
  unacked: { size: 8, path: 'M-2 2L2 -2M0 8L8 0M6 10L10 6', line: { colour: 'warn', width: 1.5, alpha: 0.55 } },
  frozen: { size: 11, path: 'M-2.75 2.75L2.75 -2.75M0 11L11 0M8.25 13.75L13.75 8.25', line: { colour: 'held', width: 1, alpha: 0.16 } },
}
