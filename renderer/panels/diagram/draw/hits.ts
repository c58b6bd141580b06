// Finds the event under the pointer in the last drawn picture. Filled while drawing, queried between drawings. Pure.

/** Largest distance of the pointer from a line or mark, in px. */
const reachPx = 6
/** Numbers stored for each arrow: its two ends in px, and the events at its ends. */
const perArrow = 6

export class Hits {
  readonly #arrows: number[] = []
  readonly #points: { readonly x: number; readonly y: number; readonly radius: number; readonly seq: number }[] = []
  readonly #boxes: { readonly x: number; readonly y: number; readonly width: number; readonly height: number; readonly seq: number }[] = []

  arrow(x1: number, y1: number, x2: number, y2: number, from: number, to: number): void {
    this.#arrows.push(x1, y1, x2, y2, from, to)
  }

  point(x: number, y: number, radius: number, seq: number): void {
    this.#points.push({ x, y, radius, seq })
  }

  box(x: number, y: number, width: number, height: number, seq: number): void {
    this.#boxes.push({ x, y, width, height, seq })
  }

  /** The event under a pointer: a mark first, then the nearest arrow (the event at its nearer end), then a bar; 0 for none. */
  find(x: number, y: number): number {
    let best = 0
    let distance = Infinity
    for (const point of this.#points) {
      const away = Math.hypot(point.x - x, point.y - y)
      if (away > Math.max(reachPx, point.radius) || away >= distance) continue
      distance = away
      best = point.seq
    }
    return best || this.#arrowAt(x, y) || this.#boxAt(x, y)
  }

  #arrowAt(x: number, y: number): number {
    let best = 0
    let distance = reachPx
    for (let at = 0; at < this.#arrows.length; at += perArrow) {
      const [x1, y1, x2, y2] = [this.#arrows[at] as number, this.#arrows[at + 1] as number, this.#arrows[at + 2] as number, this.#arrows[at + 3] as number]
      if (x < Math.min(x1, x2) - reachPx || x > Math.max(x1, x2) + reachPx || y < Math.min(y1, y2) - reachPx || y > Math.max(y1, y2) + reachPx) continue
      const length = (x2 - x1) ** 2 + (y2 - y1) ** 2
      const along = length === 0 ? 0 : Math.max(0, Math.min(1, ((x - x1) * (x2 - x1) + (y - y1) * (y2 - y1)) / length))
      const away = Math.hypot(x1 + along * (x2 - x1) - x, y1 + along * (y2 - y1) - y)
      if (away >= distance) continue
      distance = away
      best = this.#arrows[at + (along > 0.5 ? 5 : 4)] as number
    }
    return best
  }

  #boxAt(x: number, y: number): number {
    const box = this.#boxes.findLast((found) => x >= found.x && x <= found.x + found.width && y >= found.y && y <= found.y + found.height)
    return box?.seq ?? 0
  }
}
