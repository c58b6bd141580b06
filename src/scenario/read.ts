// Reads a scenario from YAML, and reports every problem with its line, its column and one plain sentence. It must never accept a wrong
// file, nor spend more than the cost of reading it: files are small, and aliases are refused.
import { isAlias, isMap, isPair, Lexer, LineCounter, parseDocument, visit, type Document, type Node as YamlNode } from 'yaml'
import type * as z from 'zod'
import { nodeNames, scenarioOf, wordOfKind, type Place, type Scenario } from './scenario'
import { effectTypes } from '../network'
import { operationTypes } from '../protocol'
import { visible } from '../trace'
import {
  breakWords, conditionWords, nodeWords, ScenarioSchema, scenarioBytesMax, stepWords, type PlainStep, type ScenarioForm, type Step,
} from './schema'
import { wordsOf } from './step'
import { unseenNear } from './unseen'

export interface ScenarioProblem extends Place {
  readonly sentence: string
}

export type ReadScenario =
  | { readonly scenario: Scenario; readonly problems: readonly [] }
  | { readonly scenario: null; readonly problems: readonly [ScenarioProblem, ...ScenarioProblem[]] }

type Path = readonly (string | number)[]
/** The limit of problems that are reported at once; the rest are often the same again. */
const problemsMax = 20
/** The limit of nested brackets and list marks; the form itself has eight. */
const nestingMax = 100

/** Reads a file's text; `name` is its name in reports. */
export function readScenario(name: string, text: string): ReadScenario {
  const failed = (...problems: ScenarioProblem[]): ReadScenario => {
    const seen = problems.map((problem) => ({ ...problem, sentence: visible(problem.sentence) }))
    const [first = { line: 1, column: 1, sentence: 'It is no scenario.' }, ...others] = [...unseenNear(text, problems.map(({ line }) => line)), ...seen]
    return { scenario: null, problems: [first, ...others.slice(0, problemsMax - 1)] }
  }
  const refused = (sentence: string): ReadScenario => ({ scenario: null, problems: [{ line: 1, column: 1, sentence }] })
  if (text.length > scenarioBytesMax) return refused(`It is ${Math.ceil(text.length / 1024)} KB long; a scenario has at most ${scenarioBytesMax / 1024} KB.`)
  if (isTooDeep(text)) return refused('It is nested too deeply.')
  const lines = new LineCounter()
  const placeAt = (offset: number): Place => {
    const { line, col } = lines.linePos(offset)
    return { line: Math.max(1, line), column: Math.max(1, col) }
  }
  let document: Document.Parsed
  try {
    document = parseDocument(text, { lineCounter: lines, uniqueKeys: true, strict: true, prettyErrors: false })
  } catch (error) {
    return failed({ line: 1, column: 1, sentence: `It cannot be read as YAML: ${(error as Error).message}.` })
  }
  if (document.errors.length > 0) {
    return failed(...document.errors.map(({ pos, message }) => ({ ...placeAt(pos[0]), sentence: plainYaml(message) })))
  }
  const alias = firstAlias(document)
  if (alias) return failed({ ...placeAt(alias.range?.[0] ?? 0), sentence: 'A scenario has no anchors and aliases; write the value out.' })
  const places: Places = {
    isThere: (path) => path.length > 0 && document.hasIn(path),
    ofPath: (path) => placeAt(offsetOf(document, path)),
    ofKey: (path, key) => placeAt(keyOffset(document, path, key)),
  }
  const value: unknown = document.toJS()
  const checked = ScenarioSchema.safeParse(value)
  if (!checked.success) return failed(...checked.error.issues.flatMap((issue) => problemsOfIssue(issue, places)))
  const problems = senseProblems(checked.data).map(({ path, sentence }) => ({ ...places.ofPath(path), sentence }))
  return problems.length > 0 ? failed(...problems) : { scenario: scenarioOf(name, checked.data, places.ofPath), problems: [] }
}

