// The signals with which a user, a terminal or the system ends a program.

export const endSignals = ['SIGINT', 'SIGTERM', 'SIGHUP'] as const
export type EndSignal = (typeof endSignals)[number]

/** The exit status that shells expect of a program ended by the signal. */
export const statusOfSignal: Readonly<Record<EndSignal, number>> = { SIGHUP: 129, SIGINT: 130, SIGTERM: 143 }
