// Named searches of a person, stored in this browser like the layout, never in a recording. Pure; the store reads and writes.
// It must never trust the stored text, which anything may have written.

export interface SavedFilter {
  readonly name: string
  readonly text: string
}

export const savedLimits = { filters: 30, nameCharacters: 40, textCharacters: 1000 } as const
export const savedKey = 'understudy.filters'

/** The valid part of the stored filters. */
export function readSaved(text: string | null): readonly SavedFilter[] {
  let found: unknown
  try {
    found = JSON.parse(text ?? '[]')
  } catch {
    return [] // The stored text is not ours: start empty.
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

/** Adds a filter, or replaces the one with the same name. */
export function withSaved(saved: readonly SavedFilter[], name: string, text: string): readonly SavedFilter[] {
  const added = { name: name.trim(), text }
  const others = saved.filter((filter) => filter.name !== added.name)
  return [...others, added].sort((one, other) => one.name < other.name ? -1 : 1)
}

/** Why the filter cannot be saved; '' if it can. */
export function saveProblem(saved: readonly SavedFilter[], name: string, text: string): string {
  const wanted = name.trim()
  if (text.trim() === '') return 'There is no search to keep.'
  if (wanted === '') return 'It needs a name.'
  if (wanted.length > savedLimits.nameCharacters) return `A name may have ${savedLimits.nameCharacters} characters.`
  const isNew = saved.every((filter) => filter.name !== wanted)
  return isNew && saved.length >= savedLimits.filters ? `${savedLimits.filters} filters are kept already; remove one first.` : ''
}
