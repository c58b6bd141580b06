// `open`, also the default command: the lab in a desktop window if a display and Electron's runtime are available, otherwise in a browser, like
// `serve`. It must never end before its window, and never leave the window running after a signal.
import { spawn, type ChildProcess } from 'node:child_process'
import { join, resolve } from 'node:path'
import { fileURLToPath } from 'node:url'
import type { Command } from 'commander'
import { electronEnvironment, electronPlaces, hasDisplay, sandboxSwitches } from '../../scripts/electron.mjs'
import { downloadRuntime, downloadSentence, planRuntime, type RuntimePlan } from '../../scripts/runtime.mjs'
import { killChild } from '../system'
import { CannotRun } from './cannot-run'
import { say } from './terminal'

interface OpenOptions {
  readonly web?: boolean
  readonly empty?: boolean
  readonly download?: boolean
}

/** `serve`: starts the browser host with its own options; returns the exit status if parsing alone decides it. */
export function openCommand(serve: (words: readonly string[]) => Promise<number | undefined>) {
  return (program: Command): void => {
    program.command('open').argument('[switches...]', 'in a browser those of serve, in a window those of Electron')
      .description('the lab in a window of its own, or in a browser where none can be had; the same without a command')
      .option('--web', 'in a browser, also where a window can be had')
      .option('--download', 'fetches the runtime of the window again, where that has failed before')
      .option('--empty', 'the window begins without a cluster')
      .allowUnknownOption()
      .action((switches: string[], options: OpenOptions) => open(switches, options, serve))
  }
}

/** The folder of this copy of the lab, in which Electron finds its main program. */
const ownFolder = resolve(fileURLToPath(new URL('../..', import.meta.url)))

async function open(switches: readonly string[], { web = false, empty = false, download = false }: OpenOptions, serve: Parameters<typeof openCommand>[0]): Promise<void> {
  const plan = web ? { download: false, sentence: '' } : planWindow(download)
  if (plan.sentence !== '') say(plan.sentence)
  if (plan.program !== undefined) return openWindow(plan.program, [...(empty ? ['--empty'] : []), ...switches])
  const fetching = plan.folder === undefined ? undefined : downloadRuntime({ folder: plan.folder, scripts: join(ownFolder, 'scripts') })
  let isServing = true
  void fetching?.ended.then((reason) => { if (isServing) say(downloadSentence(reason)) })
  try {
    process.exitCode = await serve(switches) ?? process.exitCode
  } finally {
    isServing = false
    fetching?.stop()
  }
}

function planWindow(isAsked: boolean): RuntimePlan {
  if (!hasDisplay()) return { download: false, sentence: 'There is no display here, so the lab is served to a browser on this machine.' }
  return planRuntime({ folders: electronPlaces({ folder: ownFolder }), isAsked })
}

/** A window that has not ended this long after a signal is killed. */
const endMs = 10_000

function openWindow(runtime: string, switches: readonly string[]): Promise<void> {
  const word = switches.find((each) => !each.startsWith('--'))
  // Electron would take a word without dashes for its main program.
  if (word !== undefined) throw new CannotRun(`A window takes switches alone, not ${JSON.stringify(word.slice(0, 40))}; the options of serve go with --web.`)
  let child: ChildProcess | undefined
  const end = (signal: NodeJS.Signals): void => {
    killChild(child, signal)
    setTimeout(() => killChild(child, 'SIGKILL'), endMs).unref()
  }
  // Before the window starts: a signal that comes a moment after its start would end this process alone.
  // Ctrl-C in a terminal reaches the window directly. A second signal would cut its clean shutdown short.
  process.on('SIGINT', () => { if (!process.stdin.isTTY) end('SIGINT') })
  for (const signal of ['SIGTERM', 'SIGHUP'] as const) process.on(signal, () => end(signal))
  // The fourth is a pipe whose other end only this process holds: it closes when this process ends (src/system/parent.ts).
  const window = child = spawn(runtime, [...sandboxSwitches(), ...switches, ownFolder], {
    stdio: ['inherit', 'inherit', 'inherit', 'pipe'], env: { ...electronEnvironment(), UNDERSTUDY_PARENT_PIPE: '3' },
  })
  window.stdio[3]?.on('error', () => undefined) // The end of the window is handled below.
  return new Promise((resolve, reject) => {
    window.once('error', (error) => reject(new CannotRun(`The lab could not be opened: ${error.message}.`)))
    window.once('exit', (code, signal) => {
      process.exitCode = code ?? (signal ? 1 : 0)
      resolve()
    })
  })
}
