// The import table of the rooms (docs/architecture.md) and the rules of the house. Change the table in its own commit, with the reason.
import boundaries from 'eslint-plugin-boundaries'
import { defineConfig, globalIgnores } from 'eslint/config'
import ts from 'typescript-eslint'
import vue from 'eslint-plugin-vue'
import vueParser from 'vue-eslint-parser'

/** room: the rooms that it may import. Imports point toward `protocol`; `cluster` and `sim` never meet. */
const table = {
  protocol: [],
  network: ['protocol'],
  // Operations drawn from a seed: the cluster and the simulator, which never meet, drive the same.
  workload: ['protocol', 'network'],
  // An event holds the workload's plan, whose shape is the workload's own.
  trace: ['protocol', 'network', 'workload'],
  check: ['protocol', 'trace'],
  sim: ['protocol', 'network', 'trace', 'check', 'workload'],
  export: ['trace', 'check', 'protocol'],
  // Scenarios as data, and the runner that plays one on any stage; processes and simulator become stages in the lab.
  scenario: ['protocol', 'network', 'trace', 'check', 'workload'],
  contract: ['protocol', 'network', 'trace'],
  cluster: ['protocol', 'network', 'trace', 'workload'],
  lab: ['protocol', 'network', 'trace', 'check', 'workload', 'sim', 'scenario', 'export', 'contract', 'cluster'],
  // The direct-mode commands are thin faces of `cluster`: they start one node and nothing else.
  cli: ['lab', 'sim', 'scenario', 'contract', 'trace', 'check', 'export', 'cluster', 'protocol'],
  // Measures what is built, in programs of their own, which nothing imports but the specs that need its recordings: the window in a real
  // browser, and the nodes and the client of direct mode beside what others use in their place.
  bench: ['lab', 'cluster', 'sim', 'trace', 'protocol', 'contract'],
  main: ['lab', 'contract'],
  renderer: ['contract', 'trace', 'check', 'protocol', 'network', 'export'],
  e2e: ['contract'],
}

const pureRooms = ['protocol', 'network', 'trace', 'check', 'workload', 'sim', 'scenario', 'export', 'contract']
const folderOf = (room) => (['main', 'renderer', 'e2e'].includes(room) ? room : `src/${room}`)

const noClockNoChance = ['Date', 'performance', 'crypto', 'setTimeout', 'setInterval', 'setImmediate', 'process', 'console', 'Buffer', 'fetch']
  .map((name) => ({ name, message: 'A pure room sees no clock, no chance and no machine: take it as an input.' }))

export default defineConfig(
  globalIgnores(['**/*.{js,mjs,cjs}', 'out', '.out', 'node_modules', 'examples']),
  ...ts.configs.recommendedTypeChecked,
  ...vue.configs['flat/essential'],
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
          // A pure room takes no package; the contract's schemas are zod's.
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
      // A file that passes 400 lines asks to be thought about again; comments and blank lines are free.
      'max-lines': ['error', { max: 400, skipBlankLines: true, skipComments: true }],
      'max-lines-per-function': ['error', { max: 80, skipBlankLines: true, skipComments: true }],
      'max-len': ['error', { code: 170, ignoreStrings: true, ignoreTemplateLiterals: true, ignoreRegExpLiterals: true }],
      // `NodeName | ''` says in the type what the empty string means there, although to the compiler both are strings.
      '@typescript-eslint/no-redundant-type-constituents': 'off',
      // Components are imported by name and never registered: a one-word name meets no HTML element.
      'vue/multi-word-component-names': 'off',
      eqeqeq: 'error',
      'no-restricted-imports': ['error', { patterns: [{ regex: '^\\.\\.?/.*\\.js$', message: 'Import without an ending.' }] }],
    },
  },
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
      // Tests and what only they use may read any room and any package, and a test's function is its list of facts.
      'boundaries/dependencies': 'off',
      'max-lines': ['error', { max: 800, skipBlankLines: true, skipComments: true }],
      'max-lines-per-function': 'off',
    },
  },
)