/** Checks the tokens before the text is parsed, because the parser is recursive and takes seconds for extreme nesting. */
function isTooDeep(text: string): boolean {
  let brackets = 0
  let marks = 0
  for (const token of new Lexer().lex(text)) {
    if (token === '[' || token === '{') brackets++
    else if (token === ']' || token === '}') brackets--
    // List marks and the like on one line: `- - - x`.
    else if (token === '-' || token === '?') marks++
    else if (token === '\n') marks = 0
    if (brackets > nestingMax || marks > nestingMax) return true
  }
  return false
}

/** The places of values and keys in this file. */
interface Places {
  readonly ofPath: (path: Path) => Place
  readonly ofKey: (path: Path, key: string) => Place
  readonly isThere: (path: Path) => boolean
}

function firstAlias(document: Document.Parsed): YamlNode | undefined {
  let found: YamlNode | undefined
  visit(document, {
    Node: (_key, node) => {
      if (!isAlias(node) && !('anchor' in node && node.anchor)) return undefined
      found = node
      return visit.BREAK
    },
  })
  return found
}

/** The offset of the value at a path; for a missing value, that of its nearest ancestor. */
function offsetOf(document: Document.Parsed, path: Path): number {
  for (let length = path.length; length >= 0; length--) {
    const node: unknown = length === 0 ? document.contents : document.getIn(path.slice(0, length), true)
    const range = (node as YamlNode | null | undefined)?.range
    if (range) return range[0]
  }
  return 0
}

function keyOffset(document: Document.Parsed, path: Path, key: string): number {
  const map: unknown = path.length === 0 ? document.contents : document.getIn(path, true)
  if (!isMap(map)) return offsetOf(document, path)
  const pair = map.items.find((item) => isPair(item) && String((item.key as { value?: unknown }).value) === key)
  return ((pair?.key as YamlNode | undefined)?.range ?? map.range)?.[0] ?? 0
}

// ---- what the schema found

function problemsOfIssue(issue: z.core.$ZodIssue, places: Places): ScenarioProblem[] {
  const path = issue.path as Path
  if (issue.code === 'unrecognized_keys') {
    return issue.keys.map((key) => ({ ...places.ofKey(path, key), sentence: strangeKey(path, key) }))
  }
  if (issue.code === 'invalid_union') return [deepest(issue, path, places)]
  return [{ ...places.ofPath(path), sentence: sentenceOf(issue, path, places.isThere(path)) }]
}

/** For a value that fits none of several forms: the problem in the form that it comes nearest to. */
function deepest(issue: z.core.$ZodIssueInvalidUnion, path: Path, places: Places): ScenarioProblem {
  const inner = issue.errors.flat().filter(({ path: further }) => further.length > 0 || issue.errors.length === 1)
    .sort((one, other) => other.path.length - one.path.length)[0] ?? issue.errors.flat().find(({ code }) => code === 'unrecognized_keys')
  if (inner) {
    const first = problemsOfIssue({ ...inner, path: [...path, ...inner.path] }, places)[0]
    if (first) return first
  }
  return { ...places.ofPath(path), sentence: `${nameOf(path)} is not one of the forms that are allowed here.` }
}

function strangeKey(path: Path, key: string): string {
  const known = isStep(path) ? stepWords : path.at(-1) === 'wait' || path.at(-1) === 'expect' || path.at(-1) === 'always' ? conditionWords : []
  const near = known.find((word) => distance(word, key) <= 2)
  const what = isStep(path) ? `There is no step "${key.slice(0, 40)}"` : `${nameOf(path)} has no "${key.slice(0, 40)}"`
  return `${what}${near ? `; did you mean "${near}"?` : '.'}`
}

function isStep(path: Path): boolean {
  return path.at(-2) === 'steps'
}

