// Downloads Electron's runtime while a lab is already open in a browser. It must never block anything: a download that receives no byte
// for a while is cancelled, and is retried only on request.
import { spawn } from 'node:child_process'
import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { findElectron } from './electron.mjs'
import { isWritable, root, say } from './install.mjs'

/** A download is cancelled after this long without a byte. */
const silentMs = 20_000
/** Unpacking reports no progress and takes seconds. */
const unpackMs = 180_000
/** Bytes between two progress lines, if standard error is no terminal. */
const lineBytes = 10_000_000

const how = 'npm start -- --download tries again, npm start -- --web asks for the browser.'

/** The version of Electron that this copy needs. */
function wantedVersion(folder) {
  return JSON.parse(readFileSync(join(folder, 'node_modules/electron/package.json'), 'utf8')).version
}

const failureFile = (folder) => join(folder, 'node_modules/.understudy-runtime.json')

/** When and why the last download of this version failed; undefined if none has. */
export function lastFailure(folder = root) {
  try {
    const { version, at, why } = JSON.parse(readFileSync(failureFile(folder), 'utf8'))
    return version === wantedVersion(folder) ? { at: String(at), why: String(why) } : undefined
  } catch {
    return undefined // No failure is recorded.
  }
}

function remember(folder, why) {
  try {
    writeFileSync(failureFile(folder), JSON.stringify({ version: wantedVersion(folder), at: new Date().toISOString(), why }))
  } catch {
    // The failure is not recorded, so the next start tries again.
  }
}

/**
 * Decides about the desktop window. `program`: the runtime's path in one of these folders. `download`: the runtime may be downloaded. `folder`:
 * where to. `sentence`: why there is no window now.
 */
export function planRuntime({ folders = [root], environment = process.env, isAsked = false } = {}) {
  const program = findElectron({ folders, environment })
  if (program) return { program, download: false, sentence: '' }
  if (environment.ELECTRON_OVERRIDE_DIST_PATH) return { download: false, sentence: 'ELECTRON_OVERRIDE_DIST_PATH is set, but there is no Electron in that folder: the lab is served to a browser on this machine.' }
  const folder = folders.find((each) => existsSync(join(each, 'node_modules/electron/install.js')))
  if (folder === undefined) return { download: false, sentence: 'Without the Electron runtime the lab is served to a browser on this machine (understudy doctor says how to have it).' }
  if (!isWritable(join(folder, 'node_modules/electron'))) return { download: false, sentence: `The Electron runtime is not in ${folder}, and you may not write there: the lab is served to a browser on this machine.` }
  const failure = isAsked ? undefined : lastFailure(folder)
  if (failure) return { download: false, sentence: `The Electron runtime could not be downloaded on ${minuteOf(failure.at)} (${failure.why}): the lab is served to a browser on this machine. ${how}` }
  return { download: true, folder, sentence: 'The Electron runtime is not here yet. It is downloaded now (once, about 100 MB), and the lab is served to a browser meanwhile; npm start -- --web asks for the browser always.' }
}

const minuteOf = (at) => at.slice(0, 16).replace('T', ' ')

/**
 * Downloads and unpacks the runtime in a child process. `ended` resolves with an empty text, or with the reason of failure, which is recorded.
 * `stop` cancels it, and then nothing is recorded. `scripts`: the folder of runtime-download.mjs, as this module may be bundled elsewhere.
 */
export function downloadRuntime({ folder = root, scripts = join(root, 'scripts'), silentAfterMs = silentMs, tell = teller(), environment = process.env } = {}) {
  // A private folder: a partial download must not disturb anything else.
  const parts = mkdtempSync(join(tmpdir(), 'understudy-runtime-'))
  const child = spawn(process.execPath, [join(scripts, 'runtime-download.mjs'), folder, parts], { cwd: folder, stdio: ['ignore', 'pipe', 'pipe'], env: environment })
  let isStopped = false
  let why = ''
  let said = ''
  let timer
  const waitFor = (ms, sentence) => {
    clearTimeout(timer)
    timer = setTimeout(() => {
      why = sentence
      kill()
    }, ms)
  }
  // A child that could not be started must get no signal (src/system/kill-child.ts).
  const kill = () => child.pid !== undefined && child.kill('SIGKILL')
  waitFor(silentAfterMs, `no byte came for ${Math.round(silentAfterMs / 1000)} s`)
  let line = ''
  child.stdout?.setEncoding('utf8').on('data', (text) => {
    const lines = (line + text).split('\n')
    line = lines.pop()
    for (const told of lines.map((one) => JSON.parse(one))) {
      if (told.unpacking) waitFor(unpackMs, 'unpacking it did not end')
      else {
        waitFor(silentAfterMs, `no byte came for ${Math.round(silentAfterMs / 1000)} s`)
        tell(told.bytes, told.total)
      }
    }
  })
  child.stderr?.setEncoding('utf8').on('data', (text) => { said = (said + text).slice(-2000) })
  const ended = new Promise((resolve) => {
    child.once('error', (error) => resolve(error.message))
    child.once('close', (status) => {
      clearTimeout(timer)
      rmSync(parts, { recursive: true, force: true })
      resolve(status === 0 && why === '' ? '' : why || said.trim().split('\n')[0] || `it ended with status ${status}`)
    })
  }).then((reason) => {
    if (isStopped) return reason
    if (reason === '') rmSync(failureFile(folder), { force: true })
    else remember(folder, reason)
    return reason
  })
  return {
    ended,
    stop: () => {
      isStopped = true
      kill()
    },
  }
}

/** Prints the progress of a download: one line that is overwritten on a terminal, otherwise occasional lines. */
function teller() {
  let told = 0
  const megabytes = (bytes) => Math.round(bytes / 1_000_000)
  return (bytes, total) => {
    const text = `Electron runtime: ${megabytes(bytes)}${total > 0 ? ` of ${megabytes(total)}` : ''} MB`
    if (process.stderr.isTTY) process.stderr.write(`\r\x1b[2K${text}${total > 0 && bytes >= total ? '\n' : ''}`)
    else if (bytes - told >= lineBytes || (total > 0 && bytes >= total)) {
      told = bytes
      say(text)
    }
  }
}

/** The closing sentence of a download. */
export function downloadSentence(reason) {
  return reason === '' ? 'The Electron runtime is here: the next npm start opens the desktop window.' : `The Electron runtime could not be downloaded: ${reason}. The lab stays in the browser. ${how}`
}
