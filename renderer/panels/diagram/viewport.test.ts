import { describe, expect, it } from 'vitest'
import { firstViewport, fit, follow, pan, reveal, zoom, type Extent, type Viewport } from './viewport'

const extent: Extent = { first: 0, last: 60_000_000 }

describe('what of the axis is in view', () => {
  it('follows the newest event with a little room to its right, and keeps its span', () => {
    const first = firstViewport('real', extent, 1000)
    expect(first.to).toBeGreaterThan(extent.last)
    const later = follow(first, { first: 0, last: 61_000_000 })
    expect([Math.round(later.to - first.to), Math.round(later.to - later.from)]).toEqual([1_000_000, Math.round(first.to - first.from)])
  })

  it('begins at the left edge while the session is shorter than the view', () => {
    expect(firstViewport('real', { first: 0, last: 1000 }, 1000).from).toBe(0)
  })

  it('zooms around a place that stays where it is, and not beyond its limits', () => {
    const view = { from: 10_000_000, to: 12_000_000, follows: false }
    const near = zoom(view, 'real', 4, 10_500_000, extent)
    expect([near.from, near.to]).toEqual([10_375_000, 10_875_000])
    let all: Viewport = view
    for (let times = 0; times < 40; times++) all = zoom(all, 'real', 2, 10_500_000, extent)
    expect(all.to - all.from).toBeCloseTo(20, 6)
    for (let times = 0; times < 80; times++) all = zoom(all, 'real', 0.5, 10_500_000, extent)
    expect(all.to - all.from).toBe(72_000_000)
  })

  it('still follows after a zoom while it follows', () => {
    const near = zoom(firstViewport('real', extent, 1000), 'real', 2, 1, extent)
    expect(near.follows && near.to > extent.last).toBe(true)
  })

  it('makes room for what comes when a session that has just begun is zoomed out', () => {
    const young = { first: 0, last: 300_000 }
    let view = firstViewport('real', young, 690)
    for (let times = 0; times < 5; times++) view = zoom(view, 'real', 1 / 1.5, view.to, young)
    expect(view.to - view.from).toBeGreaterThan(5_000_000)
    for (let times = 0; times < 40; times++) view = zoom(view, 'real', 1 / 1.5, view.to, young)
    expect([view.from, Math.round(view.to)]).toEqual([0, 60_000_000])
  })

  it('never leaves the session when it is moved', () => {
    const view = { from: 10_000_000, to: 12_000_000, follows: true }
    expect(pan(view, 1_000_000, extent)).toEqual({ from: 11_000_000, to: 13_000_000, follows: false })
    expect([pan(view, -1e12, extent).from, pan(view, 1e12, extent).from]).toEqual([-1_600_000, 59_600_000])
  })

  it('shows everything, and brings a place in sight without moving for what is there', () => {
    const all = fit('real', extent)
    expect(all.from < 0 && all.to > extent.last).toBe(true)
    const view = { from: 10_000_000, to: 12_000_000, follows: false }
    expect(reveal(view, 11_000_000, extent)).toBe(view)
    expect(reveal(view, 30_000_000, extent)).toEqual({ from: 30_000_000 - 2_000_000 * 2 / 3, to: 30_000_000 + 2_000_000 / 3, follows: false })
  })
})
