// Every act and every refusal, on the switchboard and the nodes' real programs in one process, in virtual time.
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { expect } from 'vitest'
import { startCluster } from '../../cluster'
import { MemoryHost } from '../../cluster/testing/memory-host'
import { pass, useVirtualTime } from '../../cluster/testing/virtual-time'
import { readScenario, type Scenario, type Stage } from '../../scenario'
import type { TraceEvent } from '../../trace'
import { scenarioHeader } from '../play-scenario'
import { describeActs, scenarioUnderTest } from '../testing/acts-acceptance'
import { ProcessStage } from './process-stage'

useVirtualTime()

describeActs('the switchboard in memory', async () => {
  const folder = mkdtempSync(join(tmpdir(), 'understudy-memory-'))
  const header = scenarioHeader(readScenario('acts', scenarioUnderTest).scenario as Scenario, { seed: '1', protocolHash: 'unbuilt', createdAt: new Date() })
  const opened: { stage?: ProcessStage } = {}
  const events: TraceEvent[] = []
  const early: Parameters<ProcessStage['take']>[0][] = []
  const host = new MemoryHost()
  const cluster = await pass(startCluster({
    header, recordingPath: join(folder, 'r.jsonl'), nodeProgram: '', switchboardProgram: '', host,
    onEvents: (lines) => void (opened.stage ? opened.stage.take(lines) : early.push(lines)), onRecording: () => undefined, onEnded: () => undefined,
  }))
  const stage = new ProcessStage(header, cluster)
  opened.stage = stage
  for (const lines of early) stage.take(lines)
  stage.listen((event) => events.push(event))
  await pass(stage.until(() => events.some((event) => event.type === 'view-acked' && event.view.viewnum === 2), 40_000, false))
  const played: Pick<Stage, 'perform' | 'until'> = {
    perform: (act) => pass(stage.perform(act)), until: (done, ms, isCostly) => pass(Promise.resolve(stage.until(done, ms, isCostly))),
  }
  return {
    stage: played as Stage, events,
    close: async () => {
      await pass(cluster.stop())
      expect(host.hasKilledSwitchboard, 'it ends with its pipe').toBe(false)
      rmSync(folder, { recursive: true, force: true })
    },
  }
})
