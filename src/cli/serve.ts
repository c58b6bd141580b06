// `serve`: the lab in a browser on this machine. Prints the address on standard output, everything else on standard error.
// It must never leave a process behind when it is told to end.
import { spawn } from 'node:child_process'
import { fileURLToPath } from 'node:url'
import type { Command } from 'commander'
import { clusterLimits } from '../contract'
import { createLab, defaultDataFolder, startWebHost, type RunningLab, type WebHost } from '../lab'
import type { MutantName } from '../protocol'
import { CannotRun, wholeNumber } from './cannot-run'
import { addMutantFlag } from './mutant-flag'

/** Set by the build. */
declare const __VERSION__: string

interface ServeOptions {
  readonly port: number
  readonly open: boolean
  readonly mutant: readonly MutantName[]
  readonly diskFreeMibMin?: number
}

export function serveCommand(program: Command): void {
  const command = program.command('serve')
    .description('the lab in a browser on this machine; prints its address')
    .option('--port <number>', 'port on 127.0.0.1; 0 takes a free one', wholeNumber('port', 0, 65_535), 0)
    .option('--no-open', 'print the address and open no browser')
    .option('--disk-free-mib-min <number>', 'recording stops when the disk has less MiB free than this; 0: when it is full (256, or as last time)', wholeNumber('--disk-free-mib-min', clusterLimits.diskFreeMiBMin.min, clusterLimits.diskFreeMiBMin.max))
  addMutantFlag(command).action(serve)
}

// Every program of the build lies in one folder, and the window's files beside it.
const beside = (name: string): string => fileURLToPath(new URL(name, import.meta.url))

async function serve({ port, open, mutant, diskFreeMibMin }: ServeOptions): Promise<void> {
  const log = (sentence: string): void => void process.stderr.write(`${sentence}\n`)
  const lab = await createLab({
    host: 'browser', dataFolder: defaultDataFolder(), version: __VERSION__, scenariosFolder: beside('../../scenarios'),
    programs: { node: beside('./node.js'), switchboard: beside('./switchboard.js'), exploreWorker: beside('./explore-worker.js') }, mutants: mutant, log,
    ...(diskFreeMibMin === undefined ? {} : { diskFreeMiBMin: diskFreeMibMin }),
  })
  const host = await startWebHost({ lab, rendererFolder: beside('../renderer'), port, log }).catch(async (error: unknown) => {
    await lab.close()
    throw new CannotRun((error as Error).message)
  })
  const ended = untilTold(lab, host, log)
  process.stdout.write(`${host.url}\n`)
  if (open) openBrowser(host.url, log)
  await ended
}

/** Resolves when a signal has come and everything has ended. A second signal does not wait. */
function untilTold(lab: RunningLab, host: WebHost, log: (sentence: string) => void): Promise<void> {
  return new Promise((resolve, reject) => {
    let isEnding = false
    const end = (signal: NodeJS.Signals): void => {
      if (isEnding) process.exit(signalStatus[signal] ?? 1) // The switchboard kills what is left when this process has gone.
      isEnding = true
      log('Ending the session.')
      lab.close().then(() => host.close()).then(resolve, reject)
    }
    for (const signal of Object.keys(signalStatus) as NodeJS.Signals[]) process.on(signal, end)
  })
}

/** What shells expect of a program that a signal ended. */
const signalStatus: Partial<Record<NodeJS.Signals, number>> = { SIGHUP: 129, SIGINT: 130, SIGTERM: 143 }

/** Opens the address with what the system offers; where there is no display, or nothing to open with, that is said and no more. */
function openBrowser(url: string, log: (sentence: string) => void): void {
  const hasDisplay = process.platform !== 'linux' || Boolean(process.env.DISPLAY || process.env.WAYLAND_DISPLAY)
  if (!hasDisplay) return log('There is no display here; open the address in a browser of this machine.')
  const openers: Partial<Record<NodeJS.Platform, readonly [string, ...string[]]>> = {
    darwin: ['open', url], win32: ['rundll32', 'url.dll,FileProtocolHandler', url],
  }
  const [program, ...args] = openers[process.platform] ?? ['xdg-open', url]
  const opener = spawn(program, args, { stdio: 'ignore', detached: true })
  opener.on('error', () => log(`No browser could be opened (${program} is missing); open the address by hand.`))
  opener.unref()
}
