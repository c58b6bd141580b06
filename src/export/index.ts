// What other rooms may use of the exports.
export { exporters, exportFormats, isExportFormat, type ExportFormat } from './exporters'
export { exportPieces, wholeRecording, type Exporter, type ExportRange, type ExportWriter } from './exporter'
export { exportName } from './export-name'
export { EdnProblem } from './edn-reader'
export { HistoryProblem, historyLanesMax, historyRecording, type HistoryFacts } from './history-recording'
export { historyOperationsMax, HistoryReading, readHistory, singleKey, type ImportedHistory, type ImportedOperation, type ImportedOutcome } from './history'
export { historyOperations } from './history-operations'
