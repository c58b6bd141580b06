// Finds out whether a stall of the machine caused a view change while a spec ran. It reads the recordings that the lab wrote, because the window
// may show anything when a spec fails. A spec is run again only if it failed for this reason.
import { existsSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { beginState, foldEvent, stalledViewsText, type TraceEvent, type TraceHeader } from '../src/trace'

export const stalledAnnotation = 'stalled'

/** A sentence about the views that a stall caused; empty if there are none. */
export function stalledWhile(dataFolder: string): string {
  const folder = join(dataFolder, 'recordings')
  const names = existsSync(folder) ? readdirSync(folder).filter((name) => name.endsWith('.jsonl')) : []
  for (const name of names) {
    const [header = '', ...lines] = readFileSync(join(folder, name), 'utf8').split('\n')
    const state = beginState(JSON.parse(header) as TraceHeader)
    // The last line may be incomplete.
    for (const line of lines.slice(0, -1)) foldEvent(state, JSON.parse(line) as TraceEvent)
    const sentence = stalledViewsText(state)
    if (sentence !== '') return sentence
  }
  return ''
}

/** The file that marks a test as allowed to run again; the next try looks for it. */
const marker = (outputFolder: string, testId: string): string => join(outputFolder, 'stalled', testId)

export function allowAgain(outputFolder: string, testId: string): void {
  mkdirSync(join(outputFolder, 'stalled'), { recursive: true })
  writeFileSync(marker(outputFolder, testId), '')
}

export function mayRunAgain(outputFolder: string, testId: string): boolean {
  return existsSync(marker(outputFolder, testId))
}
