// The style of a report: light or dark as the system is, no meaning by colour alone, fit for paper.

export const reportStyle = `
:root{color-scheme:light dark;--panel:#fff;--sunk:#f4f6f8;--line:#dde2e8;--line2:#a9b2bd;--fg:#171c23;--fg2:#434c59;--fg3:#5c6675;--primary:#8a5000;--backup:#00705a;--msg:#6a7482;--strong:#262d36;--held:#5a21a8;--lost:#a3246f;--bad:#b5121b;--soft:#fff4d6}
@media screen and (prefers-color-scheme:dark){:root{--panel:#13171c;--sunk:#0e1216;--line:#252b33;--line2:#4b5562;--fg:#e8ebef;--fg2:#b3bcc8;--fg3:#8d97a5;--primary:#f2b04e;--backup:#4ccba9;--msg:#7f8a98;--strong:#d5dae1;--held:#d2c2ff;--lost:#f08cc4;--bad:#ff7b72;--soft:#332708}}
body{margin:0;background:var(--panel);color:var(--fg);font:14px/1.5 system-ui,sans-serif;font-variant-numeric:tabular-nums}
main{padding:24px}main>*{max-width:1100px;margin-left:auto;margin-right:auto}main>.diagram{max-width:1460px}
h1{font-size:22px;margin-top:0;margin-bottom:8px;overflow-wrap:anywhere}h2{font-size:16px;margin:28px 0 6px}summary h2{display:inline;margin:0}summary{margin-top:28px;cursor:pointer}
table{border-collapse:collapse;font-size:13px}td,th{text-align:left;vertical-align:top;padding:2px 16px 2px 0;font-weight:400;overflow-wrap:anywhere}th{color:var(--fg3);white-space:nowrap}tbody tr{border-top:1px solid var(--line)}
.said{background:var(--soft);padding:6px 10px;border-radius:6px;margin:6px 0}.legend,.quiet{color:var(--fg3);font-size:13px}.primary{color:var(--primary)}.backup{color:var(--backup)}
.bad{color:var(--bad)}tr.failed td,tr.unknown td,tr.open td{font-style:italic}
.scroll{overflow:auto;max-height:80vh;background:var(--sunk);border:1px solid var(--line);border-radius:6px;padding:8px}.scroll:focus-visible,summary:focus-visible{outline:2px solid var(--fg);outline-offset:2px}
svg{display:block;font:10px system-ui,sans-serif}svg text{fill:var(--fg2)}svg .name{font-size:13px;font-weight:600;text-anchor:middle;fill:var(--fg)}svg .time{fill:var(--fg3)}
svg path{fill:none}.lane{stroke:var(--line2);stroke-width:2}.lane.primary{stroke:var(--primary);stroke-width:5}.lane.backup{stroke:var(--backup);stroke-width:5}.lane.idle{stroke-width:3}.lane.none,.lane.dead,.lane.failed{stroke:var(--line2);stroke-width:1;stroke-dasharray:1 5}.lane.paused{stroke-dasharray:6 4}
.arrow{stroke:var(--msg);stroke-width:1.2}.forward .arrow,.forward-ack .arrow,.state-transfer .arrow{stroke:var(--strong);stroke-width:1.5}.late .arrow{stroke-dasharray:6 3;stroke:var(--held)}.copy .arrow{stroke-width:.7}.open .arrow{stroke-dasharray:2 3}.lost .arrow,.cross{stroke:var(--lost)}.cross{stroke-width:2}
svg .head{fill:var(--msg)}.sent{fill:var(--msg)}.event circle{fill:var(--panel);stroke:var(--fg);stroke-width:1.5}.node-killed circle,.node-exited circle,.violation circle{fill:var(--bad);stroke:var(--bad)}svg .node-killed text,svg .node-exited text,svg .violation text{fill:var(--bad)}
.view path{stroke:var(--fg3);stroke-dasharray:4 4}svg .view text{font-weight:600;fill:var(--fg)}
.again{display:none}.band{overflow:hidden;width:max-content}
@page{margin:10mm}@page diagram{size:landscape;margin:10mm}
@media print{:root{color-scheme:light}body{print-color-adjust:exact;-webkit-print-color-adjust:exact}main{padding:0}main>*,main>.diagram{max-width:none}
.scroll{max-height:none;overflow:visible;border:0;padding:0;background:none}table{width:100%;font-size:11px;line-height:1.35}h2,.legend,.said{break-after:avoid}tr,.said,li{break-inside:avoid}td,th{padding-right:10px}
.diagram{page:diagram}.band{break-inside:avoid;width:auto}.band svg{max-width:100%;height:auto}.again{display:block}summary{list-style:none}
details::details-content{content-visibility:visible;block-size:auto}}
`
