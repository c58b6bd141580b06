// Short forms of operations and results, for tests of histories.
import { utf8ToBytes, type Operation, type Result } from '../../../protocol'

export const bytes = utf8ToBytes
export const done: Result = { type: 'done' }
export const gave = (value: string): Result => ({ type: 'value', value: bytes(value) })
export const put = (value: string, key = 'x'): Operation => ({ type: 'put', key: bytes(key), value: bytes(value) })
export const append = (value: string, key = 'x'): Operation => ({ type: 'append', key: bytes(key), value: bytes(value) })
export const get = (key = 'x'): Operation => ({ type: 'get', key: bytes(key) })
