// What a program is started with, as the lab gives it to the host process that runs it. It must never hold anything that a person did not choose.
import type { HeaderNode } from '../../trace'

export interface ProgramSpec {
  /** The program and its parameters; no shell reads them. */
  readonly command: readonly [string, ...string[]]
  /** The folder that it runs in. */
  readonly folder: string
  /** True for a program that refuses fields which Maelstrom does not have. */
  readonly isPlain: boolean
  /** True if it speaks the messages of docs/protocol.md. */
  readonly speaksOurs: boolean
  /** A folder of its own, made before it starts; empty without one. */
  readonly dataFolder: string
  /** Whether that folder survives the end of the program, as a disk does; otherwise the next start finds it empty. */
  readonly keepsData: boolean
  readonly limits: ProgramLimits
}

export interface ProgramLimits {
  /** Time for init_ok, in milliseconds. */
  readonly initMs: number
  /** Time for the end of a step. */
  readonly stepMs: number
  /** Lines of standard output in a second; a program that writes more is ended. */
  readonly linesPerSecond: number
  /** Bytes of standard output in a second; the same. */
  readonly bytesPerSecond: number
}

export const programLimits: ProgramLimits = { initMs: 10_000, stepMs: 5000, linesPerSecond: 100_000, bytesPerSecond: 64 * 1024 * 1024 }

/** What a host process is given, as JSON in its environment. */
export interface HostedProgram extends ProgramSpec {
  readonly nodes: readonly HeaderNode[]
  /** What the host must not see of its person's environment, because it changes how Node runs; the program gets it. */
  readonly hidden: Readonly<Record<string, string>>
}

/** The environment of a host process: its person's, and the program. */
export function hostEnvironment(program: Omit<HostedProgram, 'hidden'>, environment: NodeJS.ProcessEnv): NodeJS.ProcessEnv {
  const given = Object.entries(environment).filter((entry): entry is [string, string] => entry[1] !== undefined)
  const hosted: HostedProgram = { ...program, hidden: Object.fromEntries(given.filter(([name]) => changesNode.test(name))) }
  return { ...Object.fromEntries(given.filter(([name]) => !changesNode.test(name))), [programVariable]: JSON.stringify(hosted) }
}

/** The environment of the program: its person's again, without what only the host may know. */
export function programEnvironment({ hidden }: Pick<HostedProgram, 'hidden'>, environment: NodeJS.ProcessEnv): Record<string, string> {
  const given = Object.entries(environment).filter((entry): entry is [string, string] => entry[1] !== undefined)
  return { ...Object.fromEntries(given.filter(([name]) => !ofHost.has(name) && !changesNode.test(name))), ...hidden }
}

const changesNode = /^(NODE_|ELECTRON_)/
const ofHost: ReadonlySet<string> = new Set(['UNDERSTUDY_SECRET', 'UNDERSTUDY_SWITCHBOARD', 'UNDERSTUDY_PROGRAM'])

/** In the environment of a host process: a HostedProgram. */
export const programVariable = 'UNDERSTUDY_PROGRAM'
/** In the environment of a program, and of all that it starts: its node and incarnation. */
export const lifeVariable = 'UNDERSTUDY_LIFE'
