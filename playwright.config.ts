// End-to-end specs: every one runs in the real Electron window and in Chromium. scripts/test.mjs prepares both.
import { defineConfig } from '@playwright/test'
import type { HostOptions } from './e2e/fixtures'
import { findChromium } from './scripts/system.mjs'

const chromium = findChromium()

export default defineConfig<object, HostOptions>({
  testDir: 'e2e',
  outputDir: '.out/e2e',
  // One window at a time: each spec runs a whole cluster, and timing is part of what is looked at.
  workers: 1,
  timeout: 90_000,
  expect: { timeout: 15_000 },
  forbidOnly: Boolean(process.env['CI']),
  retries: 0,
  reporter: [['list'], ['./e2e/plain-reporter.ts']],
  use: {
    testIdAttribute: 'data-test',
    // No trace: recording one doubles the time a spec takes, and the page with it becomes another page. `npm run e2e -- --trace on` makes one.
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
  ],
})
