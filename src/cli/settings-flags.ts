// Every numeric setting of the protocol as a flag of the commands that start a node: `--ping-interval-ms 20`. Names, limits and defaults come
// from the protocol; an out-of-range value is refused before anything starts.
import type { Command } from 'commander'
import { defaultSettings, settingLimits, type NumericSetting, type Settings } from '../protocol'
import { CannotRun, wholeNumber } from './cannot-run'

/** Extra help text for settings that can do harm. */
const dangers: Partial<Record<NumericSetting, string>> = {
  tableClientsMax: 'clients, each of their sessions counted, in the at-most-once table; when more have asked, a request of the others that comes late is executed twice',
}

/** `pingIntervalMs` is `--ping-interval-ms`. */
export const flagOf = (name: string): string => `--${name.replace(/[A-Z]/g, (letter) => `-${letter.toLowerCase()}`)}`

/** Adds a flag for each setting. `defaults`: this command's own default values. */
export function addSettingFlags(command: Command, defaults: Partial<Settings> = {}): Command {
  for (const [name, { min, max }] of Object.entries(settingLimits) as [NumericSetting, { min: number; max: number }][]) {
    const flag = flagOf(name)
    const usual = defaults[name] ?? defaultSettings[name]
    const danger = dangers[name]
    command.option(`${flag} <number>`, `${min} to ${max}${danger === undefined ? '' : ` ${danger}`}`, wholeNumber(flag, min, max), usual)
  }
  return command.addOption(command.createOption('--replication <kind>', 'whether a primary waits for its backups').choices(['synchronous', 'asynchronous']).argParser(replication).default(defaultSettings.replication))
}

function replication(text: string): Settings['replication'] {
  if (text === 'synchronous' || text === 'asynchronous') return text
  throw new CannotRun(`--replication is synchronous or asynchronous, not ${JSON.stringify(text.slice(0, 40))}.`)
}

/** The settings from commander's parsed options. */
export function settingsFrom(options: Record<string, unknown>, more: Partial<Settings> = {}): Settings {
  const given = Object.fromEntries(Object.keys(defaultSettings).filter((name) => name in options).map((name) => [name, options[name]]))
  return { ...defaultSettings, ...given as Partial<Settings>, ...more }
}
