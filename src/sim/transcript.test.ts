// The protocol as conversations: every transcript in testdata runs again and must read the same.
// Refresh with `npx vitest run src/sim/transcript.test.ts -u`, and only if you can explain the difference.
import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { SlabStore } from '../protocol'
import { runTranscript } from './testing/transcript'

const folder = join(import.meta.dirname, 'testdata')

for (const file of readdirSync(folder).filter((name) => name.endsWith('.txt')).sort()) {
  const path = join(folder, file)
  const text = readFileSync(path, 'utf8')
  const title = text.split('\n')[0]?.replace(/^# /, '') ?? file
  test(`${file.replace('.txt', '')}: ${title}`, async () => {
    await expect(runTranscript(text)).toMatchFileSnapshot(path)
    // Processes use another store, and the difference must not show.
    expect(runTranscript(text, { makeStore: (settings) => new SlabStore(settings) })).toBe(runTranscript(text))
  })
}
