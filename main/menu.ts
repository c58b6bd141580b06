// The application menu: only what the operating system expects of every window. The lab's commands are in the window and its palette.
import type { MenuItemConstructorOptions } from 'electron'

export function menuTemplate(name: string): MenuItemConstructorOptions[] {
  const application: MenuItemConstructorOptions[] = process.platform === 'darwin'
    ? [{ label: name, submenu: [{ role: 'about' }, { type: 'separator' }, { role: 'hide' }, { role: 'hideOthers' }, { type: 'separator' }, { role: 'quit' }] }]
    : []
  return [
    ...application,
    // On macOS copy and paste work only with menu items. The page keeps its own accelerators.
    { label: 'Edit', submenu: [{ role: 'undo' }, { role: 'redo' }, { type: 'separator' }, { role: 'cut' }, { role: 'copy' }, { role: 'paste' }, { role: 'selectAll' }] },
    { label: 'Window', submenu: [{ role: 'minimize' }, { role: 'togglefullscreen' }, { role: 'toggleDevTools' }, { role: 'close' }] },
  ]
}
