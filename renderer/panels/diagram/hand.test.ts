// @vitest-environment happy-dom
import { beforeEach, describe, expect, it } from 'vitest'
import { listenToHand, type Hand } from './hand'

let done: (readonly [string, ...number[]])[]
let canvas: HTMLCanvasElement
let canScroll = false

const hand: Hand = {
  zoom: (factor, x) => void done.push([factor > 1 ? 'in' : 'out', x]),
  pan: (px) => void done.push(['pan', px]),
  scroll: (px) => {
    if (canScroll) done.push(['scroll', px])
    return canScroll
  },
  choose: (x, y) => void done.push(['choose', x, y]),
  point: (x, y) => void done.push(['point', x, y]),
  leave: () => void done.push(['leave']),
}

function wheel(init: WheelEventInit & { readonly clientX?: number }): Event {
  const event = new WheelEvent('wheel', { bubbles: true, cancelable: true, ...init })
  // In happy-dom a wheel event has no pointer position and no modifier keys.
  for (const [name, value] of Object.entries({ clientX: 0, ctrlKey: false, metaKey: false, shiftKey: false, ...init })) Object.defineProperty(event, name, { value })
  canvas.dispatchEvent(event)
  return event
}

function pointer(type: string, x: number, y: number, more: PointerEventInit = {}): void {
  canvas.dispatchEvent(new PointerEvent(type, { bubbles: true, clientX: x, clientY: y, pointerId: 1, button: 0, buttons: type === 'pointermove' ? 1 : 0, ...more }))
}

describe('the hand over the diagram', () => {
  beforeEach(() => {
    done = []
    canScroll = false
    document.body.innerHTML = '<div><canvas></canvas></div>'
    canvas = document.querySelector('canvas') as HTMLCanvasElement
    const box = canvas.parentElement as HTMLElement
    box.setPointerCapture = () => undefined
    listenToHand(box, hand)
  })

  it('zooms with Ctrl or Meta and the wheel, and pans with Shift or sideways', () => {
    expect(wheel({ deltaY: -50, ctrlKey: true, clientX: 40 }).defaultPrevented).toBe(true)
    wheel({ deltaY: 50, metaKey: true, clientX: 7 })
    wheel({ deltaY: 30, shiftKey: true })
    wheel({ deltaX: -20, deltaY: 3 })
    expect(done).toEqual([['in', 40], ['out', 7], ['pan', 30], ['pan', -20]])
  })

  it('pans with a plain wheel, and scrolls the lanes where they do not fit', () => {
    wheel({ deltaY: 2, deltaMode: 1 })
    canScroll = true
    wheel({ deltaY: 10 })
    expect(done).toEqual([['pan', 32], ['scroll', 10]])
  })

  it('tells a click from a drag', () => {
    pointer('pointerdown', 100, 50)
    pointer('pointermove', 102, 51)
    pointer('pointerup', 102, 51)
    expect(done).toEqual([['choose', 100, 50]])
    done = []
    pointer('pointerdown', 100, 50)
    pointer('pointermove', 120, 50)
    pointer('pointerup', 120, 50)
    expect(done).toEqual([['pan', -20]])
  })

  it('zooms by the distance of two fingers, and chooses nothing when they are lifted', () => {
    pointer('pointerdown', 100, 50)
    pointer('pointerdown', 200, 50, { pointerId: 2 })
    pointer('pointermove', 300, 50, { pointerId: 2 })
    pointer('pointerup', 300, 50, { pointerId: 2 })
    pointer('pointerup', 100, 50)
    expect(done).toEqual([['in', 200], ['pan', -50]])
  })

  it('points at what is drawn and not at what lies over it', () => {
    pointer('pointermove', 5, 6, { buttons: 0 })
    const over = document.createElement('p')
    canvas.parentElement?.append(over)
    over.dispatchEvent(new PointerEvent('pointermove', { bubbles: true, clientX: 9, clientY: 9, buttons: 0 }))
    expect(done).toEqual([['point', 5, 6]])
  })
})
