// The import table of the rooms (docs/architecture.md) and the project's lint rules. Change the table in its own commit, with the reason.
import boundaries from 'eslint-plugin-boundaries'
import { defineConfig, globalIgnores } from 'eslint/config'
import ts from 'typescript-eslint'
import vue from 'eslint-plugin-vue'
import vueParser from 'vue-eslint-parser'
import { ignored, style } from './eslint.style.js'

/** room: the rooms that it may import. Imports point toward `protocol`; `cluster` and `sim` must not import each other. */
const table = {
  protocol: [],
  // The operating system: temporary folders, readable system errors, the end of a program. It imports only the display of foreign text.
  system: ['trace'],
  network: ['protocol'],
  // Operations drawn from a seed. The cluster and the simulator share them, although neither may import the other.
  workload: ['protocol', 'network'],
  // An event contains the workload's plan, whose type is here.
  trace: ['protocol', 'network', 'workload'],
  // The acts on a cluster: when they are allowed and what they do. Shared by both drivers of a cluster.
  core: ['protocol', 'network', 'trace', 'workload'],
  check: ['protocol', 'trace', 'maelstrom'],
  // What Maelstrom's programs speak with: clients with its requests, its services, and the one maker of every machine that runs in a lab.
  maelstrom: ['protocol', 'network'],
  // The line protocol of programs that are not ours (docs/node-protocol.md), for the host of a process and for the simulator.
  foreign: ['protocol', 'trace'],
  sim: ['protocol', 'network', 'trace', 'check', 'workload', 'core'],
  export: ['trace', 'check', 'protocol'],
  // Scenarios as data, and the runner that plays one on any stage; the lab implements the stages for processes and for the simulator.
  scenario: ['protocol', 'network', 'trace', 'check', 'workload'],
  contract: ['protocol', 'network', 'trace'],
  cluster: ['protocol', 'network', 'trace', 'workload', 'core', 'maelstrom', 'foreign', 'system'],
  lab: ['protocol', 'network', 'trace', 'check', 'maelstrom', 'workload', 'sim', 'scenario', 'export', 'contract', 'cluster', 'system'],
  // The direct-mode commands are thin wrappers of `cluster`: they start one node and nothing else.
  // It imports `scripts` to find Electron for the window, as `npm start` does.
  cli: ['lab', 'sim', 'scenario', 'contract', 'trace', 'check', 'export', 'cluster', 'protocol', 'scripts', 'system'],
  // Plain JavaScript that runs before anything is built; the parts that built programs need are bundled into them.
  scripts: [],
  // Separate programs that measure the build: the window in a real browser, and direct mode's nodes and client beside comparable systems.
  // Only the specs that need its recordings may import it.
  bench: ['lab', 'cluster', 'sim', 'trace', 'protocol', 'contract', 'system'],
  main: ['lab', 'contract', 'system'],
  renderer: ['contract', 'trace', 'check', 'protocol', 'network', 'export'],
  e2e: ['contract'],
}

/** The floors of the window, the lowest first: none imports one that stands above it. `replay` steps machines, and judges rules and histories, in workers. */
const floors = ['words', 'glyphs', 'search', 'playback', 'stores', 'link', 'replay', 'acts', 'panels', 'commands', 'dialogs', 'shell', 'classroom']

const pureRooms = ['protocol', 'network', 'trace', 'check', 'maelstrom', 'foreign', 'workload', 'core', 'sim', 'scenario', 'export', 'contract']
const folderOf = (room) => (['main', 'renderer', 'e2e', 'scripts'].includes(room) ? room : `src/${room}`)

const noClockNoChance = ['Date', 'performance', 'crypto', 'setTimeout', 'setInterval', 'setImmediate', 'process', 'console', 'Buffer', 'fetch']
  .map((name) => ({ name, message: 'A pure room sees no clock, no chance and no machine: take it as an input.' }))

