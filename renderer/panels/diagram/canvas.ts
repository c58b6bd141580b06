// The canvas of the diagram and of the history: its size, pen, frame clock, scrolling and pointer input. It draws only after a change, and at most
// once a frame. It must never know what is drawn.
import { onBeforeUnmount, onMounted, ref, watch, type Ref } from 'vue'
import { useLayoutStore } from '../../stores/layout'
import { CanvasPen } from './draw/canvas-pen'
import { listenToHand, type Hand } from './hand'
import { readFont, readPalette } from './palette'

/** A smaller canvas shows nothing, in CSS px. */
const least = { width: 80, height: 60 }

export interface CanvasOptions {
  /** The element around the canvas, whose size it takes and whose pointer input it hears. */
  readonly box: Readonly<Ref<HTMLElement | null>>
  readonly canvas: Readonly<Ref<HTMLCanvasElement | null>>
  /** Draws on the empty canvas. */
  readonly draw: (pen: CanvasPen) => void
  /** How far the picture can be scrolled now, in CSS px. */
  readonly scrollMax: () => number
  /** The canvas has another size. */
  readonly resized?: () => void
  readonly hand: Omit<Hand, 'scroll'>
}

export interface CanvasUse {
  /** In CSS px. */
  readonly size: Ref<{ width: number; height: number }>
  readonly scrolled: Ref<number>
  readonly drawSoon: () => void
  /** Null before the first picture, until the next one after a change of colours, and while the canvas is too small. */
  readonly pen: () => CanvasPen | null
}

export function useCanvas({ box, canvas, draw, scrollMax, resized = () => undefined, hand }: CanvasOptions): CanvasUse {
  const layout = useLayoutStore()
  const size = ref({ width: 0, height: 0 })
  const scrolled = ref(0)
  let pen: CanvasPen | null = null
  let frame = 0

  const isTooSmall = (): boolean => size.value.width < least.width || size.value.height < least.height

  function drawNow(): void {
    frame = 0
    const context = canvas.value?.getContext('2d', { alpha: false })
    if (!context || isTooSmall()) return
    pen ??= new CanvasPen(context, readPalette(), readFont())
    pen.begin(size.value.width, size.value.height, devicePixelRatio)
    draw(pen)
  }

  function drawSoon(): void {
    if (frame === 0) frame = requestAnimationFrame(drawNow)
  }

  /** A pen knows its colours; it is made again when they change. */
  function recolour(): void {
    pen = null
    drawSoon()
  }

  function scroll(px: number): boolean {
    const next = Math.max(0, Math.min(scrollMax(), scrolled.value + px))
    if (next === scrolled.value) return false
    scrolled.value = next
    return true
  }

  const observer = new ResizeObserver(() => {
    if (!box.value) return
    size.value = { width: box.value.clientWidth, height: box.value.clientHeight }
    resized()
    scrolled.value = Math.min(scrolled.value, scrollMax())
  })
  let stopHand = (): void => undefined
  watch(box, (element) => {
    observer.disconnect()
    stopHand()
    stopHand = () => undefined
    pen = null
    if (!element) return
    observer.observe(element)
    stopHand = listenToHand(element, { ...hand, scroll })
  }, { flush: 'post' })
  watch([size, scrolled], drawSoon)
  watch(() => layout.shownTheme, recolour, { flush: 'post' })
  const colours = window.matchMedia('(forced-colors: active)')
  onMounted(() => colours.addEventListener('change', recolour))
  onBeforeUnmount(() => {
    observer.disconnect()
    stopHand()
    colours.removeEventListener('change', recolour)
    cancelAnimationFrame(frame)
  })
  return { size, scrolled, drawSoon, pen: () => isTooSmall() ? null : pen }
}
