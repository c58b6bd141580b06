// Tells TypeScript what an imported .vue file is; typed lint needs it, vue-tsc does not.
declare module '*.vue' {
  import type { DefineComponent } from 'vue'
  const component: DefineComponent<object, object, unknown>
  export default component
}

declare module '*.css'
