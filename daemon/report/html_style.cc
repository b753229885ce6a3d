#include "daemon/report/html_style.h"

namespace tegodrop {
namespace {

constexpr char kStyle[] = R"css(
:root{color-scheme:light dark;--bg:#fbfbfa;--card:#fff;--fg:#1d2125;--muted:#59616a;--line:#d9dce0;--good:#1c6b40;
--bad:#b3261e;--warn:#855000;--wait:#7b838c;--up:#2a6bb0;--build:#b06a00;--deliver:#23814f}
@media (prefers-color-scheme:dark){:root{--bg:#14171a;--card:#1b1f23;--fg:#e6e8ea;--muted:#a7afb7;--line:#363d44;
--good:#6fcf97;--bad:#ff8f86;--warn:#f0b45f;--wait:#8f98a1;--up:#6eaef5;--build:#e0a24a;--deliver:#56c28a}}
*{box-sizing:border-box}
html{-webkit-text-size-adjust:100%}
body{margin:0 auto;max-width:68rem;padding:1.5rem clamp(.9rem,3vw,2rem) 3rem;background:var(--bg);color:var(--fg);
font:15px/1.5 system-ui,-apple-system,"Segoe UI",Roboto,"Liberation Sans","DejaVu Sans",sans-serif;overflow-wrap:anywhere}
h1{font-size:clamp(1.3rem,1rem + 1.8vw,1.9rem);line-height:1.25;margin:.2rem 0 .5rem;font-weight:650;text-wrap:balance}
h2{font-size:1.15rem;margin:2.4rem 0 .3rem;font-weight:650}
p{margin:.3rem 0}
.sub,.meta{color:var(--muted)}
.meta{font-size:.9rem}
.verdict{border-left:.35rem solid var(--good);padding-left:.9rem}
.verdict.bad{border-color:var(--bad)}
.verdict.warn{border-color:var(--warn)}
.todo{margin:1.2rem 0 0;padding:.8rem 1rem;background:var(--card);border:1px solid var(--line);border-radius:.4rem}
.todo h2{margin:0 0 .3rem;font-size:1rem}
.todo ol{margin:0;padding-left:1.4rem}
.todo li{margin:.25rem 0}
code,.mono{font:.86em/1.45 ui-monospace,SFMono-Regular,Menlo,Consolas,"DejaVu Sans Mono",monospace}
.pill{display:inline-block;border:1px solid currentColor;border-radius:1rem;padding:0 .55rem;font-size:.8rem;
line-height:1.5;vertical-align:.1em;margin-left:.4rem;font-weight:500}
.ok{color:var(--good)}.is-bad{color:var(--bad)}.is-warn{color:var(--warn)}
table{width:100%;border-collapse:collapse;margin:.9rem 0 0;font-variant-numeric:tabular-nums}
caption{text-align:left;font-weight:600;padding:.3rem 0}
th,td{text-align:left;vertical-align:top;padding:.42rem .9rem .42rem 0;border-top:1px solid var(--line)}
thead th{border-top:0;border-bottom:1px solid var(--line);color:var(--muted);font-weight:500;font-size:.85rem;
white-space:nowrap}
tbody tr:first-child>*{border-top:0}
th[scope=row]{font-weight:600}
th[scope=row] .sub,td .sub{display:block;font-weight:400;font-size:.86rem}
.num{white-space:nowrap}
details>summary{cursor:pointer;margin-top:.9rem;font-weight:600}
details caption{position:absolute;width:1px;height:1px;overflow:hidden;clip-path:inset(50%)}
figure{margin:.6rem 0 0;padding:.9rem .9rem .4rem;background:var(--card);border:1px solid var(--line);
border-radius:.4rem}
figcaption{color:var(--muted);font-size:.88rem;padding-bottom:.5rem}
.legend{list-style:none;display:flex;flex-wrap:wrap;gap:.15rem 1.1rem;margin:0 0 .7rem;padding:0;font-size:.85rem}
.legend li{display:flex;align-items:center;gap:.4rem}
svg{display:block;overflow:visible;font-size:12px}
svg text{fill:var(--fg)}
svg .tick{fill:var(--muted);font-size:11px}
svg .fold{font-weight:650;font-size:12.5px}
svg .note{fill:var(--muted)}
svg .t-good{fill:var(--good)}svg .t-bad{fill:var(--bad)}svg .t-warn{fill:var(--warn)}
.grid{stroke:var(--line);stroke-width:1}
.base{stroke:var(--wait);stroke-width:1}
.p{shape-rendering:crispEdges}
.pw{fill:url(#pw)}.pu{fill:url(#pu)}.pb{fill:url(#pb)}.pd{fill:url(#pd)}
.edge{fill:none;stroke:var(--wait);stroke-width:1;shape-rendering:crispEdges}
.c-wait{fill:var(--wait)}.c-up{fill:var(--up)}.c-build{fill:var(--build)}.c-deliver{fill:var(--deliver)}
.c-card{fill:var(--card)}
.s-card{stroke:var(--card);stroke-width:1.5}.s-wait{stroke:var(--wait);stroke-width:1.6}
.hit{fill:transparent}
.m{overflow:visible}
.m path{fill:none;stroke-width:2.4}
.m.good path{stroke:var(--good)}.m.bad path{stroke:var(--bad)}.m.off path{stroke:var(--warn)}
.ends{fill:var(--good)}
footer{margin-top:3rem;border-top:1px solid var(--line);padding-top:.6rem;color:var(--muted);font-size:.85rem}
@media (max-width:40rem){
.minor{display:none}
thead{position:absolute;width:1px;height:1px;overflow:hidden;clip-path:inset(50%)}
table,tbody,caption{display:block}
tbody tr{display:flex;flex-wrap:wrap;gap:0 1.2rem;border-top:1px solid var(--line);padding:.5rem 0}
tbody tr:first-child{border-top:0}
th,td,tbody tr:first-child>*{border:0;padding:0}
th[scope=row],td.wide{flex:1 0 100%}
td[data-l]::before{content:attr(data-l) " ";color:var(--muted);font-size:.86rem}
}
@media print{
:root{--bg:#fff;--card:#fff;--fg:#000;--muted:#444;--line:#bbb;--good:#1c6b40;--bad:#b3261e;--warn:#855000;--wait:#7b838c;
--up:#2a6bb0;--build:#b06a00;--deliver:#23814f}
body{max-width:none;padding:0;font-size:10pt}
tr,figure,.todo{break-inside:avoid}h2{break-after:avoid}
svg *{-webkit-print-color-adjust:exact;print-color-adjust:exact}
}
)css";

}  // namespace

std::string_view ReportStyle() { return kStyle; }

}  // namespace tegodrop
