// Searches that a person gave a name: kept in this browser as the layout is, never in a recording. Pure; the store reads and writes.
// It must take nothing on trust: what is kept may have been written by anything.

export interface SavedFilter {
  readonly name: string
  readonly text: string
}

export const savedLimits = { filters: 30, nameCharacters: 40, textCharacters: 1000 } as const
export const savedKey = 'understudy.filters'

/** What was kept, as far as it makes sense. */
export function readSaved(text: string | null): readonly SavedFilter[] {
  let found: unknown
  try {
    found = JSON.parse(text ?? '[]')
  } catch {
    return [] // Written by something else: start fresh.
  }
  if (!Array.isArray(found)) return []
  return found.filter(isSaved).slice(0, savedLimits.filters).map(({ name, text: query }) => ({ name, text: query }))
}

function isSaved(item: unknown): item is SavedFilter {
  if (typeof item !== 'object' || item === null) return false
  const { name, text } = item as Record<string, unknown>
  return typeof name === 'string' && name.trim() !== '' && name.length <= savedLimits.nameCharacters
    && typeof text === 'string' && text !== '' && text.length <= savedLimits.textCharacters
}

/** With another one, or the same name with another text. */
export function withSaved(saved: readonly SavedFilter[], name: string, text: string): readonly SavedFilter[] {
  const added = { name: name.trim(), text }
  const others = saved.filter((filter) => filter.name !== added.name)
  return [...others, added].sort((one, other) => one.name < other.name ? -1 : 1)
}

/** Why it cannot be kept; '' when it can. */
export function saveProblem(saved: readonly SavedFilter[], name: string, text: string): string {
  const wanted = name.trim()
  if (text.trim() === '') return 'There is no search to keep.'
  if (wanted === '') return 'It needs a name.'
  if (wanted.length > savedLimits.nameCharacters) return `A name may have ${savedLimits.nameCharacters} characters.`
  const isNew = saved.every((filter) => filter.name !== wanted)
  return isNew && saved.length >= savedLimits.filters ? `${savedLimits.filters} filters are kept already; remove one first.` : ''
}
