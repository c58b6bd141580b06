// The arrangement of the window: sizes, tabs, theme, density, open drawers. Stored in this browser, never in a recording.
// It must never hold anything about the cluster.
import { defineStore } from 'pinia'
import { computed, reactive, ref, watch } from 'vue'

export const themes = ['system', 'light', 'dark'] as const
export type Theme = (typeof themes)[number]
export const densities = ['system', 'compact', 'roomy'] as const
export type Density = (typeof densities)[number]
/** The panels of the centre, in the order of their keys 1 to 9, then Y. The diagram is a tab only if it has no place of its own. */
export const centreTabs = ['log', 'operations', 'views', 'plots', 'inboxes', 'scenario', 'watch', 'compare', 'rules', 'history', 'diagram'] as const
export type CentreTab = (typeof centreTabs)[number]
export const splits = ['left', 'right', 'bottom', 'timeline'] as const
export type Split = (typeof splits)[number]

const storageKey = 'understudy.layout'

/** Least and greatest size of each split, in px; the defaults are in tokens.css, which knows the window's width. */
export const splitLimits: Readonly<Record<Split, { readonly min: number; readonly max: number }>> = {
  left: { min: 232, max: 520 }, right: { min: 232, max: 720 }, bottom: { min: 96, max: 1200 }, timeline: { min: 56, max: 240 },
}

interface Kept {
  sizes: Partial<Record<Split, number>>
  tab: CentreTab
  theme: Theme
  density: Density
  inspectorOpen: boolean
  startOnOpen: boolean
}

const defaults = (): Kept => ({ sizes: {}, tab: 'operations', theme: 'system', density: 'system', inspectorOpen: true, startOnOpen: true })

/** The valid part of the stored layout; the rest has its defaults. */
export function readKept(text: string | null): Kept {
  const kept = defaults()
  let found: unknown
  try {
    found = JSON.parse(text ?? '{}')
  } catch {
    return kept // The stored text is not ours: use the defaults.
  }
  if (typeof found !== 'object' || found === null) return kept
  const { sizes, tab, theme, density, inspectorOpen, startOnOpen } = found as Record<string, unknown>
  for (const split of splits) {
    const size = (sizes as Record<string, unknown> | undefined)?.[split]
    if (typeof size === 'number' && Number.isFinite(size)) kept.sizes[split] = clampSize(split, size)
  }
  if (centreTabs.includes(tab as CentreTab)) kept.tab = tab as CentreTab
  if (themes.includes(theme as Theme)) kept.theme = theme as Theme
  if (densities.includes(density as Density)) kept.density = density as Density
  if (typeof inspectorOpen === 'boolean') kept.inspectorOpen = inspectorOpen
  if (typeof startOnOpen === 'boolean') kept.startOnOpen = startOnOpen
  return kept
}

export function clampSize(split: Split, size: number): number {
  const limit = splitLimits[split]
  return Math.round(Math.max(limit.min, Math.min(limit.max, size)))
}

export const useLayoutStore = defineStore('layout', () => {
  const kept = readKept(localStorage.getItem(storageKey))
  /** Sizes in px; absent: the default of tokens.css. */
  const sizes = reactive(kept.sizes)
  /** The chosen panel of the centre; `diagram` counts only if the window is too low for two panels. */
  const tab = ref(kept.tab)
  const theme = ref(kept.theme)
  const density = ref(kept.density)
  const inspectorOpen = ref(kept.inspectorOpen)
  const startOnOpen = ref(kept.startOnOpen)

  const dark = window.matchMedia('(prefers-color-scheme: dark)')
  const systemIsDark = ref(dark.matches)
  dark.addEventListener('change', () => { systemIsDark.value = dark.matches })
  /** The theme on screen. Canvas panels redraw when it changes. */
  const shownTheme = computed<'light' | 'dark'>(() => theme.value === 'system' ? (systemIsDark.value ? 'dark' : 'light') : theme.value)

  /** The theme that a click on the theme button selects. */
  const nextTheme = computed<'light' | 'dark'>(() => shownTheme.value === 'dark' ? 'light' : 'dark')
  watch(shownTheme, (shown) => { document.documentElement.dataset.theme = shown }, { immediate: true, flush: 'sync' })
  watch(density, (wanted) => {
    if (wanted === 'system') delete document.documentElement.dataset.density
    else document.documentElement.dataset.density = wanted
  }, { immediate: true })
  watch([sizes, tab, theme, density, inspectorOpen, startOnOpen], () => {
    const now: Kept = {
      sizes: { ...sizes }, tab: tab.value, theme: theme.value, density: density.value,
      inspectorOpen: inspectorOpen.value, startOnOpen: startOnOpen.value,
    }
    localStorage.setItem(storageKey, JSON.stringify(now))
  })

  function setSize(split: Split, size: number): void {
    sizes[split] = clampSize(split, size)
  }

  function resetSize(split: Split): void {
    delete sizes[split]
  }

  return { sizes, tab, theme, density, inspectorOpen, startOnOpen, shownTheme, nextTheme, setSize, resetSize }
})
