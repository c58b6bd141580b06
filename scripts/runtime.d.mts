// The shapes of scripts/runtime.mjs, which stays plain JavaScript because it runs before anything is installed.
export interface RuntimePlan { readonly program?: string; readonly download: boolean; readonly folder?: string; readonly sentence: string }
export function planRuntime(options?: { folders?: readonly string[]; environment?: NodeJS.ProcessEnv; isAsked?: boolean }): RuntimePlan
export function lastFailure(folder?: string): { readonly at: string; readonly why: string } | undefined
export interface RuntimeDownload { readonly ended: Promise<string>; stop(): void }
export interface DownloadOptions {
  folder?: string
  scripts?: string
  silentAfterMs?: number
  tell?: (bytes: number, total: number) => void
  environment?: NodeJS.ProcessEnv
}
export function downloadRuntime(options?: DownloadOptions): RuntimeDownload
export function downloadSentence(reason: string): string
