// Entry point of the window: styles, stores, the link to the lab, the page. Nothing else may start anything.
import { createPinia } from 'pinia'
import { createApp } from 'vue'
import './styles/tokens.css'
import './styles/base.css'
import './styles/controls.css'
import './styles/window.css'
import App from './App.vue'
import { startLinkOfPage } from './link/page'

const app = createApp(App)
app.use(createPinia())
startLinkOfPage()
app.mount('#app')
