// The New cluster form as values: fields with their limits, and one sentence for each invalid field. Pure.
// The limits are the contract's own; the lab checks them again.
import { clusterLimits, defaultClusterSettings, type ClusterSettings } from '../../src/contract'
import { mutantNames, mutants, settingLimits, type MutantName } from '../../src/protocol'

export type NumberField = 'replicas' | 'clients' | 'backupsWanted' | 'pingIntervalMs' | 'deadPings' | 'retryMs' | 'operationTimeoutMs' | 'tableClientsMax' | 'diskFreeMiBMin'

/** A field for a whole number that is typed or stepped to. */
export interface StepSpec {
  readonly label: string
  readonly unit: string
  readonly step: number
  readonly min: number
  readonly max: number
}

export interface FieldSpec extends StepSpec {
  readonly name: NumberField
}

/** The fields that are always shown; the fields of "More settings" follow. */
export const mainFields: readonly FieldSpec[] = [
  { name: 'replicas', label: 'Replicas', unit: '', step: 1, ...clusterLimits.replicas },
  { name: 'clients', label: 'Clients', unit: '', step: 1, ...clusterLimits.clients },
  { name: 'backupsWanted', label: 'Backups wanted', unit: '', step: 1, ...settingLimits.backupsWanted },
  { name: 'pingIntervalMs', label: 'Ping every', unit: 'ms', step: 10, ...settingLimits.pingIntervalMs },
  { name: 'deadPings', label: 'Dead after', unit: 'missed', step: 1, ...settingLimits.deadPings },
  { name: 'retryMs', label: 'Retry after', unit: 'ms', step: 10, ...settingLimits.retryMs },
]
export const moreFields: readonly FieldSpec[] = [
  { name: 'operationTimeoutMs', label: 'Give an operation up after', unit: 'ms', step: 1000, ...settingLimits.operationTimeoutMs },
  { name: 'tableClientsMax', label: 'Remember requests of', unit: 'clients', step: 1, ...settingLimits.tableClientsMax },
  { name: 'diskFreeMiBMin', label: 'Stop recording below', unit: 'MiB free', step: 256, ...clusterLimits.diskFreeMiBMin },
]

/** The values as typed: a number, or NaN where the text is no number. */
export type ClusterForm = { -readonly [Key in keyof ClusterSettings]: ClusterSettings[Key] }

export const courseDefault: ClusterSettings = defaultClusterSettings

/** The mutants grouped by the rule that they break; the last group breaks no numbered rule. */
export function mutantGroups(): { readonly title: string; readonly names: readonly MutantName[] }[] {
  return [1, 2, 3, 4, 5, 6, 0].map((rule) => ({
    title: rule > 0 ? `Rule ${rule}` : 'Beside the rules', names: mutantNames.filter((name) => mutants[name].rule === rule),
  }))
}

/** A mutant's name as words. */
export function mutantTitle(name: MutantName): string {
  return name.replaceAll('-', ' ')
}

/** The problem of a field in one sentence; empty if the field is valid. */
export function fieldProblem(form: ClusterForm, spec: FieldSpec): string {
  const value = form[spec.name]
  if (!Number.isInteger(value)) return 'A whole number'
  if (value < spec.min || value > spec.max) return `${spec.min} to ${grouped(spec.max)}`
  if (spec.name === 'backupsWanted' && Number.isInteger(form.replicas) && value > form.replicas - 1) {
    return form.replicas === 1 ? '1 replica leaves no room for a backup' : `${form.replicas} replicas leave room for ${form.replicas - 1}`
  }
  return ''
}

/** The hint below a valid field. */
export function fieldHint(form: ClusterForm, spec: FieldSpec): string {
  switch (spec.name) {
    case 'replicas':
    case 'clients': return `${spec.min} to ${spec.max}`
    case 'backupsWanted': {
      const most = Number.isInteger(form.replicas) ? Math.min(spec.max, Math.max(0, form.replicas - 1)) : spec.max
      return most === 0 ? 'none with 1 replica' : `0 to ${most} with ${form.replicas} replicas`
    }
    case 'pingIntervalMs': return `${spec.min} to ${grouped(spec.max)} ms`
    case 'deadPings': return Number.isInteger(form.pingIntervalMs * form.deadPings) ? `${grouped(form.pingIntervalMs * form.deadPings)} ms of silence` : ''
    case 'retryMs': return 'then it is sent again'
    case 'operationTimeoutMs': return form.operationTimeoutMs === 0 ? '0: never' : 'then its result is unknown; 0: never'
    case 'tableClientsMax': return 'of more, a late copy is executed twice'
    case 'diskFreeMiBMin': return form.diskFreeMiBMin === 0 ? '0: when the disk is full' : 'the lab goes on; 0: when the disk is full'
  }
}

/** Sessions that one client of a workload may have at once: each has its own client id, and a row in the at-most-once table. */
const sessionsOfClient = 64

/** A warning about what these settings allow to go wrong; empty if there is nothing. */
export function formDanger({ clients, tableClientsMax }: ClusterForm): string {
  if (!(tableClientsMax < clients * sessionsOfClient)) return ''
  return `The at-most-once table keeps ${grouped(tableClientsMax)} ${tableClientsMax === 1 ? 'client' : 'clients'}, sessions counted. When more have asked, a request of `
    + 'the others that comes again is executed again.'
}

/** The problem of the seed in one sentence; empty if there is none. */
export function seedProblem(seed: string): string {
  if (seed.length > 64) return 'At most 64 characters'
  return /^[ -~]*$/.test(seed) ? '' : 'Printable ASCII only'
}

export function formProblem(form: ClusterForm): string {
  for (const spec of [...mainFields, ...moreFields]) {
    const problem = fieldProblem(form, spec)
    if (problem !== '') return `${spec.label}: ${problem}.`
  }
  const seed = seedProblem(form.seed)
  if (seed !== '') return `Seed: ${seed}.`
  return form.title.length > 120 ? 'Title: at most 120 characters.' : ''
}

/** A step up or down, to the next multiple and within the limits. */
export function stepped(value: number, by: 1 | -1, spec: StepSpec): number {
  const from = Number.isFinite(value) ? value : spec.min
  const next = by === 1 ? Math.floor(from / spec.step) * spec.step + spec.step : Math.ceil(from / spec.step) * spec.step - spec.step
  return Math.max(spec.min, Math.min(spec.max, next))
}

export function isCourseDefault(form: ClusterForm): boolean {
  return (Object.keys(courseDefault) as (keyof ClusterSettings)[]).every((key) => key === 'title' || JSON.stringify(form[key]) === JSON.stringify(courseDefault[key]))
}

function grouped(count: number): string {
  return String(count).replace(/\B(?=(\d{3})+$)/g, '\u2009')
}
