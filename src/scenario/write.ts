// Writes a scenario as the text of its file: one line for each step. What is written reads back the same.
import { Document, isMap, visit } from 'yaml'
import type { ScenarioText } from './schema'

export function formatScenario(form: ScenarioText): string {
  const document = new Document(form)
  // The head and the list of steps are blocks; a step and what is in it stay on one line, as people write them.
  visit(document, {
    Map: (_key, node, path) => {
      if (path.length >= 3) node.flow = true
    },
    Pair: (_key, pair) => {
      if (String((pair.key as { value?: unknown }).value) === 'cluster' && isMap(pair.value)) pair.value.flow = true
    },
  })
  return `# yaml-language-server: $schema=../scenario.schema.json\n${document.toString({ lineWidth: 0, flowCollectionPadding: true })}`
}
