// A preview as lines of a diff: the changes of the state, then what the node would report and send. Pure.
import { kindOf } from '../../../src/protocol'
import type { Preview } from '../../../src/check'
import { eventLine, messageText } from '../../../src/trace'
import { changes } from './state-lines'

export interface PreviewLine {
  readonly sign: '+' | '-'
  readonly text: string
}

/** Most lines that are shown; further lines are only counted. */
export const previewLinesMax = 40

export function previewLines({ node, before, after, sends, reports }: Preview): PreviewLine[] {
  const lines: PreviewLine[] = [
    ...changes(before, after).map(({ sign, name, value }) => ({ sign, text: `${name}: ${value}` })),
    ...reports.map((report) => ({ sign: '+' as const, text: reportText(node, report) })),
    ...sends.map(({ to, message }) => ({ sign: '+' as const, text: `sends ${kindOf(message)} to ${to} ${messageText(message)}`.trimEnd() })),
  ]
  if (lines.length <= previewLinesMax) return lines
  return [...lines.slice(0, previewLinesMax), { sign: '+', text: `… ${lines.length - previewLinesMax} lines more` }]
}

/** A report in the words of the log. */
function reportText(node: string, report: Preview['reports'][number]): string {
  const { kind, text } = eventLine({ ...report, node, incarnation: 1, step: 0, seq: 0, at: 0, wall: 0 }, () => undefined)
  return `${kind} ${text}`.trimEnd()
}
