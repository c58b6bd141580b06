export interface FileTime { readonly file: string; readonly seconds: number }
export interface FailedTest { readonly test: string; readonly why: string }
export function withoutColours(program: string): Record<string, string>
export function writeTimes(suite: string, files: readonly FileTime[], path?: string): void
export function writeFailures(suite: string, tests: readonly FailedTest[], path?: string): void
export function slowestLines(path: string, count?: number): string[]
export function failureLines(path: string): string[]
