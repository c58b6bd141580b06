import { describe, expect, it } from 'vitest'
import { ClusterSettings } from '../../src/contract'
import { courseDefault, fieldHint, fieldProblem, formDanger, formProblem, isCourseDefault, mainFields, moreFields, seedProblem, stepped, type ClusterForm } from './cluster-form'

const spec = (name: string) => [...mainFields, ...moreFields].find((field) => field.name === name) ?? mainFields[0]!
const form = (changes: Partial<ClusterForm> = {}): ClusterForm => ({ ...courseDefault, ...changes })

describe('the New cluster form', () => {
  it('takes the course default as it is', () => {
    expect(formProblem(form())).toBe('')
    expect(isCourseDefault(form())).toBe(true)
    expect(isCourseDefault(form({ deadPings: 4 }))).toBe(false)
  })

  it('counts a title as no change of the settings', () => {
    expect(isCourseDefault(form({ title: 'lecture 4' }))).toBe(true)
  })

  it('says how many backups the replicas leave room for', () => {
    expect(fieldProblem(form({ replicas: 3, backupsWanted: 3 }), spec('backupsWanted'))).toBe('3 replicas leave room for 2')
    expect(fieldProblem(form({ replicas: 1, backupsWanted: 1 }), spec('backupsWanted'))).toBe('1 replica leaves no room for a backup')
    expect(fieldProblem(form({ replicas: 3, backupsWanted: 2 }), spec('backupsWanted'))).toBe('')
  })

  it('refuses what is no whole number, and what is out of limits', () => {
    expect(fieldProblem(form({ clients: NaN }), spec('clients'))).toBe('A whole number')
    expect(fieldProblem(form({ clients: 1.5 }), spec('clients'))).toBe('A whole number')
    expect(fieldProblem(form({ clients: 9 }), spec('clients'))).toBe('1 to 8')
  })

  it('refuses in every field just what the contract refuses at its limits', () => {
    for (const field of [...mainFields, ...moreFields]) {
      for (const value of [field.min - 1, field.min, field.max, field.max + 1]) {
        const tried = form({ replicas: 7, [field.name]: value })
        const roomless = field.name === 'replicas' && value === 1
        expect(formProblem(tried) === '' || roomless, `${field.name} ${value}`).toBe(ClusterSettings.safeParse(tried).success)
      }
    }
  })

  it('says what a table lets happen that is too small for the clients', () => {
    expect(formDanger(form())).toBe('')
    expect(formDanger(form({ clients: 2, tableClientsMax: 128 }))).toBe('')
    expect(formDanger(form({ clients: 2, tableClientsMax: 1 })))
      .toBe('The at-most-once table keeps 1 client, sessions counted. When more have asked, a request of the others that comes again is executed again.')
  })

  it('says what missed pings mean in time', () => {
    expect(fieldHint(form({ pingIntervalMs: 20, deadPings: 3 }), spec('deadPings'))).toBe('60 ms of silence')
  })

  it('steps to round numbers and stays within the limits', () => {
    expect(stepped(104, 1, spec('pingIntervalMs'))).toBe(110)
    expect(stepped(104, -1, spec('pingIntervalMs'))).toBe(100)
    expect(stepped(10, -1, spec('pingIntervalMs'))).toBe(1)
    expect(stepped(1, 1, spec('pingIntervalMs'))).toBe(10)
    expect(stepped(7, 1, spec('replicas'))).toBe(7)
    expect(stepped(NaN, 1, spec('replicas'))).toBe(2)
  })

  it('takes a seed of printable ASCII', () => {
    expect(seedProblem('run 7')).toBe('')
    expect(seedProblem('é')).toBe('Printable ASCII only')
  })
})
