// The process that downloads Electron's runtime; runtime.mjs watches and ends it. JSON lines on standard output report the bytes received so far.
// The package's own installer then unpacks it from the download cache.
import { createRequire } from 'node:module'
import { join } from 'node:path'

/** The interval between two progress lines. */
const tellEveryMs = 250

const [folder, parts] = process.argv.slice(2)
const ofElectron = createRequire(join(folder, 'node_modules/electron/install.js'))
const tell = (line) => process.stdout.write(`${JSON.stringify(line)}\n`)

let toldAt = Number.NEGATIVE_INFINITY
try {
  const { downloadArtifact } = ofElectron('@electron/get')
  await downloadArtifact({
    version: ofElectron('./package.json').version, artifactName: 'electron', platform: process.platform, arch: process.arch, tempDirectory: parts,
    checksums: ofElectron('./checksums.json'), ...(process.env.electron_config_cache ? { cacheRoot: process.env.electron_config_cache } : {}),
    downloadOptions: {
      quiet: true,
      getProgressCallback: ({ transferred, total }) => {
        if (performance.now() - toldAt < tellEveryMs && transferred !== total) return
        toldAt = performance.now()
        tell({ bytes: transferred, total: total ?? 0 })
      },
    },
  })
} catch (error) {
  const { cause, message } = error
  process.stderr.write(`${cause?.message ?? message}\n`)
  process.exit(1)
}
tell({ unpacking: true })
ofElectron('./install.js')
