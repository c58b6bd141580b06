// Moves the keyboard focus between panels (F6) and into a panel. Panels are elements with data-panel, in document order.
import { nextTick } from 'vue'

const focusable = 'button:not(:disabled):not([tabindex="-1"]), input:not(:disabled):not([tabindex="-1"]), select:not(:disabled), textarea, a[href], [tabindex="0"]'

function isShown(element: HTMLElement): boolean {
  return element.getClientRects().length > 0
}

function firstIn(panel: Element): HTMLElement | undefined {
  return [...panel.querySelectorAll<HTMLElement>(focusable)].find(isShown)
}

/** Moves to the next or previous panel that has something to focus; wraps around at the ends. */
export function moveFocus(by: 1 | -1): void {
  const panels = [...document.querySelectorAll('[data-panel]')].filter((panel) => firstIn(panel) !== undefined)
  if (panels.length === 0) return
  const here = panels.findIndex((panel) => panel.contains(document.activeElement))
  const next = here === -1 ? (by === 1 ? 0 : panels.length - 1) : (here + by + panels.length) % panels.length
  const panel = panels[next]
  if (panel) firstIn(panel)?.focus()
}

/** Puts the focus into a panel once it is drawn, on its first focusable element. */
export function focusPanel(name: string): void {
  void nextTick(() => {
    const panel = document.querySelector(`[data-panel="${name}"]`)
    if (panel) firstIn(panel)?.focus()
  })
}

/** Puts the focus on the element of the selector once it is drawn; without such an element the focus stays. */
export function focusOn(selector: string): void {
  void nextTick(() => [...document.querySelectorAll<HTMLElement>(selector)].find(isShown)?.focus())
}
