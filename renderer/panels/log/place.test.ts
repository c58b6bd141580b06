import { describe, expect, test } from 'vitest'
import { placeBeside } from './place'

const window = { width: 1000, height: 800 }
const wanted = { width: 300, height: 200 }

describe('a list beside its field', () => {
  test('lies below, and above where there is more room', () => {
    expect(placeBeside({ left: 100, top: 100, bottom: 126, width: 200 }, window, wanted)).toEqual({ left: '100px', width: '300px', top: '130px', maxHeight: '200px' })
    expect(placeBeside({ left: 100, top: 700, bottom: 726, width: 200 }, window, wanted)).toMatchObject({ bottom: '104px', maxHeight: '200px' })
  })

  test('stays inside the window, and scrolls where it is too low', () => {
    expect(placeBeside({ left: 900, top: 100, bottom: 126, width: 90 }, window, wanted).left).toBe('692px')
    expect(placeBeside({ left: 0, top: 60, bottom: 86, width: 90 }, { width: 250, height: 200 }, wanted)).toMatchObject({ left: '8px', width: '234px', maxHeight: '102px' })
  })
})
