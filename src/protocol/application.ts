// The application that is replicated: a key/value store. Deterministic: the same operations in the same order give the
// same results and the same store on every copy. It knows nothing of views, clients or repeats (at-most-once.ts does).
import type { Result } from './messages'
import type { Operation } from './operations'
import { isBroken } from './settings'
import { soundStore, type Store, type StoreSettings } from './store'

const done: Result = { type: 'done' }
const missing: Result = { type: 'missing' }
const tooLarge: Result = { type: 'too-large' }

/** Executes one operation and returns its result. Writes nothing unless the whole operation takes effect. */
export function execute(store: Store, operation: Operation, settings: StoreSettings = soundStore): Result {
  switch (operation.type) {
    case 'put':
      store.put(operation)
      return done
    case 'append': return store.append(operation) ? done : tooLarge
    case 'get': {
      const value = store.get(operation.key)
      return value === undefined ? missing : { type: 'value', value }
    }
    case 'delete':
      return store.delete(operation.key) ? done : missing
    case 'cas': {
      const held = store.get(operation.key) ?? null
      const actual = held === '' && isBroken(settings, 'takes-empty-for-missing') ? null : held
      if (actual !== operation.expected) return { type: 'mismatch', actual }
      store.put(operation)
      return done
    }
  }
}
