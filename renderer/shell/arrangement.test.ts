import { describe, expect, it } from 'vitest'
import { arrange } from './arrangement'

describe('the arrangement of the window', () => {
  it('shows everything at 1280 by 800', () => {
    expect(arrange(1280, 800)).toEqual({ columns: 'wide', diagramAbove: true, legend: true, timeLine: true })
  })

  it('gives up the inspector, then the left, then all but one panel as the window narrows', () => {
    expect([1180, 1179, 979, 859].map((width) => arrange(width, 800).columns)).toEqual(['wide', 'drawer', 'rail', 'single'])
  })

  it('gives up the legend, makes the diagram a tab, and then takes the time line away as the window gets lower', () => {
    expect(arrange(1280, 719)).toEqual({ columns: 'wide', diagramAbove: true, legend: false, timeLine: true })
    expect(arrange(1280, 599)).toEqual({ columns: 'wide', diagramAbove: false, legend: false, timeLine: true })
    expect(arrange(1280, 479)).toEqual({ columns: 'wide', diagramAbove: false, legend: false, timeLine: false })
  })

  it('shows one panel at a time at 200 % zoom of a small screen', () => {
    expect(arrange(640, 400)).toEqual({ columns: 'single', diagramAbove: false, legend: false, timeLine: false })
  })
})
