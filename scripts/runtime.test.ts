// Downloads of Electron's runtime from a server that behaves like a bad network.
import { createServer, type RequestListener, type Server } from 'node:http'
import { existsSync, mkdirSync, mkdtempSync, readdirSync, rmSync, symlinkSync, writeFileSync } from 'node:fs'
import type { AddressInfo } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { root } from './install.mjs'
import { downloadRuntime, downloadSentence, lastFailure, planRuntime } from './runtime.mjs'

let folder: string
let server: Server | undefined
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'understudy-runtime-test-'))
  const own = join(folder, 'node_modules/electron')
  mkdirSync(own, { recursive: true })
  mkdirSync(join(folder, 'temporary'))
  writeFileSync(join(own, 'package.json'), '{ "name": "electron", "version": "45.4.1" }')
  writeFileSync(join(own, 'checksums.json'), '{}')
  writeFileSync(join(own, 'install.js'), 'throw new Error("nothing came that could be unpacked")')
  symlinkSync(join(root, 'node_modules/@electron'), join(folder, 'node_modules/@electron'))
})
afterEach(async () => {
  server?.closeAllConnections()
  await new Promise((closed) => server?.close(closed))
  rmSync(folder, { recursive: true, force: true })
})

/** Starts a mirror; resolves with an environment that uses it, with a separate cache and no proxy. */
async function served(answer: RequestListener): Promise<NodeJS.ProcessEnv> {
  const made = server = createServer(answer)
  await new Promise<void>((listens) => made.listen(0, '127.0.0.1', listens))
  const { PATH, HOME } = process.env
  return { PATH, HOME, TMPDIR: join(folder, 'temporary'), electron_config_cache: join(folder, 'cache'), ELECTRON_MIRROR: `http://127.0.0.1:${(made.address() as AddressInfo).port}/` }
}

test.each<[string, RequestListener]>([
  ['never answers', () => undefined],
  ['sends some megabytes and then nothing', (_request, response) => {
    response.writeHead(200, { 'content-length': 100_000_000 })
    response.write(Buffer.alloc(3_000_000))
  }],
])('a server that %s: the download is given up when no byte came, is remembered with its time, and is not tried again by itself', async (what, answer) => {
  const environment = await served(answer)
  const told: number[] = []
  const { ended } = downloadRuntime({ folder, environment, silentAfterMs: 3000, tell: (bytes) => told.push(bytes) })
  const why = await ended
  expect(why).toBe('no byte came for 3 s')
  expect(told.length > 0).toBe(what.startsWith('sends'))
  expect(lastFailure(folder)).toEqual({ at: expect.stringMatching(/^20\d\d-/) as string, why })
  expect(readdirSync(tmpdir()).filter((name) => name.startsWith('understudy-runtime-') && existsSync(join(tmpdir(), name, 'electron-v45.4.1-linux-x64.zip')))).toEqual([])
  const again = planRuntime({ folders: [folder], environment: {} })
  expect(again.download).toBe(false)
  expect(again.sentence).toMatch(/^The Electron runtime could not be downloaded on 20\d\d-\d\d-\d\d \d\d:\d\d \(no byte came for 3 s\): .* npm start -- --download tries again, npm start -- --web asks for the browser\.$/)
  expect(planRuntime({ folders: [folder], environment: {}, isAsked: true })).toMatchObject({ download: true })
  expect(downloadSentence(why)).toContain('no byte came for 3 s')
  // A failure of one version does not prevent the download of another.
  writeFileSync(join(folder, 'node_modules/electron/package.json'), '{ "name": "electron", "version": "46.0.0" }')
  expect(planRuntime({ folders: [folder], environment: {} })).toMatchObject({ download: true })
})

test('a server that has no such file is said, and a download that is stopped is not remembered', async () => {
  const environment = await served((_request, response) => {
    response.writeHead(404)
    response.end()
  })
  expect(await downloadRuntime({ folder, environment, tell: () => undefined }).ended).toMatch(/404/)
  rmSync(join(folder, 'node_modules/.understudy-runtime.json'))
  const download = downloadRuntime({ folder, environment, tell: () => undefined })
  download.stop()
  await download.ended
  expect(lastFailure(folder)).toBeUndefined()
})

test('a runtime that is named is used or missed, and nothing is downloaded', () => {
  expect(planRuntime({ folders: [folder], environment: { ELECTRON_OVERRIDE_DIST_PATH: folder } })).toMatchObject({ download: false, sentence: expect.stringContaining('ELECTRON_OVERRIDE_DIST_PATH') as string })
})
