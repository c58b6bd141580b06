// Collects the app's files: the programs that the window needs with everything that they load, the window, and the scenarios.
// It must include no source, no source map and no bench.
import { cpSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { root } from '../install.mjs'
import { licencesText } from '../licences.mjs'

/** Programs that plain Node runs. It cannot read an archive, so they and their imports are unpacked beside it. */
export const plainPrograms = ['node.js', 'switchboard.js', 'explore-worker.js', 'scenario-worker.js']

const beside = `Beside the program lie the licences of Electron (LICENSE), of Chromium (LICENSES.chromium.html) and of Node (resources/runtime/LICENSE.node).
`

/** Every built file that these load, themselves included. */
export function closure(names, folder = join(root, 'out/main')) {
  const found = new Set()
  const visit = (name) => {
    if (found.has(name)) return
    found.add(name)
    const text = readFileSync(join(folder, name), 'utf8')
    for (const [, other] of text.matchAll(/(?:from|import)\s*\(?\s*["'`]\.\/([\w.-]+\.js)["'`]/g)) visit(other)
  }
  for (const name of names) visit(name)
  return [...found]
}

/** Writes the app's files into `folder` and returns it. */
export function stageApp(folder) {
  const copy = (path) => {
    mkdirSync(dirname(join(folder, path)), { recursive: true })
    cpSync(join(root, path), join(folder, path), { recursive: true, filter: (from) => !from.endsWith('.map') })
  }
  for (const name of closure(['index.js', ...plainPrograms])) copy(`out/main/${name}`)
  for (const path of ['out/preload', 'out/renderer', 'scenarios', 'LICENSE']) copy(path)
  const { version, description, license } = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8'))
  const manifest = { name: 'understudy', productName: 'Understudy', version, description, license, type: 'module', main: 'out/main/index.js' }
  writeFileSync(join(folder, 'package.json'), `${JSON.stringify(manifest, undefined, 2)}\n`)
  writeFileSync(join(folder, 'LICENCES.txt'), `${readFileSync(join(root, 'LICENSE'), 'utf8')}\n${beside}\n${licencesText()}`)
  return folder
}

export const readVersion = () => JSON.parse(readFileSync(join(root, 'package.json'), 'utf8')).version

/** Relative paths of everything below a folder. */
export const filesBelow = (folder) => readdirSync(folder, { recursive: true }).map(String)
