// When the process stage evaluates a condition: after each event, and a costly one also after the last event.
import { describe, expect, it, onTestFinished, vi } from 'vitest'
import { defaultSettings } from '../../protocol'
import { traceVersion, type TraceHeader } from '../../trace'
import type { RunningCluster } from '../cluster-seam'
import { ProcessStage } from './process-stage'

const header: TraceHeader = {
  understudy: 'recording', version: traceVersion, source: 'live', title: '', createdAt: '2026-01-01T00:00:00.000Z', settings: defaultSettings,
  seed: '1', protocolHash: 'unbuilt', nodes: [], parent: null,
}
/** The cluster is unused: the test passes events to the stage. */
const stageWithEvents = (): { stage: ProcessStage; tell: (count: number) => void; seen: () => number } => {
  const stage = new ProcessStage(header, {} as RunningCluster)
  let seq = 0
  let seen = 0
  stage.listen(() => { seen++ })
  const line = (): string => JSON.stringify({ type: 'lab-note', seq: ++seq, at: seq, wall: seq, text: '', node: '' })
  return { stage, seen: () => seen, tell: (count) => stage.take({ from: seq + 1, count, text: Array.from({ length: count }, line).join('\n') }) }
}

describe('a condition on real processes', () => {
  it('that costs little is asked after each event', async () => {
    const { stage, tell, seen } = stageWithEvents()
    let askedAt = 0
    const met = stage.until(() => {
      askedAt = seen()
      return seen() === 3
    }, 10_000, false)
    tell(5)
    await expect(met).resolves.toBe(true)
    expect(askedAt).toBe(3)
  })

  it('that costs much is asked again although nothing comes after the event that met it', async () => {
    vi.useFakeTimers()
    onTestFinished(() => { vi.useRealTimers() })
    const { stage, tell, seen } = stageWithEvents()
    let asked = 0
    const met = stage.until(() => {
      asked++
      return seen() >= 3
    }, 10_000, true)
    tell(1)
    await vi.advanceTimersByTimeAsync(1)
    // Too soon for an immediate evaluation; and the cluster is frozen, so no further event comes.
    tell(2)
    await vi.advanceTimersByTimeAsync(20)
    await expect(met).resolves.toBe(true)
    expect(asked).toBe(3)
  })

  it('that never comes is given up at its limit', async () => {
    vi.useFakeTimers()
    onTestFinished(() => { vi.useRealTimers() })
    const { stage, tell } = stageWithEvents()
    const met = stage.until(() => false, 500, true)
    tell(2)
    await vi.advanceTimersByTimeAsync(500)
    await expect(met).resolves.toBe(false)
    expect(vi.getTimerCount()).toBe(0)
  })
})
