// What other folders of src may use of the scenarios.
export { readScenario, type ReadScenario, type ScenarioProblem } from './read'
export { runScenario, type RunOptions, type ScenarioResult, type StepResult } from './run'
export { nodeNames, withMutants, type Scenario, type ScenarioStepLine } from './scenario'
export { scenarioBytesMax, scenarioJsonSchema, type ScenarioText } from './schema'
export { formatScenario } from './write'
export type { Stage } from './stage'
export { reportJsonSchema, reportOf, reportedScenario, type Report, type ReportedScenario } from './report'
export { formatReport, reportEndings, reportFormats, summary, type ReportFormat } from './report-forms'
