// Unit tests run anywhere in seconds; process tests (`*.process.test.ts`) start real processes from out/, one file at a time.
import { availableParallelism } from 'node:os'
import vue from '@vitejs/plugin-vue'
import { defineConfig } from 'vitest/config'

/** From Node 25 on, Node has its own `localStorage` without a backing file. It would replace the window's, which the tests need. */
const execArgv = process.allowedNodeEnvironmentFlags.has('--no-experimental-webstorage') || process.allowedNodeEnvironmentFlags.has('--experimental-webstorage') ? ['--no-experimental-webstorage'] : []

/** Tests may take as long as their machine needs; only a hanging test reaches this limit. */
const hangsMs = 1_200_000

export default defineConfig({
  plugins: [vue()],
  define: { __PROTOCOL_HASH__: '"unbuilt"', __VERSION__: '"0.0.0"' },
  test: {
    execArgv,
    reporters: ['default', './scripts/plain-vitest.ts'],
    projects: [
      {
        extends: true,
        test: {
          name: 'unit', environment: 'node', testTimeout: hangsMs, expect: { poll: { timeout: 30_000 } },
          // Workers load modules once for all files, which saves a third of the time; so a file must leave no state behind.
          isolate: false, maxWorkers: availableParallelism(),
          include: ['src/**/*.test.ts', 'renderer/**/*.test.ts', 'main/**/*.test.ts', 'scripts/**/*.test.ts'], exclude: ['**/*.process.test.ts'],
        },
      },
      {
        extends: true,
        test: { name: 'firefox', environment: 'node', include: ['e2e/firefox.smoke.ts'], sequence: { groupOrder: 2 }, fileParallelism: false, bail: 1 },
      },
      {
        extends: true,
        test: {
          name: 'processes', environment: 'node', include: ['src/**/*.process.test.ts'],
          fileParallelism: false, sequence: { groupOrder: 1 }, testTimeout: hangsMs, hookTimeout: hangsMs, expect: { poll: { timeout: 40_000 } },
          // A failure during a stall that the harness measured is not a bug: the test runs again and reports it.
          retry: { count: 2, condition: /^This machine stalled for \d+ ms/ },
        },
      },
    ],
  },
})
