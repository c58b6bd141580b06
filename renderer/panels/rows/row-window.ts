// Which rows of a long list are on screen. A list is one tall element that scrolls. Browsers cannot lay out an element taller than some
// tens of millions of px, so above a safe height the scroll position is scaled. Pure.

/** The limit of Chromium is 33,554,432 px; other engines have a lower one. */
export const heightMax = 10_000_000

export interface RowWindow {
  /** Height of the element that scrolls. */
  readonly height: number
  /** The first row on screen, and one after the last. */
  readonly first: number
  readonly end: number
  /** Where the first row begins, in px from the top of the element. */
  readonly top: number
}

/** `scrollTop` in px of the scaled element. */
export function rowWindow(count: number, rowHeight: number, viewHeight: number, scrollTop: number): RowWindow {
  const full = count * rowHeight
  const height = Math.min(full, heightMax)
  const scrollable = Math.max(0, height - viewHeight)
  const at = Math.max(0, Math.min(scrollTop, scrollable))
  // The share of the list above the view is the same in the scaled and in the unscaled list.
  const above = scrollable === 0 ? 0 : at / scrollable * Math.max(0, full - viewHeight)
  const first = Math.max(0, Math.min(Math.floor(above / rowHeight), count - 1))
  const end = Math.min(count, first + Math.ceil(viewHeight / rowHeight) + 1)
  return { height, first: Math.max(0, first), end, top: at - (above - first * rowHeight) }
}

/** The scroll position that puts a row at `share` of the view's height (0 top, 1 bottom). */
export function scrollTopFor(row: number, share: number, count: number, rowHeight: number, viewHeight: number): number {
  const full = count * rowHeight
  const scrollable = Math.max(0, Math.min(full, heightMax) - viewHeight)
  const fullScrollable = Math.max(0, full - viewHeight)
  if (fullScrollable === 0) return 0
  const wanted = Math.max(0, Math.min(row * rowHeight - share * (viewHeight - rowHeight), fullScrollable))
  return wanted / fullScrollable * scrollable
}
