// The chosen row of a list beside a field in which a person types: arrow keys, pages, Enter. The palette and the scenario chooser use it.
// It must never take a row by itself: only Enter does. Not reka-ui's listbox, which chooses the first row when it opens, so that Enter in an
// empty palette would act, and which passes over a refused row, whose reason a person wants to read.
import { nextTick, ref, type Ref } from 'vue'

export interface ChoiceOptions {
  /** How many rows there are now. */
  readonly count: () => number
  /** The element that holds the rows. */
  readonly list: Readonly<Ref<HTMLElement | null>>
  /** How far Page Up and Page Down go. */
  readonly pageRows: number
  /** The row that is chosen at first; -1: none. */
  readonly initial: number
  /** Gets the chosen row on Enter, or -1. A held Enter calls it once. */
  readonly take: (index: number) => void
}

export interface Choice {
  /** The index of the chosen row; -1: none. */
  readonly chosen: Ref<number>
  /** For a keydown in the field. */
  readonly press: (event: KeyboardEvent) => Promise<void>
}

export function useChoice({ count, list, pageRows, initial, take }: ChoiceOptions): Choice {
  const chosen = ref(initial)

  async function press(event: KeyboardEvent): Promise<void> {
    const last = count() - 1
    const at = chosen.value
    const next = {
      ArrowDown: at >= last ? 0 : at + 1, ArrowUp: at <= 0 ? last : at - 1, PageDown: Math.min(last, at + pageRows), PageUp: Math.max(0, at - pageRows),
    }[event.key]
    if (next !== undefined) {
      event.preventDefault()
      chosen.value = Math.max(0, next)
      await nextTick()
      list.value?.querySelector('[aria-selected="true"]')?.scrollIntoView({ block: 'nearest' })
    } else if (event.key === 'Enter' && !event.isComposing && !event.repeat) {
      event.preventDefault()
      take(chosen.value)
    }
  }

  return { chosen, press }
}
