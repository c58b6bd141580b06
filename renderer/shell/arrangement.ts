// Which panels fit side by side in a window of this size. Pure. Sizes are in CSS px, so zoom counts.

/**
 * `wide`: left, centre, inspector. `drawer`: the inspector lies over the centre. `rail`: the left is a rail of glyphs too.
 * `single`: one panel at a time, with tabs.
 */
export type Columns = 'wide' | 'drawer' | 'rail' | 'single'

export interface Arrangement {
  readonly columns: Columns
  /** The diagram has a place of its own above the tabs; else it is one of the tabs. */
  readonly diagramAbove: boolean
  /** There is a legend below the diagram. */
  readonly legend: boolean
  readonly timeLine: boolean
}

export function arrange(width: number, height: number): Arrangement {
  const columns = width < 860 ? 'single' : width < 980 ? 'rail' : width < 1180 ? 'drawer' : 'wide'
  const isSingle = columns === 'single'
  return { columns, diagramAbove: !isSingle && height >= 600, legend: !isSingle && height >= 720, timeLine: !isSingle && height >= 480 }
}