export default defineConfig(
  globalIgnores(['**/*.{js,mjs,cjs}', ...ignored]),
  ...ts.configs.recommendedTypeChecked,
  ...vue.configs['flat/essential'],
  style,
  {
    languageOptions: {
      parser: vueParser,
      parserOptions: {
        parser: ts.parser,
        project: ['pure', 'node', 'bench', 'electron', 'preload', 'web', 'tests', 'e2e'].map((name) => `./tsconfig.${name}.json`),
        tsconfigRootDir: import.meta.dirname,
        extraFileExtensions: ['.vue'],
      },
    },
    linterOptions: { reportUnusedDisableDirectives: 'error' },
    plugins: { boundaries },
    settings: {
      'boundaries/elements': Object.keys(table).map((type) => ({ type, pattern: folderOf(type) })),
      'import/resolver': { typescript: { project: './tsconfig.base.json' } },
    },
    rules: {
      'boundaries/dependencies': ['error', {
        default: 'disallow',
        checkAllOrigins: true,
        policies: [
          ...Object.entries(table).map(([from, allowed]) => ({
            from: { element: { type: from } },
            allow: { to: { element: { type: [from, ...allowed] } } },
          })),
          { from: { element: { type: '*' } }, allow: { to: { origin: ['external', 'core'] } } },
          // A pure room imports no package; only the contract imports zod.
          ...pureRooms.map((from) => ({
            from: { element: { type: from } },
            disallow: { to: { origin: ['external', 'core'] } },
          })),
          { from: { element: { type: 'contract' } }, allow: { dependency: { module: 'zod' } } },
          // A scenario file is YAML: its reader keeps the line and column of every value.
          { from: { element: { type: 'scenario' } }, allow: { dependency: { module: 'zod' } } },
          { from: { element: { type: 'scenario' } }, allow: { dependency: { module: 'yaml' } } },
        ],
      }],
      '@typescript-eslint/switch-exhaustiveness-check': ['error', { considerDefaultExhaustiveForUnions: true }],
      '@typescript-eslint/no-floating-promises': 'error',
      '@typescript-eslint/consistent-type-imports': ['error', { fixStyle: 'inline-type-imports' }],
      '@typescript-eslint/no-unused-vars': ['error', { argsIgnorePattern: '^_', varsIgnorePattern: '^_' }],
      // A file over 400 lines should be reconsidered; comments and blank lines do not count.
      'max-lines': ['error', { max: 400, skipBlankLines: true, skipComments: true }],
      'max-lines-per-function': ['error', { max: 80, skipBlankLines: true, skipComments: true }],
      'max-len': ['error', { code: 170, ignoreStrings: true, ignoreTemplateLiterals: true, ignoreRegExpLiterals: true }],
      // `NodeName | ''` documents the empty string in the type, although for the compiler both are strings.
      '@typescript-eslint/no-redundant-type-constituents': 'off',
      // Components are imported by name and never registered, so a one-word name cannot clash with an HTML element.
      'vue/multi-word-component-names': 'off',
      eqeqeq: 'error',
      'no-restricted-imports': ['error', { patterns: [{ regex: '^\\.\\.?/.*\\.js$', message: 'Import without an ending.' }] }],
    },
  },
  ...floors.slice(0, -1).map((floor, at) => ({
    files: [`renderer/${floor}/**/*.{ts,vue}`],
    ignores: ['**/*.test.ts'],
    rules: {
      'no-restricted-imports': ['error', { patterns: [
        { regex: '^\\.\\.?/.*\\.js$', message: 'Import without an ending.' },
        { regex: `^(\\.\\./)+(${floors.slice(at + 1).join('|')}|App\\.vue|main)(/|$)`, message: `${floor} stands below: it imports no floor above it (docs/architecture.md).` },
      ] }],
    },
  })),
  {
    files: pureRooms.map((room) => `src/${room}/**/*.ts`),
    ignores: ['**/*.test.ts', '**/port-acceptance.ts'],
    rules: {
      'no-restricted-globals': ['error', ...noClockNoChance],
      'no-restricted-properties': ['error', { object: 'Math', property: 'random', message: 'Draw from src/network/random.ts.' }],
    },
  },
  {
    files: ['**/*.test.ts', '**/testing/**/*.ts', '**/port-acceptance.ts', 'e2e/**/*.ts'],
    rules: {
      // Tests and test helpers may import any room and any package. A test's function is its list of facts, so it may be long.
      'boundaries/dependencies': 'off',
      'max-lines': ['error', { max: 800, skipBlankLines: true, skipComments: true }],
      'max-lines-per-function': 'off',
    },
  },
)
