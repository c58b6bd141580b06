// The window's tokens as colours for a canvas or a file. Read when the theme changes; it must never be read while drawing.
import { tokens, type Palette, type Token } from './draw/pen'

export function readPalette(): Palette {
  const style = getComputedStyle(document.documentElement)
  return Object.fromEntries(tokens.map((token): [Token, string] => [token, style.getPropertyValue(`--${token}`).trim()])) as Record<Token, string>
}

export function readFont(): string {
  return getComputedStyle(document.documentElement).getPropertyValue('--font').trim() || 'sans-serif'
}
