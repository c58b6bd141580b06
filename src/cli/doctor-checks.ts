// The checks of `doctor`. Each check does a small version of what the lab does on this machine, and reports the result. It must never throw.
import { accessSync, constants, existsSync, readFileSync, statfsSync, statSync } from 'node:fs'
import { delimiter, dirname, join, resolve } from 'node:path'
import { tmpdir } from 'node:os'
import { electronPlaces, findElectron, hasDisplay } from '../../scripts/electron.mjs'
import { newestNode, standingOfNode } from '../../scripts/install.mjs'
import { defaultDataFolder, diskLowMiB } from '../lab/folders'
import { reasonOf } from '../system'
import { grouped } from '../trace'
import { loopbackProblem, ownProcessProblem, socketProblem, writingProblem } from './doctor-probes'

export interface Finding {
  readonly name: string
  /** `missing`: the lab cannot run. `warning`: the lab runs with less, or perhaps not for long. */
  readonly state: 'ok' | 'missing' | 'warning'
  /** One sentence about the finding. */
  readonly says: string
  /** One sentence about the fix; empty if nothing is wrong. */
  readonly how: string
}

/** Limits on open files of a lab process. With 24 no node starts; with 32 a cluster of three servers runs. */
const filesMin = 48
const filesGood = 256
/** Threads of a cluster of three servers with its lab: eight processes with about 11 threads each. */
const threadsMin = 100
const sharedMiBGood = 64

const ok = (name: string, says: string): Finding => ({ name, state: 'ok', says, how: '' })
const warning = (name: string, says: string, how: string): Finding => ({ name, state: 'warning', says, how })
const missing = (name: string, says: string, how: string): Finding => ({ name, state: 'missing', says, how })

/** In the order of the output. */
export const doctorChecks: readonly (() => Finding | Promise<Finding>)[] = [
  node, temporaryFolder, home, dataFolder, disk, openFiles, processes, ownProcess, loopback, sockets, sharedMemory, display, runtime, browser,
]

function node(): Finding {
  const { node: version } = process.versions
  switch (standingOfNode(version)) {
    case 'supported': return ok('node', `Node ${version}.`)
    case 'newer': return warning('node', `Node ${version} is newer than what the lab is tried on (20.19 to ${newestNode}).`, 'If something fails, take one of these.')
    case 'too-old': return missing('node', `Node ${version} is too old.`, `Install Node 20.19 to ${newestNode}: https://nodejs.org`)
  }
}

// ---- folders

/** The first of these variables that is set, as part of a sentence: `TMPDIR is /x`. */
function setBy(...names: readonly string[]): string {
  const name = names.find((each) => process.env[each])
  return name === undefined ? '' : `${name} is ${process.env[name] ?? ''}`
}

async function temporaryFolder(): Promise<Finding> {
  const folder = tmpdir()
  const problem = await writingProblem(folder)
  if (problem === '') return ok('temporary folder', `${folder} can be written.`)
  const said = setBy('TMPDIR', 'TMP', 'TEMP')
  return missing('temporary folder', `${said === '' ? `The temporary folder is ${folder}` : said}, and ${problem}.`, `Set TMPDIR to a folder that you can write${said === '' ? '' : ', or to nothing'}.`)
}

function home(): Finding {
  const { HOME } = process.env
  if (process.platform === 'win32') return ok('home', 'Windows tells it by itself.')
  if (!HOME) return warning('home', 'HOME is not set; the account says where the data folder is.', 'Set HOME, or UNDERSTUDY_DATA to a folder of your own.')
  if (!isFolder(HOME)) return warning('home', `HOME is ${HOME}, and there is no such folder.`, 'Make it, or set UNDERSTUDY_DATA to a folder of your own.')
  return ok('home', `${HOME} is there.`)
}

function isFolder(path: string): boolean {
  return statSync(path, { throwIfNoEntry: false })?.isDirectory() ?? false
}

/** The path of the data folder, or why there is none. */
function dataFolderPath(): { path: string; problem: string } {
  try {
    return { path: resolve(defaultDataFolder()), problem: '' }
  } catch (error) {
    return { path: '', problem: reasonOf(error) }
  }
}

/** The folder itself, or its nearest parent that exists. */
function nearestThere(path: string): string {
  let at = path
  while (!existsSync(at) && dirname(at) !== at) at = dirname(at)
  return at
}

