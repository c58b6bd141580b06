// Entry point of the teacher's page: styles, theme, the page. It must never act on a lab.
import { createPinia } from 'pinia'
import { createApp } from 'vue'
import '../styles/tokens.css'
import '../styles/base.css'
import '../styles/controls.css'
import '../styles/window.css'
import ClassPage from './ClassPage.vue'

createApp(ClassPage).use(createPinia()).mount('#app')
