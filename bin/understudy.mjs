#!/usr/bin/env node
// The commands `understudy` and `understudy-lab` of the package `understudy-lab`. They run the built lab. This file must install and build nothing.
import { runCommandLine } from '../scripts/command-line.mjs'
import { requireNode } from '../scripts/install.mjs'

requireNode()
await runCommandLine(process.argv.slice(2))