async function dataFolder(): Promise<Finding> {
  const { path, problem } = dataFolderPath()
  if (problem !== '') return missing('data folder', `Nobody says where it is: HOME is not set, and the account has no home (${problem}).`, 'Set HOME, or UNDERSTUDY_DATA to a folder of your own.')
  const there = nearestThere(path)
  const why = await writingProblem(there)
  if (why === '') return ok('data folder', there === path ? `${path} can be written.` : `${path} can be made.`)
  const said = setBy('UNDERSTUDY_DATA', 'XDG_DATA_HOME')
  const so = said === '' ? `It is ${path}` : said
  return warning('data folder', `${so}, and ${there === path ? why : `it cannot be made: of ${there}, ${why}`}. Recordings go to the temporary folder.`, 'Set UNDERSTUDY_DATA to a folder that you can write.')
}

function disk(): Finding {
  const folders = [...new Set([nearestThere(dataFolderPath().path || tmpdir()), nearestThere(tmpdir())])]
  const found = folders.map((folder) => ({ folder, freeMiB: freeMiBOf(folder) })).filter(({ freeMiB }) => freeMiB !== undefined) as { folder: string; freeMiB: number }[]
  const [least] = found.sort((one, other) => one.freeMiB - other.freeMiB)
  if (least === undefined) return ok('disk', 'The file system does not tell how much is free.')
  const says = `${grouped(least.freeMiB)} MiB are free in ${least.folder}.`
  if (least.freeMiB === 0) return missing('disk', says, 'Remove old recordings, or set TMPDIR and UNDERSTUDY_DATA to another disk.')
  return least.freeMiB < diskLowMiB ? warning('disk', says, `Recordings stop when it is nearly full; ${grouped(diskLowMiB)} MiB are enough for many.`) : ok('disk', says)
}

/** Undefined where the system does not report it. */
function freeMiBOf(folder: string): number | undefined {
  try {
    const { bavail, bsize, blocks } = statfsSync(folder)
    return blocks === 0 ? undefined : Math.floor(bavail * bsize / 1024 / 1024)
  } catch {
    return undefined // Another check reports what is wrong with the folder.
  }
}

// ---- limits

/** The limit as the system reports it; undefined if it does not. */
function limitOf(name: 'open_files' | 'max_user_processes'): number | undefined {
  const report = process.report.getReport() as { userLimits?: Readonly<Record<string, { soft: number | string }>> }
  const soft = report.userLimits?.[name]?.soft
  return soft === 'unlimited' ? Infinity : typeof soft === 'number' ? soft : undefined
}

const often = (limit: number): string => limit === Infinity ? 'without a limit' : `up to ${grouped(limit)}`

function openFiles(): Finding {
  const limit = limitOf('open_files')
  if (limit === undefined) return ok('open files', 'This system does not tell a limit.')
  const says = `A process may have ${often(limit)} files open.`
  const how = `Raise it in the shell that starts the lab: ulimit -n ${filesGood} (as root: ulimit -Hn ${filesGood} first).`
  if (limit < filesMin) return missing('open files', `${says} The lab needs ${filesMin}.`, how)
  return limit < filesGood ? warning('open files', `${says} That is few for several clusters and browsers.`, how) : ok('open files', says)
}

function processes(): Finding {
  const limit = Math.min(limitOf('max_user_processes') ?? Infinity, numberIn('/sys/fs/cgroup/pids.max') ?? Infinity)
  const says = `This account may have ${often(limit)} processes and threads.`
  const how = 'Raise it: ulimit -u 1024, or the limit of the container (docker: --pids-limit).'
  return limit < threadsMin ? warning('processes', `${says} A cluster needs about ${threadsMin}.`, how) : ok('processes', says)
}

function numberIn(path: string): number | undefined {
  try {
    const number = Number(readFileSync(path, 'utf8'))
    return Number.isInteger(number) ? number : undefined
  } catch {
    return undefined // Another system, or no limit.
  }
}

async function ownProcess(): Promise<Finding> {
  const problem = await ownProcessProblem()
  return problem === '' ? ok('own process', 'Another Node can be started from this one.')
    : missing('own process', `Another Node cannot be started from this one: ${problem}.`, 'See the limits above: ulimit -u, ulimit -n.')
}

// ---- sockets and memory

