// The exports' interface for other rooms.
export { exporters, exportFormats, isExportFormat, type ExportFormat } from './exporters'
export { exportPieces, exportText, wholeRecording, type Exporter, type ExportRange, type ExportWriter } from './exporter'
export { exportName } from './export-name'
export { EdnProblem } from './edn-form'
export { isEdnValue } from './history-beginning'
export { historyModels, type HistoryModel } from './history-values'
export { fromTheMiddle, HistoryProblem, historyLanesMax, historyRecording, type HistoryFacts } from './history-recording'
export { HistoryReading, readHistory } from './history'
export {
  historyOperationsMax, missingReads, singleKey, type HistoryOptions, type ImportedHistory, type ImportedOperation, type ImportedOutcome, type MissingReads,
} from './imported-history'
export { failedOperations, historyOperations } from './history-operations'
