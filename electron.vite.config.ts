// Builds everything into out/: the Electron main process, the command line, the node and the switchboard program, preload, window.
// All programs are self-contained: out/ needs no node_modules.
import { createHash } from 'node:crypto'
import { readdirSync, readFileSync } from 'node:fs'
import { relative, resolve } from 'node:path'
import vue from '@vitejs/plugin-vue'
import { defineConfig } from 'electron-vite'

const at = (path: string): string => resolve(import.meta.dirname, path)

/** Tells a reader of a recording whether this build's protocol is the one that made it. */
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
 * Modules that a node of its own is made of; a node of a lab has most of them too. All that they load at once must be here: a module outside
 * that loads one of them would make a circle of two files, in which one of the two begins with the other undefined.
 */
const isOfNodes = (id: string): boolean => {
  const path = relative(at('.'), id).replaceAll('\\', '/')
  return path.startsWith('src/protocol/') || nodeFiles.includes(path)
}
const nodeFiles = [
  ...['address', 'direct-frames', 'direct-node', 'frame', 'host-timers', 'known-texts', 'peers', 'rehearsal', 'supervisor', 'wire', 'write-now'].map((name) => `src/cluster/${name}.ts`),
  ...['cannot-run', 'journal-flag', 'node-words', 'run-node', 'settings-flags'].map((name) => `src/cli/${name}.ts`),
]

export default defineConfig({
  main: {
    define,
    build: {
      outDir: at('out/main'),
      // Plain Node 20 runs these programs too; the default would be Electron's own Node.
      target: 'node20.19',
      externalizeDeps: false,
      sourcemap: true,
      rolldownOptions: {
        input: {
          index: at('main/index.ts'), cli: at('src/cli/cli.ts'), node: at('src/cluster/node-main.ts'), switchboard: at('src/cluster/switchboard-main.ts'),
          'explore-worker': at('src/lab/explore-worker.ts'),
          'simulate-worker': at('src/lab/simulate/simulate-worker.ts'),
          'bench-window': at('src/bench/bench-window.ts'),
          'bench-suite': at('src/bench/bench-suite.ts'),
          'measured-node': at('src/bench/measured-node.ts'), 'failover-floor-node': at('src/bench/failover-floor-node.ts'),
          'floor-node': at('src/bench/floor-node.ts'), 'node-load': at('src/bench/node-load.ts'),
        },
        // Chunks lie beside the entries, so that `new URL('./node.js', import.meta.url)` is right in both.
        output: {
          format: 'es', entryFileNames: '[name].js', chunkFileNames: '[name]-[hash].js',
          // A node waits for each file that it loads, milliseconds at every start: what all nodes need is one, and nothing else is in it.
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
    plugins: [vue()],
    build: { outDir: at('out/renderer'), emptyOutDir: true, minify: true, sourcemap: true, rolldownOptions: { input: { index: at('renderer/index.html') } } },
  },
})
