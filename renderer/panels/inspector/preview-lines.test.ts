import { describe, expect, it } from 'vitest'
import type { Preview } from '../../../src/check'
import { previewLines, previewLinesMax } from './preview-lines'

const client = (viewnum: number): Preview['before'] => ({ kind: 'client', view: { viewnum, primary: { name: 's1', incarnation: 1, address: '' }, backups: [] }, sessions: [] } as never)
const preview = (more: Partial<Preview>): Preview => ({ node: 'c1', before: client(1), after: client(1), sends: [], reports: [], breaks: '', ...more })

describe('the lines of a preview', () => {
  it('are what changes, then what is reported and sent', () => {
    const sends = [{ to: 's1', message: { type: 'ping', name: 'c1', incarnation: 1, viewnum: 2 } as never }]
    expect(previewLines(preview({ after: client(2), reports: [{ type: 'view-cached', viewnum: 2 }], sends }))).toEqual([
      { sign: '-', text: 'view: 1: s1 primary, no backup' }, { sign: '+', text: 'view: 2: s1 primary, no backup' },
      { sign: '+', text: 'knows view view 2' }, { sign: '+', text: 'sends ping to s1 view 2' },
    ])
  })

  it('are none when nothing would happen, and never too many', () => {
    expect(previewLines(preview({}))).toEqual([])
    const many = Array.from({ length: 100 }, () => ({ type: 'note', text: 'x' }) as const)
    expect(previewLines(preview({ reports: many })).at(-1)?.text).toBe(`… ${100 - previewLinesMax} lines more`)
  })
})
