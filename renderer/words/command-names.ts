// The names of all commands of the window. Keys, palette and buttons may only name these, and each must have an act (commands/commands.ts): a name
// that one of them lacks does not compile.

/** The units of a step of time travel, by the names that sentences use. */
export const travelUnits = ['event', 'message', 'view', 'failure'] as const
export type TravelUnit = typeof travelUnits[number]

export type CommandName =
  | `${'previous' | 'next'}-${TravelUnit}`
  | 'new-cluster' | 'end-session' | 'branch' | 'explore-here' | 'explore-new' | 'rerun' | 'kill' | 'pause' | 'resume' | 'restart' | 'kill-selected'
  | 'pause-selected' | 'restart-selected' | 'freeze' | 'thaw' | 'space' | 'invoke' | 'start-workload' | 'stop-workload' | 'workload-settings'
  | 'add-fault' | 'cut' | 'isolate' | 'partition' | 'unreliable' | 'mend-all' | 'freeze-when' | 'deliver-selected' | 'deliver-next' | 'deliver-step'
  | 'drop-selected' | 'duplicate-selected' | 'previous-waiting' | 'next-waiting' | 'fire' | 'run-scenario' | 'scenario-pause' | 'go-live'
  | 'first-event' | 'next-kill' | 'previous-kill' | 'next-violation' | 'previous-violation' | 'next-match' | 'previous-match' | 'play' | 'speed'
  | 'go-to' | 'go-to-time' | 'go-to-view' | 'heartbeats' | 'measure' | 'zoom-in' | 'zoom-out' | 'fit' | 'pan-left' | 'pan-right' | 'cause'
  | 'effect' | 'axis' | 'compare' | 'compare-parent' | 'next-difference' | 'previous-difference' | 'palette' | 'keys' | 'licences' | 'search'
  | 'tab-log' | 'tab-operations' | 'tab-views' | 'tab-plots' | 'tab-inboxes' | 'tab-scenario' | 'tab-watch' | 'tab-compare' | 'tab-rules'
  | 'tab-history' | 'inspector' | 'close-drawers' | 'theme' | 'reset-layout' | 'toggle-start' | 'next-panel' | 'previous-panel' | 'open' | 'save'
  | 'save-gzip' | 'export' | 'scenario-step' | 'scenario-resume' | 'scenario-stop'
