// Every act and every refusal, on real processes.
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { startCluster } from '../../cluster'
import { programs } from '../../cluster/testing/cluster-harness'
import { readScenario, type Scenario } from '../../scenario'
import type { TraceEvent } from '../../trace'
import type { EventLines } from '../cluster-seam'
import { scenarioHeader } from '../play-scenario'
import { describeActs, scenarioUnderTest } from '../testing/acts-acceptance'
import { ProcessStage } from './process-stage'

describeActs('processes', async () => {
  const folder = mkdtempSync(join(tmpdir(), 'understudy-acts-'))
  const header = scenarioHeader(readScenario('acts', scenarioUnderTest).scenario as Scenario, { seed: '1', protocolHash: 'unbuilt', createdAt: new Date() })
  const early: EventLines[] = []
  const opened: { stage?: ProcessStage } = {}
  const cluster = await startCluster({
    header, recordingPath: join(folder, 'r.jsonl'), nodeProgram: join(programs, 'node.js'), switchboardProgram: join(programs, 'switchboard.js'),
    onEvents: (lines) => {
      if (opened.stage) opened.stage.take(lines)
      else early.push(lines)
    },
    onRecording: () => undefined, onEnded: () => undefined,
  })
  const stage = new ProcessStage(header, cluster)
  opened.stage = stage
  for (const lines of early) stage.take(lines)
  const events: TraceEvent[] = []
  stage.listen((event) => events.push(event))
  await stage.until(() => events.some((event) => event.type === 'view-acked' && event.view.viewnum === 2), 40_000, false)
  return {
    stage, events,
    close: async () => {
      await cluster.stop()
      rmSync(folder, { recursive: true, force: true })
    },
  }
})
