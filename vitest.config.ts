// Unit tests run anywhere in seconds; process tests (`*.process.test.ts`) start real processes from out/, one file at a time.
import vue from '@vitejs/plugin-vue'
import { defineConfig } from 'vitest/config'

export default defineConfig({
  plugins: [vue()],
  define: { __PROTOCOL_HASH__: '"unbuilt"', __VERSION__: '"0.0.0"' },
  test: {
    reporters: ['default', './scripts/plain-vitest.ts'],
    projects: [
      {
        extends: true,
        test: {
          name: 'unit', environment: 'node', testTimeout: 30_000,
          include: ['src/**/*.test.ts', 'renderer/**/*.test.ts', 'main/**/*.test.ts', 'scripts/**/*.test.ts'], exclude: ['**/*.process.test.ts'],
        },
      },
      {
        extends: true,
        test: {
          name: 'processes', environment: 'node', include: ['src/**/*.process.test.ts'],
          fileParallelism: false, testTimeout: 60_000, hookTimeout: 60_000,
        },
      },
    ],
  },
})