function sentenceOf(issue: z.core.$ZodIssue, path: Path, isThere: boolean): string {
  const name = nameOf(path)
  switch (issue.code) {
    case 'invalid_type': return isThere ? `${name} must be ${typeWord(issue.expected)}.` : `${name} is missing or is not ${typeWord(issue.expected)}.`
    case 'too_small': return `${name} must be at least ${issue.minimum}${unitOf(issue.origin)}.`
    case 'too_big': return `${name} must be at most ${issue.maximum}${unitOf(issue.origin)}.`
    case 'invalid_value': return `${name} must be ${issue.values.map((value) => JSON.stringify(value)).join(' or ')}.`
    default: return `${name} is not what is expected here.`
  }
}

function unitOf(origin: string): string {
  return origin === 'string' ? ' characters long' : origin === 'array' ? ' items long' : ''
}

function typeWord(expected: string): string {
  return ({ object: 'a group of named values', array: 'a list', string: 'a text', number: 'a number', int: 'a whole number', boolean: 'true or false' } as Record<string, string>)[expected] ?? expected
}

function nameOf(path: Path): string {
  if (path.length === 0) return 'The scenario'
  const step = path.indexOf('steps')
  if (step < 0 || path.length === 1) return path.join('.')
  const rest = path.slice(step + 2).join('.')
  return `Step ${Number(path[step + 1]) + 1}${rest ? `, ${rest}` : ''}`
}

function plainYaml(message: string): string {
  const first = message.split('\n')[0] ?? ''
  if (first.startsWith('Map keys must be unique')) return 'This key is there twice.'
  if (first.startsWith('Nested mappings')) return 'There is a colon too many: a text that holds ": " needs quotes.'
  return `This is not YAML: ${first.replace(/\.?$/, '.')}`
}

// ---- problems of meaning in a correct form

interface Nonsense {
  readonly path: Path
  readonly sentence: string
}

function senseProblems(form: ScenarioForm): Nonsense[] {
  const { replicas, clients, start, backupsWanted } = form.cluster
  const names = nodeNames(replicas, clients)
  const problems: Nonsense[] = []
  if ((backupsWanted ?? 1) >= replicas && backupsWanted !== undefined && backupsWanted > 0) {
    problems.push({ path: ['cluster', 'backupsWanted'], sentence: `${replicas} replicas leave room for ${replicas - 1} backups.` })
  }
  for (const [index, name] of (start ?? []).entries()) if (!names.all.includes(name)) problems.push({ path: ['cluster', 'start', index], sentence: `There is no node ${name}.` })
  for (const who of Object.keys(form.cluster.program ?? {})) {
    if (!names.all.some((name) => name === who || wordOfKind(name) === who)) problems.push({ path: ['cluster', 'program', who], sentence: `There is no node ${who.slice(0, 40)}; a word for several is view-server, replicas or clients.` })
  }
  const known = { operations: new Set<string>(), marks: new Set<string>(), appends: new Set<string>() }
  for (const [index, step] of form.steps.entries()) {
    const path = ['steps', index]
    problems.push(...oneWord(step, path))
    if (step.repeat) for (const [at, inner] of step.repeat.steps.entries()) {
      const innerPath = [...path, 'repeat', 'steps', at]
      problems.push(...oneWord(inner, innerPath), ...stepSense(inner, innerPath, names.all, known))
    }
    problems.push(...stepSense(step, path, names.all, known))
  }
  return problems
}

function oneWord(step: Step, path: Path): Nonsense[] {
  const words = wordsOf(step, stepWords)
  if (words.length === 0) return [{ path, sentence: `${nameOf(path)} does nothing: it needs one of ${stepWords.slice(0, 8).join(', ')} …` }]
  if (words.length > 1) return [{ path, sentence: `${nameOf(path)} is several at once (${words.join(', ')}); make each a step of its own.` }]
  if (step.within !== undefined && !step.wait) return [{ path, sentence: `${nameOf(path)}: "within" goes with "wait" only.` }]
  if (step.always !== undefined && step.run === undefined) return [{ path, sentence: `${nameOf(path)}: "always" goes with "run" only.` }]
  return []
}

