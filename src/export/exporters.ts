// The formats by name, as the command line and a menu list them. docs/exports.md has a section for each.
import { csv } from './csv'
import type { Exporter } from './exporter'
import { html } from './html'
import { jepsen } from './jepsen'
import { mermaid } from './mermaid'
import { perfetto } from './perfetto'
import { plantuml } from './plantuml'
import { shiviz } from './shiviz'

export type ExportFormat = 'html' | 'shiviz' | 'mermaid' | 'plantuml' | 'perfetto' | 'jepsen' | 'csv'

export const exporters: Readonly<Record<ExportFormat, Exporter>> = { html, shiviz, mermaid, plantuml, perfetto, jepsen, csv }

/** In menu order. */
export const exportFormats = Object.keys(exporters) as readonly ExportFormat[]

export function isExportFormat(name: string): name is ExportFormat {
  return (exportFormats as readonly string[]).includes(name)
}
