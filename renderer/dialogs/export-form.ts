// The Export dialog as values: the chosen events, the problem of a range, and the text beside it. Pure.
// The lab checks the range again.
import { exportName, wholeRecording, type ExportFormat, type ExportRange } from '../../src/export'
import { countText } from '../words/figures'

export type RangeChoice = 'whole' | 'view' | 'cursor' | 'range'

export interface ExportForm {
  choice: RangeChoice
  /** As typed; NaN where the text is no number. Used only with `range`. */
  from: number
  to: number
}

export interface ExportFacts {
  /** seq of the session's newest event. */
  readonly latest: number
  /** seq of the event at the cursor. */
  readonly cursor: number
  readonly follows: boolean
  /** The range that the diagram shows now; null without a diagram or an event in view. */
  readonly view: ExportRange | null
  /** Name or path of the recording. */
  readonly recording: string
  readonly isLive: boolean
  /** The lab has not read all of the file yet. */
  readonly isReading: boolean
}

/** The chosen events; null if the form has a problem. */
export function rangeOf(form: ExportForm, facts: ExportFacts): ExportRange | null {
  if (rangeProblem(form, facts) !== '') return null
  switch (form.choice) {
    case 'whole': return wholeRecording
    case 'view': return facts.view
    case 'cursor': return { from: 1, to: facts.cursor }
    case 'range': return { from: form.from, to: form.to }
  }
}

/** Why a choice is not possible now; '' if it is. */
export function choiceProblem(choice: RangeChoice, { cursor, follows, view }: ExportFacts): string {
  switch (choice) {
    case 'whole':
    case 'range': return ''
    case 'view': return view === null ? 'The diagram shows no event.' : ''
    case 'cursor': return follows ? 'The cursor is at the newest event.' : cursor < 1 ? 'The cursor is before the first event.' : ''
  }
}

export function rangeProblem(form: ExportForm, facts: ExportFacts): string {
  const { choice, from, to } = form
  if (facts.latest < 1) return 'The session has no event yet.'
  if (choice !== 'range') return choiceProblem(choice, facts)
  if (!Number.isSafeInteger(from) || !Number.isSafeInteger(to)) return 'Events are whole numbers.'
  if (from < 1) return 'The first event is 1.'
  if (from > facts.latest) return `The newest event is ${countText(facts.latest)}.`
  if (to < from) return `The range ends before event ${countText(from)}.`
  return ''
}

/** The text beside a choice: "412 to 1 204, 793 events". */
export function rangeText({ from, to }: ExportRange, latest: number): string {
  const last = Math.min(to, latest)
  const count = Math.max(0, last - from + 1)
  return `${countText(from)} to ${countText(last)}, ${countText(count)} ${count === 1 ? 'event' : 'events'}`
}

export function nameOf(form: ExportForm, format: ExportFormat, facts: ExportFacts): string {
  return exportName(facts.recording, format, rangeOf(form, facts) ?? wholeRecording, facts.latest)
}

/** Which events the file will not contain, although a person may expect them; '' if none. */
export function limitText({ choice, to }: ExportForm, { latest, isLive, isReading }: ExportFacts): string {
  const isToTheEnd = choice === 'whole' || choice === 'range' && to >= latest
  if (!isToTheEnd) return ''
  if (isReading) return 'The file is still being read: what has been read by then is exported.'
  return isLive ? 'The session goes on: what happens after the export has begun is not in it.' : ''
}
