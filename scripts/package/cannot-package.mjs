// The error for packaging that cannot continue: one plain sentence, exit status 2.
export class CannotPackage extends Error {}
