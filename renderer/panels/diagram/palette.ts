// The tokens of the window as colours that a canvas or a file takes. Read when the theme changes, never while drawing.
import { tokens, type Palette, type Token } from './draw/pen'

export function readPalette(): Palette {
  const style = getComputedStyle(document.documentElement)
  return Object.fromEntries(tokens.map((token): [Token, string] => [token, style.getPropertyValue(`--${token}`).trim()])) as Record<Token, string>
}

export function readFont(): string {
  return getComputedStyle(document.documentElement).getPropertyValue('--font').trim() || 'sans-serif'
}
