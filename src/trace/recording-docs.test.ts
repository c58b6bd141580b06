// docs/recording.md is kept true: each event type has its section, each field is listed with its kind, each example is a valid event.
import { readFileSync } from 'node:fs'
import { describe, expect, it } from 'vitest'
import { createRecordingReader } from './codec'
import { eventFields, eventProblem } from './event-fields'

const page = readFileSync(new URL('../../docs/recording.md', import.meta.url), 'utf8')

/** The text under each heading of one event. */
const sections = new Map([...page.matchAll(/^### `([a-z-]+)`\n([\s\S]*?)(?=^##)/gm)].map(([, type = '', text = '']) => [type, text]))

describe('docs/recording.md', () => {
  it('has a section for every event type, and for none that does not exist', () => {
    expect([...sections.keys()].sort()).toEqual(Object.keys(eventFields).sort())
  })

  it.each(Object.entries(eventFields))('lists the fields of %s with their kinds', (type, fields) => {
    const listed = [...(sections.get(type) ?? '').matchAll(/^- `(\w+)` \(([a-z?]+)\): \S/gm)].map(([, field, kind]) => [field, kind])
    expect(Object.fromEntries(listed)).toEqual(fields)
  })

  it.each(Object.keys(eventFields))('has an example of %s that is a valid event with no other fields', (type) => {
    const example = /^```json\n(.+)\n```$/m.exec(sections.get(type) ?? '')?.[1] ?? ''
    const event = JSON.parse(example) as Record<string, unknown>
    expect(eventProblem(event, 1)).toBeUndefined()
    const known = ['seq', 'at', 'wall', 'type', ...Object.keys(eventFields[type as keyof typeof eventFields])]
    const mayLack = Object.entries(eventFields[type as keyof typeof eventFields]).filter(([, kind]) => kind === 'alias').map(([field]) => field)
    expect([...new Set([...Object.keys(event), ...mayLack])].sort()).toEqual(known.sort())
    expect(event.type).toBe(type)
  })

  it('has a header that opens', () => {
    const header = /^```json header\n(.+)\n```$/m.exec(page)?.[1] ?? ''
    const reader = createRecordingReader()
    reader.push(`${header}\n`)
    expect(reader.end().header.title).toBe('failover')
  })
})
