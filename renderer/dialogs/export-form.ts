// The Export dialog as values: which events are meant, what is wrong with a range, and what is said beside it. Pure.
// The lab checks the range again.
import { exportName, wholeRecording, type ExportFormat, type ExportRange } from '../../src/export'
import { countText } from '../shell/bar'

export type RangeChoice = 'whole' | 'view' | 'cursor' | 'range'

export interface ExportForm {
  choice: RangeChoice
  /** As typed; NaN where it is no number. They count with `range` alone. */
  from: number
  to: number
}

export interface ExportFacts {
  /** seq of the session's newest event. */
  readonly latest: number
  /** seq of the event at the cursor. */
  readonly cursor: number
  readonly follows: boolean
  /** What the diagram shows now; null without one. */
  readonly view: ExportRange | null
  /** Name or path of the recording. */
  readonly recording: string
  readonly isLive: boolean
  /** The lab has not read all of the file yet. */
  readonly isReading: boolean
}

/** The events that the form means; null where it is not right. */
export function rangeOf(form: ExportForm, facts: ExportFacts): ExportRange | null {
  if (rangeProblem(form, facts) !== '') return null
  switch (form.choice) {
    case 'whole': return wholeRecording
    case 'view': return facts.view
    case 'cursor': return { from: 1, to: facts.cursor }
    case 'range': return { from: form.from, to: form.to }
  }
}

/** Why a choice cannot be taken now; '' when it can. */
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

/** What stands beside a choice: "412 to 1 204, 793 events". */
export function rangeText({ from, to }: ExportRange, latest: number): string {
  const last = Math.min(to, latest)
  const count = Math.max(0, last - from + 1)
  return `${countText(from)} to ${countText(last)}, ${countText(count)} ${count === 1 ? 'event' : 'events'}`
}

export function nameOf(form: ExportForm, format: ExportFormat, facts: ExportFacts): string {
  return exportName(facts.recording, format, rangeOf(form, facts) ?? wholeRecording, facts.latest)
}

/** What the file will not have, although a person might think so; '' if nothing. */
export function limitText({ choice, to }: ExportForm, { latest, isLive, isReading }: ExportFacts): string {
  const isToTheEnd = choice === 'whole' || choice === 'range' && to >= latest
  if (!isToTheEnd) return ''
  if (isReading) return 'The file is still being read: what has been read by then is exported.'
  return isLive ? 'The session goes on: what happens after the export has begun is not in it.' : ''
}
