import { describe, expect, it } from 'vitest'
import { exportName } from './export-name'

describe('the name of an export', () => {
  it.each([
    ['failover.jsonl', 'failover.mmd'],
    ['/home/ann/recordings/2026-01-02 failover.jsonl.gz', '2026-01-02 failover.mmd'],
    ['C:\\labs\\one.two.gz', 'one.two.mmd'],
    ['.jsonl', 'recording.mmd'],
    ['', 'recording.mmd'],
  ])('of %j is %j', (recording, name) => {
    expect(exportName(recording, 'mermaid')).toBe(name)
  })

  it('has the range where it is not the whole', () => {
    expect(exportName('a.jsonl', 'csv', { from: 3, to: 9 }, 20)).toBe('a-3-9.csv')
    expect(exportName('a.jsonl', 'csv', { from: 3, to: Number.MAX_SAFE_INTEGER }, 20)).toBe('a-3-20.csv')
    expect(exportName('a.jsonl', 'csv', { from: 1, to: 9 }, 20)).toBe('a-1-9.csv')
    expect(exportName('a.jsonl', 'csv', { from: 1, to: 20 }, 20)).toBe('a.csv')
  })
})
