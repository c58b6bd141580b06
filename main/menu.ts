// The application menu: what the operating system expects of every window. The lab's own acts are in the window and its palette.
import type { MenuItemConstructorOptions } from 'electron'

export function menuTemplate(name: string): MenuItemConstructorOptions[] {
  const application: MenuItemConstructorOptions[] = process.platform === 'darwin'
    ? [{ label: name, submenu: [{ role: 'about' }, { type: 'separator' }, { role: 'hide' }, { role: 'hideOthers' }, { type: 'separator' }, { role: 'quit' }] }]
    : []
  return [
    ...application,
    // Copy and paste need their menu items on macOS; the accelerators of the page stay its own.
    { label: 'Edit', submenu: [{ role: 'undo' }, { role: 'redo' }, { type: 'separator' }, { role: 'cut' }, { role: 'copy' }, { role: 'paste' }, { role: 'selectAll' }] },
    { label: 'Window', submenu: [{ role: 'minimize' }, { role: 'togglefullscreen' }, { role: 'toggleDevTools' }, { role: 'close' }] },
  ]
}
