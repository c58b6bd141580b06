// Every act and every refusal, on the simulator.
import { readScenario, type Scenario } from '../../scenario'
import type { TraceEvent } from '../../trace'
import { describeActs, scenarioUnderTest } from '../testing/acts-acceptance'
import { SimulatorStage } from './simulator-stage'

describeActs('the simulator', async () => {
  const events: TraceEvent[] = []
  const stage = new SimulatorStage(readScenario('acts', scenarioUnderTest).scenario as Scenario, '1')
  stage.listen((event) => events.push(event))
  await stage.until(() => events.some((event) => event.type === 'view-acked' && event.view.viewnum === 2), 10_000, false)
  return { stage, events, close: () => Promise.resolve() }
})
