// Turns wheel, drag, click, hover and pinch over the diagram into acts. Ctrl or Meta with the wheel zooms (a trackpad pinch arrives as that),
// Shift pans; a plain wheel scrolls the lanes if they do not fit, else it pans along time. It must never know what is drawn.

export interface Hand {
  zoom(factor: number, x: number): void
  /** Moves the view to the right by `px`. */
  pan(px: number): void
  /** Scrolls the lanes; returns false if they do not move. */
  scroll(px: number): boolean
  choose(x: number, y: number): void
  point(x: number, y: number): void
  leave(): void
}

/** A press that moves less than this is a click, in px. */
const clickPx = 4
/** Px of one unit of a wheel that counts in px, lines or pages. */
const wheelUnits = [1, 16, 320] as const

export function listenToHand(element: HTMLElement, hand: Hand): () => void {
  const pointers = new Map<number, { x: number; y: number }>()
  let pressed: { readonly x: number; readonly y: number; hasMoved: boolean } | null = null

  const at = (event: MouseEvent): { x: number; y: number } => {
    const { left, top } = element.getBoundingClientRect()
    return { x: event.clientX - left, y: event.clientY - top }
  }
  /** False over the card, which lies over the drawing. */
  const isOnDrawing = (event: Event): boolean => event.target instanceof HTMLCanvasElement

  function wheel(event: WheelEvent): void {
    event.preventDefault()
    const unit = wheelUnits[event.deltaMode] ?? 1
    const [dx, dy] = [event.deltaX * unit, event.deltaY * unit]
    if (event.ctrlKey || event.metaKey) return hand.zoom(Math.exp(-Math.max(-200, Math.min(200, dy)) * 0.004), at(event).x)
    if (event.shiftKey) return hand.pan(dy === 0 ? dx : dy)
    if (Math.abs(dx) > Math.abs(dy)) return hand.pan(dx)
    if (!hand.scroll(dy)) hand.pan(dy)
  }

  function down(event: PointerEvent): void {
    if (!isOnDrawing(event) || event.button !== 0) return
    element.setPointerCapture(event.pointerId)
    pointers.set(event.pointerId, at(event))
    pressed = { ...at(event), hasMoved: pointers.size > 1 }
  }

  function move(event: PointerEvent): void {
    const now = at(event)
    const before = pointers.get(event.pointerId)
    if (!before) {
      if (event.buttons === 0 && isOnDrawing(event)) hand.point(now.x, now.y)
      return
    }
    if (pointers.size === 2) pinch(event.pointerId, before, now)
    else if (pressed) {
      pressed.hasMoved ||= Math.hypot(now.x - pressed.x, now.y - pressed.y) > clickPx
      if (!pressed.hasMoved) return
      hand.pan(before.x - now.x)
      hand.scroll(before.y - now.y)
    }
    pointers.set(event.pointerId, now)
  }

  function pinch(id: number, before: { x: number }, now: { x: number }): void {
    const other = [...pointers].find(([pointer]) => pointer !== id)?.[1]
    if (!other) return
    const [was, is] = [Math.abs(before.x - other.x), Math.abs(now.x - other.x)]
    if (was > 8 && is > 8) hand.zoom(is / was, (now.x + other.x) / 2)
    hand.pan((before.x - now.x) / 2)
  }

  function up(event: PointerEvent): void {
    const wasPressed = pointers.delete(event.pointerId)
    if (!wasPressed || !pressed) return
    if (!pressed.hasMoved && event.type === 'pointerup') hand.choose(pressed.x, pressed.y)
    if (pointers.size === 0) pressed = null
  }

  const leave = (): void => { if (pointers.size === 0) hand.leave() }

  const listeners: readonly (readonly [string, (event: never) => void, AddEventListenerOptions?])[] = [
    ['wheel', wheel, { passive: false }], ['pointerdown', down], ['pointermove', move], ['pointerup', up], ['pointercancel', up], ['pointerleave', leave],
  ]
  for (const [name, listener, options] of listeners) element.addEventListener(name, listener as EventListener, options)
  return () => { for (const [name, listener] of listeners) element.removeEventListener(name, listener as EventListener) }
}