async function loopback(): Promise<Finding> {
  const problem = await loopbackProblem()
  return problem === '' ? ok('loopback', '127.0.0.1 takes connections.')
    : missing('loopback', `127.0.0.1 takes no connection: ${problem}.`, 'Bring the loopback interface up: ip link set lo up.')
}

async function sockets(): Promise<Finding> {
  const problem = await socketProblem()
  return problem === '' ? ok('sockets', 'Processes can talk over sockets in the temporary folder.')
    : missing('sockets', `Processes cannot talk over sockets in the temporary folder: ${problem}.`, 'Set TMPDIR to a folder of a local file system that you can write.')
}

function sharedMemory(): Finding {
  const name = 'shared memory'
  if (process.platform !== 'linux') return ok(name, 'It is not needed on this system.')
  const how = 'A browser on this machine may crash; in a container: --shm-size=256m.'
  try {
    accessSync('/dev/shm', constants.W_OK)
  } catch (error) {
    return warning(name, `/dev/shm cannot be used: ${reasonOf(error)}.`, how)
  }
  const { blocks, bsize } = statfsSync('/dev/shm')
  const sizeMiB = Math.floor(blocks * bsize / 1024 / 1024)
  return sizeMiB < sharedMiBGood ? warning(name, `/dev/shm has ${sizeMiB} MiB.`, how) : ok(name, `/dev/shm has ${grouped(sizeMiB)} MiB.`)
}

// ---- what shows the lab

function display(): Finding {
  if (!hasDisplay()) return warning('display', 'Neither DISPLAY nor WAYLAND_DISPLAY is set, so there can be no window.', 'The lab is served to a browser: understudy serve.')
  if (process.platform !== 'linux') return ok('display', 'This system has one.')
  const { DISPLAY = '', WAYLAND_DISPLAY = '' } = process.env
  const [, number] = /^(?:unix)?:(\d+)/.exec(DISPLAY) ?? []
  const isGone = WAYLAND_DISPLAY === '' && number !== undefined && !existsSync(`/tmp/.X11-unix/X${number}`)
  return isGone ? warning('display', `DISPLAY is ${DISPLAY}, but nobody serves that display here.`, 'Unset DISPLAY and use understudy serve, or start the display.') : ok('display', setBy('WAYLAND_DISPLAY', 'DISPLAY') + '.')
}

function runtime(): Finding {
  const folders = electronPlaces({ folder: resolve(import.meta.dirname, '../..') })
  const found = findElectron({ folders })
  if (found !== undefined) return ok('runtime', `Electron is ${found}.`)
  const said = setBy('ELECTRON_OVERRIDE_DIST_PATH')
  if (said !== '') return warning('runtime', `${said}, and there is no Electron in that folder.`, 'Set it to the folder of a runtime, or to nothing.')
  const package_ = folders.find((folder) => existsSync(join(folder, 'node_modules/electron/install.js')))
  return package_ === undefined
    ? warning('runtime', 'There is no Electron, so there can be no window.', 'Have it beside this package: npm install electron (with -g if this is global; about 100 MB). Or use a browser.')
    : warning('runtime', `The package electron in ${package_} is there without its runtime.`, 'understudy open downloads it where there is a display.')
}

const browsers = ['chromium', 'chromium-browser', 'google-chrome', 'google-chrome-stable', 'firefox', 'firefox-esr', 'microsoft-edge', 'brave-browser']

function browser(): Finding {
  if (process.platform !== 'linux') return ok('browser', 'This system opens its own.')
  const found = onPath(browsers)
  const opener = onPath(['xdg-open'])
  if (found === undefined && opener === undefined) return warning('browser', 'There is no browser on the PATH, and no xdg-open.', 'Install one (Debian: apt install firefox-esr), or open the address that serve prints from another browser of this machine.')
  if (opener === undefined) return warning('browser', `${found ?? ''} is there, but xdg-open is not: serve cannot open it by itself.`, 'Debian: apt install xdg-utils. Or open the address that serve prints by hand.')
  return ok('browser', found === undefined ? `${opener} opens one.` : `${found} is there.`)
}

/** The path of the first of these programs that is on the PATH. */
function onPath(names: readonly string[]): string | undefined {
  const folders = (process.env['PATH'] ?? '').split(delimiter).filter((folder) => folder !== '')
  return names.flatMap((name) => folders.map((folder) => join(folder, name))).find((path) => existsSync(path))
}
