// Which panels fit side by side in a window of this size. Pure; the workbench only follows it (sizes in CSS px, so zoom counts).

/**
 * `wide`: left, centre, inspector. `drawer`: the inspector lies over the centre. `rail`: the left is a rail of glyphs too.
 * `single`: one panel at a time, with tabs.
 */
export type Columns = 'wide' | 'drawer' | 'rail' | 'single'

export interface Arrangement {
  readonly columns: Columns
  /** The log has a place of its own under the other tabs; else it is one of them. */
  readonly logBelow: boolean
  readonly timeLine: boolean
}

export function arrange(width: number, height: number): Arrangement {
  const columns = width < 860 ? 'single' : width < 980 ? 'rail' : width < 1180 ? 'drawer' : 'wide'
  return { columns, logBelow: columns !== 'single' && height >= 600, timeLine: columns !== 'single' && height >= 480 }
}
