// Tells TypeScript what an imported .vue file is; typed lint needs it, vue-tsc does not.
declare module '*.vue' {
  import type { DefineComponent } from 'vue'
  const component: DefineComponent<object, object, unknown>
  export default component
}

/** The address of a module that the build makes into a worker. */
declare module '*?worker&url' {
  const address: string
  export default address
}

declare module '*.css'
