import { describe, expect, it } from 'vitest'
import { clampSize, readKept } from './layout'

describe('the remembered layout', () => {
  it('takes what makes sense and defaults the rest', () => {
    const kept = readKept(JSON.stringify({ sizes: { left: 300, right: 'wide', middle: 3 }, tab: 'views', theme: 'purple', startOnOpen: false }))
    expect(kept).toMatchObject({ sizes: { left: 300 }, tab: 'views', theme: 'system', startOnOpen: false, inspectorOpen: true })
  })

  it('starts fresh from what is no JSON, or nothing', () => {
    for (const text of ['{', 'null', '7', null]) expect(readKept(text)).toMatchObject({ sizes: {}, tab: 'operations', startOnOpen: true })
  })

  it('keeps a size within its limits', () => {
    expect([clampSize('left', 10), clampSize('left', 9999), clampSize('left', 300.4)]).toEqual([232, 520, 300])
    expect(readKept(JSON.stringify({ sizes: { timeline: 5 } })).sizes.timeline).toBe(56)
  })
})
