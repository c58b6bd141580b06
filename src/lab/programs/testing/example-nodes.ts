// Builds the example nodes (examples/nodes) in a folder of their own, as they are or with one of the changes of mutants.json. For tests.
import { execFileSync, spawnSync } from 'node:child_process'
import { copyFileSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs'
import { basename, extname, join, resolve } from 'node:path'

const examples = resolve(import.meta.dirname, '../../../../examples/nodes')

/** One change to one file, and the rule that it breaks. */
export interface Mutant {
  readonly rule: string
  readonly file: string
  readonly find: string
  readonly replace: string
  readonly says: string
}

export interface Language {
  readonly name: string
  readonly folder: string
  /** Its compiler or interpreter. */
  readonly toolchain: string
  readonly files: { readonly replica: string; readonly viewServer?: string; readonly echo: string; readonly linKv: string }
  /** The command of a file, built in that folder. */
  readonly build: (file: string, folder: string) => string
}

const compile = (program: string, parameters: readonly string[], cwd: string, environment: NodeJS.ProcessEnv = process.env): void => {
  execFileSync(program, parameters, { cwd, env: environment, stdio: ['ignore', 'ignore', 'inherit'] })
}
const stem = (file: string): string => basename(file, extname(file))

export const languages: readonly Language[] = [
  {
    name: 'Python', folder: 'python', toolchain: 'python3', build: (file, folder) => `python3 "${join(folder, file)}"`,
    files: { replica: 'replica.py', viewServer: 'view_server.py', echo: 'echo.py', linKv: 'lin_kv.py' },
  },
  {
    name: 'JavaScript', folder: 'javascript', toolchain: process.execPath, build: (file, folder) => `"${process.execPath}" "${join(folder, file)}"`,
    files: { replica: 'replica.mjs', viewServer: 'view-server.mjs', echo: 'echo.mjs', linKv: 'lin-kv.mjs' },
  },
  {
    name: 'Go', folder: 'go', toolchain: 'go',
    build: (file, folder) => {
      const built = join(folder, stem(file))
      compile('go', ['build', '-o', built, file, 'node.go'], folder, { ...process.env, GO111MODULE: 'off' })
      return `"${built}"`
    },
    files: { replica: 'replica.go', viewServer: 'view_server.go', echo: 'echo.go', linKv: 'lin_kv.go' },
  },
  {
    name: 'Java', folder: 'java', toolchain: 'javac',
    build: (file, folder) => {
      const classes = join(folder, 'classes')
      compile('javac', ['-d', classes, file, 'Node.java'], folder)
      return `java -XX:+UseSerialGC -XX:TieredStopAtLevel=1 -cp "${classes}" ${stem(file)}`
    },
    files: { replica: 'Replica.java', echo: 'Echo.java', linKv: 'LinKv.java' },
  },
  {
    name: 'Rust', folder: 'rust', toolchain: 'rustc',
    build: (file, folder) => {
      const built = join(folder, stem(file))
      compile('rustc', ['--edition', '2021', '-O', '-o', built, file], folder)
      return `"${built}"`
    },
    files: { replica: 'replica.rs', echo: 'echo.rs', linKv: 'lin_kv.rs' },
  },
]

export function hasToolchain({ toolchain }: Language): boolean {
  return spawnSync('which', [toolchain], { stdio: 'ignore' }).status === 0
}

export function mutantsOf({ folder }: Language): Mutant[] {
  return JSON.parse(readFileSync(join(examples, folder, 'mutants.json'), 'utf8')) as Mutant[]
}

/** Copies the language's files to a folder, one of them changed. Throws if the text to change is not there exactly once. */
export function copyExamples({ folder }: Language, to: string, mutant?: Mutant): void {
  mkdirSync(to, { recursive: true })
  for (const entry of readdirSync(join(examples, folder), { withFileTypes: true })) {
    if (!entry.isFile()) continue
    if (entry.name !== mutant?.file) {
      copyFileSync(join(examples, folder, entry.name), join(to, entry.name))
      continue
    }
    const parts = readFileSync(join(examples, folder, entry.name), 'utf8').split(mutant.find)
    if (parts.length !== 2) throw new Error(`${mutant.file} has the text of the mutant of ${mutant.rule} ${parts.length - 1} times`)
    writeFileSync(join(to, entry.name), parts.join(mutant.replace))
  }
}
