// Asks the host for its class, once a second while the page is visible. It must never put the token anywhere but into its own requests.
import { ref, shallowRef, type Ref, type ShallowRef } from 'vue'
import { classPath, ClassList } from '../../src/contract'

const everyMs = 1000

export interface ClassWatch {
  readonly list: ShallowRef<ClassList | null>
  /** One sentence; empty while requests succeed. After a failure `list` keeps its last value. */
  readonly problem: Ref<string>
  readonly stop: () => void
}

export function watchClass(token: string): ClassWatch {
  const list = shallowRef<ClassList | null>(null)
  const problem = ref(token === '' ? 'This address lacks its token. Open the address that the lab printed when it started.' : '')
  let isStopped = token === ''

  async function ask(): Promise<void> {
    try {
      const answer = await fetch(classPath, { headers: { authorization: `Bearer ${token}` }, cache: 'no-store' })
      if (!answer.ok) throw new Error((await answer.text()).trim())
      list.value = ClassList.parse(await answer.json())
      problem.value = ''
    } catch (error) {
      // A failed fetch throws a TypeError whose text differs between browsers.
      problem.value = error instanceof TypeError ? 'No class answers at this address. What is shown is what was so last.' : error instanceof Error ? error.message : String(error)
    }
  }

  async function run(): Promise<void> {
    while (!isStopped) {
      if (document.visibilityState === 'visible') await ask()
      await new Promise((resolve) => setTimeout(resolve, everyMs))
    }
  }

  void run()
  return { list, problem, stop: () => { isStopped = true } }
}
