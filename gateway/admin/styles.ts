import { initialStyle } from "../connect/page.ts";

/** How the operator's page looks: with the tokens that every page has. On a narrow screen each row of a table is a block of its own. */
export const styles = `${initialStyle}
* { box-sizing: border-box; }
body { margin: 0; background: var(--xk-page); color: var(--xk-text); font: 15px/1.5 var(--xk-font); -webkit-text-size-adjust: 100%; }
.top, nav, main { max-width: 72rem; margin: 0 auto; padding: 0 1.5rem; }
.top { display: flex; flex-wrap: wrap; align-items: center; justify-content: space-between; gap: .5rem 1.5rem; padding-top: 1.25rem; padding-bottom: .75rem; }
.brand { display: flex; align-items: center; gap: .625rem; margin: 0; font-weight: 600; min-width: 0; }
.brand img { height: 1.75rem; max-width: 8rem; object-fit: contain; }
.name, td, dd, li, p, h2, caption { overflow-wrap: anywhere; }
.soft, .who { color: var(--xk-muted); font-weight: 400; }
.who { display: flex; flex-wrap: wrap; align-items: center; gap: .375rem .75rem; font-size: .875rem; overflow-wrap: anywhere; }
nav ul { display: flex; flex-wrap: wrap; gap: .25rem; margin: 0; padding: 0 0 .75rem; list-style: none; border-bottom: 1px solid var(--xk-line); }
nav a { display: block; padding: .375rem .75rem; color: var(--xk-muted); text-decoration: none; border-radius: .5rem; font-weight: 500; }
nav a:hover { background: var(--xk-hover); color: var(--xk-text); }
nav a[aria-current] { background: var(--xk-hover); color: var(--xk-text); }
main { padding-top: 1.75rem; padding-bottom: 2rem; }
main.narrow { max-width: 30rem; }
h1 { margin: 0 0 1rem; font-size: 1.5rem; line-height: 1.25; letter-spacing: -.01em; overflow-wrap: anywhere; }
h2 { margin: 0; font-size: 1.0625rem; }
section { margin-top: 2rem; } section > h2 { margin-bottom: .75rem; }
p { margin: 0 0 1rem; } p.soft, .hint { color: var(--xk-muted); } .hint { margin: .25rem 0 0; font-size: .8125rem; }
a { color: inherit; text-underline-offset: .2em; }
code { font: .8125rem/1.5 ui-monospace, SFMono-Regular, Menlo, Consolas, monospace; overflow-wrap: anywhere; }
time { white-space: nowrap; font-variant-numeric: tabular-nums; }
.card, .cards > li { background: var(--xk-surface); border: 1px solid var(--xk-line); border-radius: .75rem; padding: 1rem 1.25rem; }
.cards { display: grid; gap: .75rem; margin: 0; padding: 0; list-style: none; }
.cards > li { display: grid; grid-template-columns: minmax(0, 1fr) minmax(0, 2fr); gap: .5rem 1.5rem; align-items: center; }
.chips { display: flex; flex-wrap: wrap; gap: .375rem; margin: 0; padding: 0; list-style: none; }
.badge { display: inline-block; padding: .0625rem .5rem; font-size: .8125rem; font-weight: 500; color: var(--xk-muted); background: var(--xk-hover); border: 1px solid var(--xk-line); border-radius: 1rem; }
.badge.good { color: var(--xk-good-text); background: var(--xk-good-ground); border-color: var(--xk-good-line); }
.badge.warn { color: var(--xk-warn-text); background: var(--xk-warn-ground); border-color: var(--xk-warn-line); }
.badge.bad { color: var(--xk-bad-text); background: var(--xk-bad-ground); border-color: var(--xk-bad-line); }
.callout { margin: 0 0 1.25rem; padding: .75rem 1rem; border: 1px solid var(--xk-line); border-radius: .75rem; background: var(--xk-surface); }
.callout.good { color: var(--xk-good-text); background: var(--xk-good-ground); border-color: var(--xk-good-line); }
.callout.warn { color: var(--xk-warn-text); background: var(--xk-warn-ground); border-color: var(--xk-warn-line); }
.callout.bad { color: var(--xk-bad-text); background: var(--xk-bad-ground); border-color: var(--xk-bad-line); }
table { width: 100%; border-collapse: separate; border-spacing: 0; background: var(--xk-surface); border: 1px solid var(--xk-line); border-radius: .75rem; overflow: hidden; }
caption, .only { position: absolute; width: 1px; height: 1px; overflow: hidden; clip-path: inset(50%); }
th, td { padding: .625rem .875rem; text-align: start; vertical-align: top; }
thead th { font-size: .8125rem; font-weight: 500; color: var(--xk-muted); background: var(--xk-page); white-space: nowrap; }
tbody td, tbody th { min-width: 8.5rem; border-top: 1px solid var(--xk-line); font-weight: 400; } td .soft, th .soft { display: block; font-size: .8125rem; }
td.none::after { content: "–"; color: var(--xk-muted); }
dl { display: grid; grid-template-columns: max-content minmax(0, 1fr); gap: .5rem 1.5rem; margin: 0; } dt { color: var(--xk-muted); } dd { margin: 0; }
form.filter { display: grid; grid-template-columns: repeat(auto-fill, minmax(9.5rem, 1fr)); gap: .75rem 1rem; align-items: end; margin-bottom: 1.25rem; }
label { display: block; margin: 0 0 .25rem; font-size: .8125rem; font-weight: 500; color: var(--xk-muted); }
.narrow label { font-size: inherit; color: inherit; font-weight: 600; } .field { margin: 0 0 1rem; } .filter .field { margin: 0; }
input, select { width: 100%; height: 2.5rem; padding: 0 .75rem; font: inherit; color: inherit; background: var(--xk-surface); border: 1px solid var(--xk-field); border-radius: .5rem; }
button, a.button { display: inline-flex; align-items: center; justify-content: center; height: 2.5rem; padding: 0 1rem; font: inherit; font-weight: 600; text-decoration: none; color: var(--xk-on-fill); background: var(--xk-fill); border: 1px solid var(--xk-edge); border-radius: .5rem; cursor: pointer; }
button.quiet, a.quiet { padding: 0 .875rem; font-weight: 500; color: var(--xk-text); background: var(--xk-surface); border-color: var(--xk-field); }
button.bad { color: #fff; background: var(--xk-bad); border-color: transparent; } a.quiet.bad { color: var(--xk-bad-text); }
.narrow form.card button { width: 100%; }
.row { display: flex; flex-wrap: wrap; align-items: center; gap: .5rem; } .who button, td button { height: 2.125rem; font-size: .875rem; } table + .hint { margin-top: .75rem; } section > .hint { margin-bottom: .75rem; }
.between { justify-content: space-between; margin-bottom: .75rem; }
.pager { display: flex; flex-wrap: wrap; gap: .5rem; margin-top: 1rem; padding: 0; max-width: none; }
.foot { max-width: 72rem; margin: 0 auto; padding: 0 1.5rem 2rem; color: var(--xk-muted); font-size: .8125rem; }
.skip { position: absolute; inset-inline-start: -999rem; } .skip:focus { inset-inline-start: 1rem; top: .5rem; padding: .5rem 1rem; background: var(--xk-surface); border-radius: .5rem; }
:focus-visible { outline: 3px solid var(--xk-text); outline-offset: 2px; }
@media (max-width: 44rem) {
  .top, nav, main, .foot { padding-left: 1rem; padding-right: 1rem; }
  .cards > li { grid-template-columns: minmax(0, 1fr); }
  dl { grid-template-columns: minmax(0, 1fr); gap: .125rem; } dd { margin-bottom: .625rem; }
  table, tbody, tr, td, tbody th { display: block; } thead { position: absolute; width: 1px; height: 1px; overflow: hidden; clip-path: inset(50%); }
  tbody tr + tr { border-top: 1px solid var(--xk-line); } tbody tr { padding: .625rem 0; } tbody td, tbody th { border: 0; padding: .1875rem 1rem; }
  tbody td:not(.plain, .none) { display: grid; grid-template-columns: 6.5rem minmax(0, 1fr); gap: .75rem; } td[data-label]::before { content: attr(data-label); color: var(--xk-muted); font-size: .8125rem; line-height: 1.85; }
  tbody td, tbody th { min-width: 0; }
  tbody td.none { display: none; }
}
`;
