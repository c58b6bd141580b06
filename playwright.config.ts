// End-to-end specs: each runs in the real Electron window and in Chromium. scripts/test.mjs prepares both.
import { defineConfig } from '@playwright/test'
import type { HostOptions } from './e2e/fixtures'
import { findChromium } from './scripts/system.mjs'

const chromium = findChromium()

export default defineConfig<object, HostOptions>({
  testDir: 'e2e',
  outputDir: '.out/e2e',
  // One window at a time in each host; `npm test` runs both hosts in parallel. No spec may depend on an idle machine.
  workers: 1,
  timeout: 240_000,
  expect: { timeout: 40_000 },
  forbidOnly: Boolean(process.env['CI']),
  // Only for specs that failed because the machine stalled (e2e/stalled.ts).
  retries: 2,
  reporter: [['list'], ['./e2e/plain-reporter.ts']],
  use: {
    testIdAttribute: 'data-test',
    // No trace: it doubles a spec's time and changes the behaviour of the page. `npm run e2e -- --trace on` records one.
    trace: 'off',
    screenshot: 'only-on-failure',
    launchOptions: {
      ...(chromium ? { executablePath: chromium } : {}),
      args: ['--no-sandbox', '--disable-quic', '--no-first-run', '--disable-background-networking', '--disable-component-update', '--disable-sync'],
    },
  },
  projects: [
    { name: 'chromium', use: { browserName: 'chromium', host: 'chromium' } },
    { name: 'electron', use: { host: 'electron' } },
    // Tests the installed .deb; only `npm run package:try` runs it.
    { name: 'installed', testMatch: 'installed.smoke.ts', use: { host: 'electron' } },
  ],
})
