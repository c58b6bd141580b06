// Servers, incarnations and views: who is primary and who is backup, as the view server decided it.
// Values only: nothing here may know how a view is formed (view-server.ts) or what a server does in it (replica.ts).

/** A node's name, unique in the cluster: 1 to 32 of a-z, 0-9 and '-', a letter first. */
export type NodeName = string

/** The name of the view server in every cluster. */
export const viewServerName: NodeName = 'vs'

const nodeNamePattern = /^[a-z][a-z0-9-]{0,31}$/

export function isNodeName(text: string): boolean {
  return nodeNamePattern.test(text)
}

/** A server is a name and an incarnation, a number that grows with every start of that name. */
export interface Member {
  readonly name: NodeName
  readonly incarnation: number
  /** Its address in direct mode; empty in a lab, where the switchboard routes by name. Not part of its identity. */
  readonly address: string
}

export interface View {
  /** 0 before the first view, then 1, 2, 3 ... */
  readonly viewnum: number
  readonly primary: Member | null
  /** In joining order. */
  readonly backups: readonly Member[]
}

/** What is known before the first view. */
export const noView: View = { viewnum: 0, primary: null, backups: [] }

export type Role = 'primary' | 'backup' | 'idle'

export function sameMember(one: Member, other: Member): boolean {
  return one.name === other.name && one.incarnation === other.incarnation
}

/** The role that a view gives to a name, whatever its incarnation. */
export function roleInView(view: View, name: NodeName): Role {
  if (view.primary?.name === name) return 'primary'
  return view.backups.some((backup) => backup.name === name) ? 'backup' : 'idle'
}
