// The picture as a file: draws the scene again with the pen of the file format. It must never copy anything from the page.
import { CanvasPen } from './draw/canvas-pen'
import type { MeasureText, Palette } from './draw/pen'
import { drawScene } from './draw/scene'
import type { SceneInput } from './draw/sketch'
import { SvgPen } from './draw/svg-pen'

/** Dots for each px of a PNG. */
const pngRatio = 2

export function svgOf(input: SceneInput, palette: Palette, font: string, measure: MeasureText, title: string): string {
  const pen = new SvgPen(palette, font)
  drawScene(input, pen, measure)
  return pen.file(input.width, input.height, title)
}

/** Null if the browser cannot make a picture of this size. */
export async function pngOf(input: SceneInput, palette: Palette, font: string): Promise<Blob | null> {
  const canvas = document.createElement('canvas')
  const context = canvas.getContext('2d')
  if (!context) return null
  const pen = new CanvasPen(context, palette, font)
  pen.begin(input.width, input.height, pngRatio)
  drawScene(input, pen, pen.measure)
  return new Promise((resolve) => { canvas.toBlob(resolve, 'image/png') })
}
