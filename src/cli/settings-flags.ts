// Every number of the protocol as a flag of the commands that start a node: `--ping-interval-ms 20`. Names, limits and defaults are
// the protocol's own; a value out of its limits is refused before anything starts.
import type { Command } from 'commander'
import { defaultSettings, settingLimits, type NumericSetting, type Settings } from '../protocol'
import { CannotRun, wholeNumber } from './cannot-run'

/** `pingIntervalMs` is `--ping-interval-ms`. */
export const flagOf = (name: string): string => `--${name.replace(/[A-Z]/g, (letter) => `-${letter.toLowerCase()}`)}`

/** Adds a flag for each setting. `defaults` are this command's own. */
export function addSettingFlags(command: Command, defaults: Partial<Settings> = {}): Command {
  for (const [name, { min, max }] of Object.entries(settingLimits) as [NumericSetting, { min: number; max: number }][]) {
    const flag = flagOf(name)
    const usual = defaults[name] ?? defaultSettings[name]
    command.option(`${flag} <number>`, `${min} to ${max}`, wholeNumber(flag, min, max), usual)
  }
  return command.option('--replication <kind>', 'synchronous or asynchronous', replication, defaultSettings.replication)
}

function replication(text: string): Settings['replication'] {
  if (text === 'synchronous' || text === 'asynchronous') return text
  throw new CannotRun(`--replication is synchronous or asynchronous, not ${JSON.stringify(text.slice(0, 40))}.`)
}

/** The settings from what commander parsed. */
export function settingsFrom(options: Record<string, unknown>, more: Partial<Settings> = {}): Settings {
  const given = Object.fromEntries(Object.keys(defaultSettings).filter((name) => name in options).map((name) => [name, options[name]]))
  return { ...defaultSettings, ...given as Partial<Settings>, ...more }
}
