// docs/exports.md has a section for each format, and the command lists the same formats.
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, it } from 'vitest'
import { exporters, exportFormats } from './exporters'

const docs = readFileSync(join(import.meta.dirname, '../../docs/exports.md'), 'utf8')
const readme = readFileSync(join(import.meta.dirname, '../../README.md'), 'utf8')

it('every format has a section, a row with its file ending, and its name in the README', () => {
  expect([...docs.matchAll(/^## (\w+)$/gm)].map(([, name]) => name)).toEqual(exportFormats)
  for (const name of exportFormats) {
    expect(docs, name).toContain(`| [\`${name}\`](#${name}) | \`${exporters[name].extension}\` |`)
    expect(readme, name).toContain(`\`${name}\``)
  }
})