interface Known {
  readonly operations: Set<string>
  readonly marks: Set<string>
  readonly appends: Set<string>
}

function stepSense(step: PlainStep, path: Path, nodes: readonly string[], known: Known): Nonsense[] {
  const problems: Nonsense[] = []
  walk(step, path, (value, at) => {
    const key = at.at(-1)
    const list = typeof key === 'number' ? at.at(-2) : key
    if (typeof value !== 'string' || !isNodePlace(list, at)) return
    if (!nodes.includes(value) && !(nodeWords as readonly string[]).includes(value)) problems.push({ path: at, sentence: `There is no node ${value}.` })
  })
  if (step.fault && wordsOf(step.fault, effectTypes).length !== 1) problems.push({ path, sentence: `${nameOf(path)}: a fault needs exactly one of ${effectTypes.join(', ')}.` })
  if (step.break && wordsOf(step.break, breakWords).length !== 1) problems.push({ path, sentence: `${nameOf(path)}: a break needs exactly one of ${breakWords.join(', ')}.` })
  for (const [index, operation] of (step.together ?? []).entries()) {
    if (wordsOf(operation, operationTypes).length !== 1) problems.push({ path: [...path, 'together', index], sentence: `${nameOf(path)}: each of those together needs exactly one of ${operationTypes.join(', ')}.` })
  }
  for (const operation of [step, ...step.together ?? []]) {
    for (const type of operationTypes) if (operation[type]?.as) known.operations.add(operation[type].as)
  }
  if (step.mark) known.marks.add(step.mark)
  if (step.appends?.as) known.appends.add(step.appends.as)
  if (step.finish && !known.appends.has(step.finish)) problems.push({ path: [...path, 'finish'], sentence: `No earlier step has appends as "${step.finish}".` })
  for (const word of ['wait', 'expect', 'always'] as const) {
    const condition = step[word]
    if (!condition) continue
    for (const field of ['returned', 'waits'] as const) {
      for (const name of [condition[field] ?? []].flat()) if (!known.operations.has(name)) problems.push({ path: [...path, word, field], sentence: `No earlier step has an operation as "${name}".` })
    }
    if (condition.result && !known.operations.has(condition.result.of)) problems.push({ path: [...path, word, 'result', 'of'], sentence: `No earlier step has an operation as "${condition.result.of}".` })
    for (const field of ['messages', 'views', 'acknowledged'] as const) {
      const since = condition[field]?.since
      if (since !== undefined && !known.marks.has(since)) problems.push({ path: [...path, word, field, 'since'], sentence: `No earlier step marks "${since}".` })
    }
  }
  return problems
}

/** True if the schema has a node's name at this place. */
function isNodePlace(key: string | number | undefined, path: Path): boolean {
  if (key === 'kill' || key === 'pause' || key === 'resume' || key === 'restart' || key === 'start' || key === 'node' || key === 'isolate') return true
  if (key === 'from' || key === 'to' || key === 'clients' || key === 'at' || key === 'primary' || key === 'backups' || key === 'promoted' || key === 'equalStores') return true
  return path.includes('partition')
}

function walk(value: unknown, path: Path, look: (value: unknown, path: Path) => void): void {
  if (typeof value === 'object' && value !== null) for (const [key, inner] of Object.entries(value)) walk(inner, [...path, Array.isArray(value) ? Number(key) : key], look)
  else look(value, path)
}

/** The edit distance of two words (Levenshtein). */
function distance(one: string, other: string): number {
  let row = Array.from({ length: other.length + 1 }, (_, index) => index)
  for (let i = 1; i <= one.length; i++) {
    const next = [i]
    for (let j = 1; j <= other.length; j++) {
      next[j] = Math.min((row[j] as number) + 1, (next[j - 1] as number) + 1, (row[j - 1] as number) + (one[i - 1] === other[j - 1] ? 0 : 1))
    }
    row = next
  }
  return row[other.length] as number
}
