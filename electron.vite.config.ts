// Builds everything into out/: Electron's main process, the command line, the node and switchboard programs, the preload script and the window.
// All programs must be self-contained: out/ needs no node_modules.
import { createHash } from 'node:crypto'
import { readdirSync, readFileSync, writeFileSync } from 'node:fs'
import { relative, resolve } from 'node:path'
import vue from '@vitejs/plugin-vue'
import { defineConfig } from 'electron-vite'
import { licencesText } from './scripts/licences.mjs'

const at = (path: string): string => resolve(import.meta.dirname, path)

/** A hash of the protocol's sources: it shows whether this build's protocol made a recording. */
function protocolHash(): string {
  const hash = createHash('sha256')
  for (const name of readdirSync(at('src/protocol')).filter((file) => !file.endsWith('.test.ts')).sort()) {
    hash.update(name).update(readFileSync(at(`src/protocol/${name}`)))
  }
  return hash.digest('hex').slice(0, 16)
}

const { version } = JSON.parse(readFileSync(at('package.json'), 'utf8')) as { version: string }
const define = { __PROTOCOL_HASH__: JSON.stringify(protocolHash()), __VERSION__: JSON.stringify(version) }

/**
 * Modules of the shared chunk of all nodes: those of a standalone node, most of which a lab's node needs too. Everything that they import
 * statically must be in this chunk. Otherwise two chunks would import each other, and one of them would see undefined values.
 */
const isOfNodes = (id: string): boolean => {
  const path = relative(at('.'), id).replaceAll('\\', '/')
  return path.startsWith('src/protocol/') || path.startsWith('src/system/') || nodeFiles.includes(path)
}
const nodeFiles = [
  ...['address', 'business', 'direct-connection', 'direct-frames', 'direct-node', 'host-timers', 'incarnation', 'peers', 'rehearsal', 'silence'].map((name) => `src/cluster/direct/${name}.ts`),
  ...['frame', 'known-texts', 'wire', 'write-now'].map((name) => `src/cluster/wire/${name}.ts`),
  'src/cluster/supervisor/process-identity.ts',
  'src/trace/visible.ts',
  ...['cannot-run', 'journal-flag', 'node-words', 'run-node', 'settings-flags'].map((name) => `src/cli/${name}.ts`),
]

/** The text that the window shows. Written after the last build, the window's, as it is derived from the bundled packages. */
const licences = () => ({
  name: 'licences',
  closeBundle: () => writeFileSync(at('out/renderer/licences.txt'), `${readFileSync(at('LICENSE'), 'utf8')}\n${licencesText()}`),
})

export default defineConfig({
  main: {
    define,
    build: {
      outDir: at('out/main'),
      // Plain Node 20 runs these programs too; the default target would be Electron's Node.
      target: 'node20.19',
      externalizeDeps: false,
      sourcemap: true,
      rolldownOptions: {
        input: {
          index: at('main/index.ts'), cli: at('src/cli/cli.ts'), node: at('src/cluster/node/node-main.ts'), switchboard: at('src/cluster/switchboard/switchboard-main.ts'),
          foreign: at('src/cluster/foreign/foreign-main.ts'),
          'program-guard': at('src/cluster/foreign/program-guard.ts'),
          'explore-worker': at('src/lab/explore-worker.ts'),
          'scenario-worker': at('src/lab/scenario-worker.ts'),
          'simulate-worker': at('src/lab/simulate/simulate-worker.ts'),
          'bench-window': at('src/bench/bench-window.ts'),
          'bench-suite': at('src/bench/bench-suite.ts'),
          'measured-node': at('src/bench/measured-node.ts'), 'failover-floor-node': at('src/bench/failover-floor-node.ts'),
          'floor-node': at('src/bench/floor-node.ts'), 'node-load': at('src/bench/node-load.ts'),
        },
        // Chunks are in the same folder as the entries, so that `new URL('./node.js', import.meta.url)` works in both.
        output: {
          format: 'es', entryFileNames: '[name].js', chunkFileNames: '[name]-[hash].js',
          // Each loaded file delays a node's start by milliseconds. So everything that all nodes need is in one chunk, and nothing else.
          codeSplitting: { groups: [{ name: 'node-base', test: isOfNodes, includeDependenciesRecursively: false }] },
        },
      },
    },
  },
  preload: {
    build: {
      outDir: at('out/preload'),
      externalizeDeps: false,
      rolldownOptions: { input: { index: at('main/preload.ts') }, output: { format: 'cjs', entryFileNames: '[name].cjs' } },
    },
  },
  renderer: {
    root: at('renderer'),
    define,
    plugins: [vue(), licences()],
    build: { outDir: at('out/renderer'), emptyOutDir: true, minify: true, sourcemap: true, rolldownOptions: { input: { index: at('renderer/index.html'), class: at('renderer/class.html') } } },
  },
})
