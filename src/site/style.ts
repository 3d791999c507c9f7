import { createHash } from 'node:crypto';

/**
 * The one style sheet, inline in every page. The arch is a lit window, drawn by gradients. The
 * riddle keeps its own light ground, so that it reads the same in the dark.
 */
const SHEET = `
:root{color-scheme:light dark;--wall:#f5ecdd;--paper:#fffaf0;--ink:#2b2019;--soft:#695646;
--line:#dccbb0;--button:#7c2f1c;--button-ink:#fff6e8;--link:#7c2f1c;--glow:#f0b24a;--frame:#5b4330;
--warn:#fbe6cf;--focus:#1b5e8c}
@media (prefers-color-scheme:dark){:root{--wall:#1a1310;--paper:#241b16;--ink:#f1e5d3;--soft:#bfa98e;
--line:#453529;--button:#d79a3c;--button-ink:#21160c;--link:#e9b566;--glow:#f3b956;--frame:#7d5d40;
--warn:#3d2a17;--focus:#8cc8f2}}
*{box-sizing:border-box}
html{-webkit-text-size-adjust:100%;text-size-adjust:100%}
body{margin:0;min-height:100vh;display:flex;flex-direction:column;background:var(--wall);
color:var(--ink);font:1.0625rem/1.6 system-ui,-apple-system,"Segoe UI","Noto Sans",sans-serif;
overflow-wrap:anywhere}
header,main,footer{width:100%;max-width:34rem;margin:0 auto;padding:0 1rem}
header{padding-top:1.25rem;padding-bottom:1rem}
.home{display:inline-flex;align-items:center;gap:.75rem;min-height:44px;color:var(--ink);
font:600 1.125rem/1.3 Georgia,"Iowan Old Style","Noto Serif",serif;text-decoration:none}
.home:hover{text-decoration:underline;text-underline-offset:.2em}
.window{flex:none;width:1.75rem;height:2.25rem;border:3px solid var(--frame);
border-radius:1rem 1rem .2rem .2rem;background:
linear-gradient(var(--frame),var(--frame)) 50% 0/2px 100% no-repeat,
linear-gradient(var(--frame),var(--frame)) 0 58%/100% 2px no-repeat,var(--glow);
box-shadow:0 0 1.1rem color-mix(in srgb,var(--glow) 55%,transparent)}
main{flex:1}
article{background:var(--paper);border:1px solid var(--line);border-radius:14px;
padding:1.5rem 1.125rem}
@media (min-width:30rem){article{padding:2rem}header{padding-top:2rem}}
h1{margin:0 0 .75rem;font:600 1.75rem/1.2 Georgia,"Iowan Old Style","Noto Serif",serif;
letter-spacing:-.01em}
h2{margin:1.75rem 0 .5rem;font:600 1.1875rem/1.3 Georgia,"Iowan Old Style","Noto Serif",serif}
p,ol{margin:0 0 1rem}
ol{padding-left:1.4rem}
li{margin-bottom:.4rem}
article>:last-child,article>:last-child>.button{margin-bottom:0}
a{color:var(--link);text-underline-offset:.15em}
.tap{display:inline-block;margin:-.5rem 0;padding:.625rem 0}
.soft{color:var(--soft);font-size:.9375rem}
.alert{padding:.75rem .875rem;border-left:4px solid var(--glow);border-radius:6px;
background:var(--warn)}
.picture{display:block;width:100%;height:auto;margin:0 0 1.25rem;border:1px solid var(--line);
border-radius:10px;background:#fbf5e9}
label{display:block;margin-bottom:.375rem;font-weight:600}
input{display:block;width:100%;min-height:52px;padding:.5rem .875rem;border:2px solid var(--soft);
border-radius:10px;background:var(--paper);color:var(--ink);
font:1.375rem/1.4 ui-monospace,"Noto Sans Mono",Menlo,Consolas,monospace;letter-spacing:.12em}
.hint{margin:.5rem 0 1.25rem;color:var(--soft);font-size:.9375rem}
.button{display:flex;align-items:center;justify-content:center;width:100%;min-height:52px;
margin:1.25rem 0;padding:.5rem 1rem;border:0;border-radius:10px;background:var(--button);
color:var(--button-ink);font-family:inherit;font-size:1.0625rem;font-weight:600;line-height:1.3;text-align:center;
text-decoration:none;cursor:pointer}
.button:hover{filter:brightness(1.08)}
.code{display:block;margin:1.25rem 0;padding:1rem;border:2px dashed var(--frame);border-radius:10px;
background:var(--wall);font:1rem/1.6 ui-monospace,"Noto Sans Mono",Menlo,Consolas,monospace;
overflow-wrap:anywhere;word-break:break-all;-webkit-user-select:all;user-select:all}
:focus-visible{outline:3px solid var(--focus);outline-offset:3px;border-radius:6px}
footer{padding-top:1.25rem;padding-bottom:1.75rem;color:var(--soft);font-size:.875rem}
footer p{margin:0}
`;

/** The sheet with no line ends, which say nothing to a browser. */
export const STYLE = SHEET.replaceAll('\n', '');

/** What the Content-Security-Policy names so that this sheet, and no other, is applied. */
export const STYLE_HASH = `sha256-${createHash('sha256').update(STYLE).digest('base64')}`;
