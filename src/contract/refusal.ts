// Turns what the schema found wrong into one plain sentence that names the field and its limit.
// It must never quote a whole value back: a value may be megabytes.
import type * as z from 'zod'

/** A call that was refused: its message is one sentence for a person. Handlers throw it, callers catch it. */
export class Refusal extends Error {
  override readonly name = 'Refusal'
}

type Issue = z.core.$ZodIssue

/** Characters of an offending value that a sentence may quote. */
const quotedMax = 40

/** One sentence for the first issue of a value that a schema refused. */
export function sentenceOfIssue(issues: readonly Issue[], value: unknown): string {
  const issue = issues[0]
  if (issue === undefined) return 'The value is not what was expected.'
  const field = issue.path.length === 0 ? 'The value' : issue.path.map(String).join('.')
  return `${field} ${demandOf(issue)}${butIs(valueAt(value, issue.path), issue)}.`
}

function demandOf(issue: Issue): string {
  switch (issue.code) {
    case 'too_small': return `must be ${bound('at least', issue.minimum, issue.origin)}`
    case 'too_big': return `must be ${bound('at most', issue.maximum, issue.origin)}`
    case 'invalid_type': return `must be ${typeWords[issue.expected] ?? issue.expected}`
    case 'invalid_value': return `must be ${issue.values.map((allowed) => JSON.stringify(allowed)).join(' or ')}`
    case 'invalid_union': return 'options' in issue && Array.isArray(issue.options)
      ? `must be ${issue.options.map((allowed) => JSON.stringify(allowed)).join(' or ')}`
      : 'is not one of the forms that are allowed'
    case 'unrecognized_keys': return `must not have ${issue.keys.map((key) => JSON.stringify(key.slice(0, quotedMax))).join(', ')}`
    default: return `is refused: ${issue.message}`
  }
}

function bound(atLeastOrMost: string, limit: number | bigint, origin: string): string {
  if (origin === 'string') return `${atLeastOrMost} ${limit} characters long`
  if (origin === 'array') return `${atLeastOrMost} ${limit} items`
  return `${atLeastOrMost} ${limit}`
}

const typeWords: Record<string, string> = {
  int: 'a whole number', number: 'a number', string: 'text', array: 'a list', object: 'an object', boolean: 'true or false',
}

/** ", not 12" where the value is short and says something. */
function butIs(value: unknown, issue: Issue): string {
  if (issue.code === 'unrecognized_keys') return ''
  if (value === undefined) return ', and is missing'
  if (typeof value === 'string' && (issue.code === 'too_big' || issue.code === 'too_small')) return `, not ${value.length}`
  const text = typeof value === 'object' && value !== null ? '' : String(JSON.stringify(value))
  return text === '' || text.length > quotedMax ? '' : `, not ${text}`
}

function valueAt(value: unknown, path: readonly PropertyKey[]): unknown {
  let at = value
  for (const key of path) {
    if (typeof at !== 'object' || at === null) return undefined
    at = (at as Record<PropertyKey, unknown>)[key]
  }
  return at
}
