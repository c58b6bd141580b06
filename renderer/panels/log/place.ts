// The place of a list that belongs to a field: below it, or above it if there is more room. Pure; sizes in CSS px of the window.

export interface Box { readonly left: number; readonly top: number; readonly bottom: number; readonly width: number }

interface Size {
  readonly width: number
  readonly height: number
}

export interface Placed {
  readonly left: string
  readonly width: string
  readonly maxHeight: string
  readonly top?: string
  readonly bottom?: string
}

const gap = 4
const margin = 8

export function placeBeside(field: Box, window: Size, wanted: Size): Placed {
  const width = Math.min(Math.max(field.width, wanted.width), window.width - 2 * margin)
  const left = Math.max(margin, Math.min(field.left, window.width - width - margin))
  const below = window.height - field.bottom - gap - margin
  const above = field.top - gap - margin
  const across = { left: `${left}px`, width: `${width}px` }
  if (below >= wanted.height || below >= above) return { ...across, top: `${field.bottom + gap}px`, maxHeight: `${Math.min(wanted.height, below)}px` }
  return { ...across, bottom: `${window.height - field.top + gap}px`, maxHeight: `${Math.min(wanted.height, above)}px` }
}
