import { describe, expect, test } from 'vitest'
import { heightMax, rowWindow, scrollTopFor } from './row-window'

describe('the window of a long list', () => {
  test('shows the first rows at the top and the last row at the bottom', () => {
    expect(rowWindow(100, 20, 200, 0)).toMatchObject({ height: 2000, first: 0, end: 11, top: 0 })
    expect(rowWindow(100, 20, 200, 1800)).toMatchObject({ first: 90, end: 100 })
  })

  test('reaches every row of a million, whatever the row height', () => {
    for (const rowHeight of [20, 24, 60]) {
      const { height } = rowWindow(1_000_000, rowHeight, 600, 0)
      expect(height).toBe(heightMax)
      expect(rowWindow(1_000_000, rowHeight, 600, height - 600).end).toBe(1_000_000)
    }
  })

  test('puts a row where it was asked for, scaled or not', () => {
    for (const count of [500, 1_000_000]) {
      for (const row of [0, 37, Math.floor(count / 2), count - 1]) {
        const { first, end } = rowWindow(count, 22, 440, scrollTopFor(row, 0.66, count, 22, 440))
        expect(row).toBeGreaterThanOrEqual(first)
        expect(row).toBeLessThan(end)
      }
    }
  })

  test('is empty for no rows, and whole for a list that fits', () => {
    expect(rowWindow(0, 20, 200, 0)).toMatchObject({ height: 0, end: 0 })
    expect(rowWindow(3, 20, 200, 0)).toMatchObject({ first: 0, end: 3, top: 0 })
    expect(scrollTopFor(2, 0.5, 3, 20, 200)).toBe(0)
  })
})
