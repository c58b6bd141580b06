// Shapes of plain values, built once and checked on every line of a file: a quick yes or no, and only after a no, what is wrong.
// The compiler ties a shape to its type: a part that is missing here does not compile. It must never accept a part that the type
// does not have, so that no value is deeper than its shape, or than a JSON value may be.
import { visible } from './visible'

/** What a value must look like to be a `T`. */
export interface Shape<T> {
  readonly fits: (value: unknown) => boolean
  /** Of a value that does not fit, at `path`: what is wrong, to follow "whose ". */
  readonly problem: (value: unknown, path: string) => string
  /** Never there: it ties the shape to its type. */
  readonly of?: T
}

export type ShapesOf<T> = { readonly [Field in keyof T]-?: Shape<T[Field]> }

export interface Field {
  readonly name: string
  readonly shape: Shape<unknown>
}

/** The problem of a part that is missing or of another type. */
export function missing(path: string): string {
  return `${path} is missing or of the wrong kind`
}

function leaf<T>(fits: (value: unknown) => boolean): Shape<T> {
  return { fits, problem: (_value, path) => missing(path) }
}

export function isCount(value: unknown): value is number {
  return Number.isSafeInteger(value) && (value as number) >= 0
}

export function isTime(value: unknown): boolean {
  return typeof value === 'number' && Number.isFinite(value) && value >= 0
}

export const text: Shape<string> = leaf((value) => typeof value === 'string')
export const boolean: Shape<boolean> = leaf((value) => typeof value === 'boolean')
/** A whole number from 0. */
export const count: Shape<number> = leaf(isCount)
/** Any number from 0. */
export const amount: Shape<number> = leaf(isTime)
export const integer: Shape<number> = leaf((value) => Number.isSafeInteger(value))
/** From 0 to 1. */
export const share: Shape<number> = leaf((value) => isTime(value) && (value as number) <= 1)

/** One of these words, given as keys. */
export function oneOf<Word extends string>(words: Readonly<Record<Word, true>>): Shape<Word> {
  const known: ReadonlySet<unknown> = new Set(Object.keys(words))
  return { fits: (value) => known.has(value), problem: (value, path) => typeof value === 'string' ? `${path} is none that exists` : missing(path) }
}

export function orNull<T>(shape: Shape<T>): Shape<T | null> {
  return { fits: (value) => value === null || shape.fits(value), problem: shape.problem }
}

/** It may be left out. */
export function optional<T>(shape: Shape<T>): Shape<T | undefined> {
  return { fits: (value) => value === undefined || shape.fits(value), problem: shape.problem }
}

export function listOf<T>(shape: Shape<T>): Shape<readonly T[]> {
  return {
    fits: (value) => Array.isArray(value) && value.every(shape.fits),
    problem: (value, path) => {
      if (!Array.isArray(value)) return missing(path)
      const index = value.findIndex((item) => !shape.fits(item))
      return shape.problem(value[index], `${path}[${index}]`)
    },
  }
}

/** An object with these fields and no other. */
export function record<T extends object>(shapes: ShapesOf<T>): Shape<T> {
  const fields = fieldsOf(shapes)
  return { fits: (value) => isObject(value) && fieldsFit(value, fields), problem: (value, path) => isObject(value) ? fieldProblem(value, fields, path) : missing(path) }
}

/** The fields of each member of a union, by its `type`. */
export type Variants<T extends { readonly type: string }> = { readonly [Type in T['type']]: ShapesOf<Omit<Extract<T, { readonly type: Type }>, 'type'>> }

/** An object with the fields of its `type`, and no other. */
export function variants<T extends { readonly type: string }>(table: Variants<T>): Shape<T> {
  const byType: ReadonlyMap<unknown, readonly Field[]> = new Map(Object.entries(table as object).map(([type, shapes]) =>
    [type, [{ name: 'type', shape: text }, ...fieldsOf(shapes as object)]]))
  return {
    fits: (value) => {
      if (!isObject(value)) return false
      const fields = byType.get(value.type)
      return fields !== undefined && fieldsFit(value, fields)
    },
    problem: (value, path) => {
      if (!isObject(value)) return missing(path)
      const fields = byType.get(value.type)
      return fields === undefined ? `${path}.type is none that exists` : fieldProblem(value, fields, path)
    },
  }
}

/** One or the other. For a value that fits neither, `isOther` decides whose problem to report. */
export function either<One, Other>(one: Shape<One>, other: Shape<Other>, isOther: (value: unknown) => boolean): Shape<One | Other> {
  return {
    fits: (value) => one.fits(value) || other.fits(value),
    problem: (value, path) => isOther(value) ? other.problem(value, path) : one.problem(value, path),
  }
}

export function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}

function fieldsOf(shapes: object): Field[] {
  return Object.entries(shapes as Readonly<Record<string, Shape<unknown>>>).map(([name, shape]) => ({ name, shape }))
}

function fieldsFit(value: Record<string, unknown>, fields: readonly Field[]): boolean {
  let known = 0
  for (const { name, shape } of fields) {
    const part = value[name]
    if (!shape.fits(part)) return false
    if (part !== undefined) known++
  }
  return keysOf(value) === known
}

/** The number of keys, counted without a list of them. */
export function keysOf(value: object): number {
  let keys = 0
  for (const _name in value) keys++
  return keys
}

function fieldProblem(value: Record<string, unknown>, fields: readonly Field[], path: string): string {
  for (const { name, shape } of fields) if (!shape.fits(value[name])) return shape.problem(value[name], `${path}.${name}`)
  return `${path} has ${strangePart(value, fields.map(({ name }) => name))}`
}

/** Characters of a name that are shown. */
const shownMax = 40

/** The problem of an object that has more than these names. */
export function strangePart(value: object, names: readonly string[]): string {
  const strange = Object.keys(value).find((name) => !names.includes(name)) ?? ''
  return `a part that no recording has: "${visible(strange.slice(0, shownMax))}"`
}
