// What other rooms may use of the checkers.
export { Conformance, differenceSentence, type Conformity, type NodeDifference } from './conformance'
export { NodeReplay, type Difference, type EventSource, type ReplayCheckpoint } from './restep'
export { ReplayKeeper, type Seen } from './replay-keeper'
export { DeliveryPreview, previewDelivery, type Preview } from './preview'
export { align, rowStates, type Alignment, type AlignOptions, type LaneDifference, type RowState } from './align'
export { EventPrinter, labLane, type Prints } from './event-prints'
export { headerDifferences, type HeaderDifference } from './header-differences'
export { ruleNames, ruleTexts, type Breach, type RuleName, type RuleStanding, type RuleState, type RuleText } from './rules/breach'
export { RuleMonitors } from './rules/rule-monitors'
export { RuleTeller } from './rules/rule-teller'
export {
  defaultLimits, firstError, type HistoryJudgement, type HistoryOperation, type KeyJudgement, type SearchLimits, type Verdict,
} from './linearizability/history'
export { judgeHistory, judgeKey, verdictOf } from './linearizability/judge'
export { HistoryOfTrace } from './linearizability/history-of-trace'
export { LiveHistory, type HistoryError, type HistoryStanding, type Linearizability } from './linearizability/live-history'
export { linearizabilityText, standingSentence } from './linearizability/standing-words'
export { shownValue } from './linearizability/why'
