// What other rooms may use of the simulator.
export { drawPlan, type DrawOptions } from './simulate/draw-plan'
export { checkNames, checkTitle, type CheckName, type Finding } from './simulate/judges'
export { isSubPlan, sizeOf, type HandAct, type Nth, type Plan, type PlanSize } from './simulate/plan'
export { catchUpMs, patienceMs, runPlan, type PlanRun, type RunPlanOptions, type ScriptLine } from './simulate/run-plan'
export { shrink, usualRunsMax, type Shrunk, type ShrinkOptions } from './simulate/shrink'
export { World, type WorldOptions } from './world'
