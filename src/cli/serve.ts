// `serve`: the lab in a browser of this machine, or many labs for a class. It prints the addresses on standard output, everything else on standard
// error. It must never leave a process behind when it ends, and never listen beyond this machine without a flag.
import { spawn } from 'node:child_process'
import { fileURLToPath } from 'node:url'
import type { Command } from 'commander'
import { hasDisplay } from '../../scripts/electron.mjs'
import { clusterLimits } from '../contract'
import { createLab, defaultDataFolder, doorOf, isLoopback, startWebHost, type LabOptions, type Listening } from '../lab'
import type { MutantName } from '../protocol'
import { endOnUncaught, endSignals, onParentEnd, statusOfSignal, stayUnlessOurs, type EndSignal } from '../system'
import { CannotRun, wholeNumber } from './cannot-run'
import { addMutantFlag } from './mutant-flag'
import { addClassFlags, limitsOf, serveClass, type ClassFlags } from './serve-class'
import { addListenFlags, listeningOf, type ListenFlags } from './serve-listen'
import type { HostFacts, Served } from './served'
import { printLines, say } from './terminal'

/** Set by the build. */
declare const __VERSION__: string

interface ServeOptions extends ClassFlags, ListenFlags {
  readonly open: boolean
  readonly mutant: readonly MutantName[]
  readonly diskFreeMibMin?: number
}

export function serveCommand(program: Command): void {
  const command = program.command('serve')
    .description('the lab in a browser on this machine, or many for a class; prints the addresses')
    .option('--no-open', 'print the address and open no browser')
    .option('--disk-free-mib-min <number>', 'recording stops when the disk has less MiB free than this; 0: when it is full (256, or as last time)', wholeNumber('--disk-free-mib-min', clusterLimits.diskFreeMiBMin.min, clusterLimits.diskFreeMiBMin.max))
  addListenFlags(command)
  addClassFlags(command)
  addMutantFlag(command).action(serve)
}

// All built programs are in one folder, and the window's files beside it.
const beside = (name: string): string => fileURLToPath(new URL(name, import.meta.url))

async function serve(options: ServeOptions): Promise<void> {
  const { open, mutant, diskFreeMibMin } = options
  const log = (sentence: string): void => say(sentence)
  const shared: Omit<LabOptions, 'dataFolder'> = {
    host: 'browser', version: __VERSION__, scenariosFolder: beside('../../scenarios'),
    programs: { node: beside('./node.js'), switchboard: beside('./switchboard.js'), host: beside('./foreign.js'), exploreWorker: beside('./explore-worker.js'), scenarioWorker: beside('./scenario-worker.js') }, mutants: mutant, log,
    ...(diskFreeMibMin === undefined ? {} : { diskFreeMiBMin: diskFreeMibMin }),
  }
  const limits = limitsOf(options)
  const host = { rendererFolder: beside('../renderer'), listening: listeningOf(options, log), log }
  const served = options.class === undefined
    ? await serveOne({ ...shared, mayRunPrograms: isForOne(host.listening) }, host)
    : await serveClass(options.class, limits, shared, host)
  const ended = untilTold(served, log)
  endOnUncaught(stayUnlessOurs)
  printLines(served.lines)
  if (open) openBrowser(served.url, log)
  await ended
}

/** True if only this machine is served. Who has named the host has made it known to others, by a proxy. */
function isForOne({ host, names = [] }: Listening): boolean {
  return names.length === 0 && (host === undefined || isLoopback(host))
}

async function serveOne(options: Omit<LabOptions, 'dataFolder'>, facts: HostFacts): Promise<Served> {
  const lab = await createLab({ ...options, dataFolder: defaultDataFolder() })
  const door = doorOf(lab)
  const host = await startWebHost({ ...facts, doors: [door] }).catch(async (error: unknown) => {
    await lab.close()
    throw new CannotRun((error as Error).message)
  })
  const url = host.urlOf(door)
  return { host, url, lines: [url], ending: 'Ending the session.', close: () => lab.close() }
}

/** Resolves after a signal, when everything has ended. A second signal exits at once. */
function untilTold(served: Served, log: (sentence: string) => void): Promise<void> {
  return new Promise((resolve, reject) => {
    let isEnding = false
    const end = (signal: EndSignal): void => {
      if (isEnding) process.exit(statusOfSignal[signal]) // The switchboard kills the remaining processes when this process has ended.
      isEnding = true
      setTimeout(() => process.exit(statusOfSignal[signal]), endMs).unref()
      log(served.ending)
      served.close().then(() => served.host.close()).then(resolve, reject)
    }
    for (const signal of endSignals) process.on(signal, end)
    onParentEnd(() => end('SIGHUP'))
  })
}

/** The labs kill hanging processes much earlier than this. */
const endMs = 5000

/** Opens the address with the system's opener. Without a display or an opener it only logs that. */
function openBrowser(url: string, log: (sentence: string) => void): void {
  if (!hasDisplay()) return log('There is no display here; open the address in a browser of this machine.')
  const openers: Partial<Record<NodeJS.Platform, readonly [string, ...string[]]>> = {
    darwin: ['open', url], win32: ['rundll32', 'url.dll,FileProtocolHandler', url],
  }
  const [program, ...args] = openers[process.platform] ?? ['xdg-open', url]
  const opener = spawn(program, args, { stdio: 'ignore', detached: true })
  opener.on('error', () => log(`No browser could be opened (${program} is missing); open the address by hand.`))
  opener.unref()
}
