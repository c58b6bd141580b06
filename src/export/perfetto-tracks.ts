// The open slices of each track of a Chrome trace. A slice is written when it ends, with its duration. Slices of one track must always nest:
// an inner slice ends first.

/** One event of the Chrome trace format; https://ui.perfetto.dev reads it. */
export interface ChromeEvent {
  /** X: a slice. i: an instant. s, f: an arrow's start and end. C: a counter. M: a name. */
  readonly ph: 'X' | 'i' | 's' | 'f' | 'C' | 'M'
  readonly name: string
  readonly pid: number
  readonly tid: number
  /** Microseconds. */
  readonly ts?: number
  readonly dur?: number
  readonly cat?: string
  readonly id?: string
  readonly s?: 't' | 'p' | 'g'
  readonly bp?: 'e'
  readonly args?: Readonly<Record<string, unknown>>
}

/** A list entry, with the comma before it. */
export function traceRecord(event: ChromeEvent): string {
  return `,\n${JSON.stringify(event)}`
}

/** How many events a part of the list has: each is on a line of its own. */
export function recordsIn(text: string): number {
  let count = 0
  for (let at = text.indexOf(',\n{'); at !== -1; at = text.indexOf(',\n{', at + 1)) count++
  return count
}

interface OpenSlice {
  readonly name: string
  readonly ts: number
  readonly args: Readonly<Record<string, unknown>>
}

interface Track {
  readonly pid: number
  readonly tid: number
  /** Outermost first. */
  readonly open: OpenSlice[]
}

export class SliceTracks {
  readonly #tracks = new Map<string, Track>()

  open(pid: number, tid: number, name: string, ts: number, args: Readonly<Record<string, unknown>>): void {
    const key = `${pid}.${tid}`
    const track = this.#tracks.get(key) ?? { pid, tid, open: [] }
    this.#tracks.set(key, track)
    track.open.push({ name, ts, args })
  }

  /** How many nested slices are open on the track. */
  depth(pid: number, tid: number): number {
    return this.#tracks.get(`${pid}.${tid}`)?.open.length ?? 0
  }

  /** Ends the innermost slice of the track; writes nothing if none is open. */
  close(pid: number, tid: number, at: number, more: Readonly<Record<string, unknown>> = {}): string {
    const slice = this.#tracks.get(`${pid}.${tid}`)?.open.pop()
    if (!slice) return ''
    return traceRecord({ ph: 'X', name: slice.name, pid, tid, ts: slice.ts, dur: Math.max(0, at - slice.ts), args: { ...slice.args, ...more } })
  }

  closeTrack(pid: number, tid: number, at: number, more: Readonly<Record<string, unknown>> = {}): string {
    let text = ''
    while (this.depth(pid, tid) > 0) text += this.close(pid, tid, at, more)
    return text
  }

  closeAll(at: number): string {
    return [...this.#tracks.values()].map(({ pid, tid }) => this.closeTrack(pid, tid, at)).join('')
  }
}
