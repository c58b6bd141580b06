// What other rooms may use of the exports.
export { exporters, exportFormats, isExportFormat, type ExportFormat } from './exporters'
export { exportPieces, wholeRecording, type Exporter, type ExportRange, type ExportWriter } from './exporter'
export { exportName } from './export-name'
export { EdnProblem } from './edn-reader'
export { historyOperationsMax, readHistory, singleKey, type ImportedHistory, type ImportedOperation, type ImportedOutcome } from './history'
