// The names of every drawing in GlyphSheet.vue. A glyph with a meaning has its own colour; an icon takes the colour of the text beside it.

export const meanings = [
  'primary', 'backup', 'idle', 'dead', 'paused', 'held', 'vs', 'client', 'server', 'service', 'none', 'bad', 'ok', 'lost', 'warn', 'unknown',
  'started', 'viewed',
] as const
export type Meaning = (typeof meanings)[number]

export const icons = [
  'kill', 'pause', 'play', 'restart', 'snow', 'first', 'prev', 'next', 'last', 'search', 'plus', 'minus', 'download',
  'heart', 'tail', 'close', 'open', 'theme', 'settings', 'inspector', 'filter', 'branch', 'measure', 'fit',
] as const
export type IconName = (typeof icons)[number]

/** The ids of the symbols in the page. */
export const symbolId = { meaning: (name: Meaning) => `g-${name}`, icon: (name: IconName) => `i-${name}` }
