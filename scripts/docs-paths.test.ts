// The documentation names project files and links between pages: all of them exist.
import { existsSync, readdirSync, readFileSync } from 'node:fs'
import { dirname, join, resolve } from 'node:path'
import { expect, test } from 'vitest'

const root = resolve(import.meta.dirname, '..')
const inFolder = (folder: string): string[] => readdirSync(join(root, folder)).filter((name) => name.endsWith('.md')).map((name) => join(folder, name))
const pages = [...inFolder('.'), ...inFolder('docs'), ...inFolder('docs/decisions')]

test.each(pages)('%s names what is there', (page) => {
  const text = readFileSync(join(root, page), 'utf8').replace(/```[^]*?```/g, '')
  const named = [...text.matchAll(/`((?:src|renderer|e2e|scripts|docs|main|bin|scenarios)\/[\w./-]+)`/g)].map(([, path]) => join(root, path ?? ''))
  const linked = [...text.matchAll(/\]\((?!https?:|#)([^)#\s]+)(?:#[^)]*)?\)/g)].map(([, path]) => resolve(root, dirname(page), path ?? ''))
  expect([...named, ...linked].filter((path) => !existsSync(path)).map((path) => path.slice(root.length + 1))).toEqual([])
})
