// Collects the licences of all bundled packages into one text. The list comes from the build's source maps, so it must never miss a package.
import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { root } from './install.mjs'

/** The sorted names of the packages that are bundled into the built files below a folder. */
export function builtInPackages(folder = join(root, 'out')) {
  const names = new Set()
  for (const name of readdirSync(folder, { recursive: true }).filter((path) => path.endsWith('.map'))) {
    const { sources = [] } = JSON.parse(readFileSync(join(folder, name), 'utf8'))
    for (const source of sources) {
      const [, found] = /.*node_modules\/((?:@[^/]+\/)?[^/]+)\//.exec(source) ?? []
      if (found !== undefined) names.add(found)
    }
  }
  return [...names].sort()
}

/** One section for each package: name, version, kind of licence, and licence text. */
export function licencesText(names = builtInPackages(), modules = join(root, 'node_modules')) {
  const parts = names.map((name) => {
    const folder = join(modules, name)
    const { version, license } = JSON.parse(readFileSync(join(folder, 'package.json'), 'utf8'))
    const file = readdirSync(folder).find((each) => /^licen[cs]e/i.test(each))
    return `${name} ${version}: ${license}\n\n${file === undefined ? 'It comes without a text of its licence.' : readFileSync(join(folder, file), 'utf8').trim()}\n`
  })
  return `Understudy is built with these packages.\n\n${parts.join(`\n${'-'.repeat(80)}\n\n`)}`
}
