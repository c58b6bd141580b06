// Builds the .deb: the program in /usr/lib/understudy, a command, a menu entry, and the MIME type of our recordings. It uses `dpkg-deb`.
// It must run no script at installation: only Debian's own triggers run.
import { spawnSync } from 'node:child_process'
import { chmodSync, cpSync, mkdirSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { root } from '../install.mjs'
import { CannotPackage } from './cannot-package.mjs'
import { filesBelow, readVersion } from './stage.mjs'

const depends = 'libgtk-3-0, libnss3, libasound2 | libasound2t64, libgbm1, libxss1, libxtst6, libatspi2.0-0, xdg-utils'

const desktopEntry = `[Desktop Entry]
Type=Application
Name=Understudy
Comment=A lab for primary-backup replication
Exec=understudy-desktop %F
Icon=understudy
Terminal=false
Categories=Education;ComputerScience;Development;
MimeType=application/x-understudy-recording;application/x-ndjson;application/jsonl;
StartupWMClass=Understudy
`

/** Our own file extension is enough to identify a recording. Other JSON Lines files are identified by their first line. */
const mimeType = `<?xml version="1.0" encoding="UTF-8"?>
<mime-info xmlns="http://www.freedesktop.org/standards/shared-mime-info">
  <mime-type type="application/x-understudy-recording">
    <comment>Understudy recording</comment>
    <icon name="understudy"/>
    <glob pattern="*.understudy.jsonl" weight="80"/>
    <glob pattern="*.jsonl" weight="40"/>
    <magic priority="60"><match type="string" offset="0" value="{&quot;understudy&quot;:&quot;recording&quot;"/></magic>
  </mime-type>
</mime-info>
`

/** Chromium's sandbox does not run as root, so root must pass --no-sandbox. */
const launcher = `#!/bin/sh
if [ "$(id -u)" = 0 ]; then set -- --no-sandbox "$@"; fi
exec /usr/lib/understudy/understudy "$@"
`

function control(arch, kibibytes) {
  return `Package: understudy-desktop
Version: ${readVersion()}
Architecture: ${arch === 'x64' ? 'amd64' : 'arm64'}
Maintainer: The Understudy project <understudy@localhost>
Installed-Size: ${kibibytes}
Depends: ${depends}
Section: education
Priority: optional
Description: Lab for primary-backup replication
 Runs a view server, replicas and clients as processes of one machine, and shows
 what happened and why: logs, views, a space-time diagram, the rules of the
 protocol with evidence, linearizability.
`
}

export function makeDeb({ folder, work, dist, arch }) {
  const tree = join(work, 'deb')
  rmSync(tree, { recursive: true, force: true })
  const write = (path, text, mode = 0o644) => {
    mkdirSync(dirname(join(tree, path)), { recursive: true })
    writeFileSync(join(tree, path), text)
    chmodSync(join(tree, path), mode)
  }
  cpSync(folder, join(tree, 'usr/lib/understudy'), { recursive: true, verbatimSymlinks: true })
  chmodSync(join(tree, 'usr/lib/understudy'), 0o755)
  // Set-uid as in Electron's own packages, for systems where a user cannot create namespaces.
  chmodSync(join(tree, 'usr/lib/understudy/chrome-sandbox'), 0o4755)
  write('usr/bin/understudy-desktop', launcher, 0o755)
  write('usr/share/applications/understudy.desktop', desktopEntry)
  write('usr/share/mime/packages/understudy.xml', mimeType)
  mkdirSync(join(tree, 'usr/share/icons/hicolor/scalable/apps'), { recursive: true })
  cpSync(join(root, 'main/icon.svg'), join(tree, 'usr/share/icons/hicolor/scalable/apps/understudy.svg'))
  mkdirSync(join(tree, 'usr/share/doc/understudy-desktop'), { recursive: true })
  cpSync(join(folder, 'LICENCES.txt'), join(tree, 'usr/share/doc/understudy-desktop/copyright'))
  const bytes = filesBelow(tree).reduce((sum, name) => sum + (statSync(join(tree, name)).isFile() ? statSync(join(tree, name)).size : 0), 0)
  write('DEBIAN/control', control(arch, Math.ceil(bytes / 1024)))
  const path = join(dist, `understudy-desktop_${readVersion()}_${arch === 'x64' ? 'amd64' : 'arm64'}.deb`)
  const { status, error } = spawnSync('dpkg-deb', ['--root-owner-group', '-Zxz', '-z1', '--build', tree, path], { stdio: ['ignore', 2, 2] })
  if (status !== 0) throw new CannotPackage(error ? 'A .deb is made by dpkg-deb, which is not here.' : 'dpkg-deb failed; the reason is above.')
  return path
}
