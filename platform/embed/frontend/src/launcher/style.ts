/** The styles of what stands in the tenant's page, in shadow roots that the page's own styles do not reach. */

export const FRAME_STYLE = `
:host{display:block;height:36rem;max-height:100%}
iframe{border:0;width:100%;height:100%;display:block;color-scheme:normal}
p{margin:0}
p:not(:empty){padding:24px}
[hidden]{display:none!important}`;

/** `--x` and `--y`: the distance from the side and from below. Important: it wins over whatever the page says. */
export const PANEL_STYLE = `
:host{all:initial!important;--side:auto}
.box{position:fixed;z-index:2147483000;inset-block-end:calc(var(--y) + env(safe-area-inset-bottom));right:var(--x);
display:flex;flex-direction:column;align-items:flex-end;gap:12px;font:500 15px/1.2 system-ui,sans-serif}
.left{right:auto;left:var(--x);align-items:flex-start}
button{all:unset;box-sizing:border-box;display:flex;align-items:center;justify-content:center;gap:8px;min-width:56px;height:56px;
padding:0 16px;border-radius:28px;background:var(--atrium-accent,#0b6a5d);color:var(--atrium-on-accent,#fff);
cursor:pointer;box-shadow:0 2px 10px #0004;position:relative}
button:focus-visible{outline:3px solid var(--atrium-accent,#0b6a5d);outline-offset:3px}
button.new::after{content:"";position:absolute;inset:2px 2px auto auto;width:12px;height:12px;border-radius:50%;background:#d33;
border:2px solid #fff}
svg{width:24px;height:24px;fill:none;stroke:currentColor;stroke-width:2;stroke-linecap:round;stroke-linejoin:round}
.text{font-size:22px}
.panel{width:min(400px,calc(100vw - 2*var(--x)));height:min(680px,calc(100dvh - var(--y) - 100px));overflow:hidden;
border-radius:var(--atrium-radius,14px);box-shadow:0 8px 40px #0005;background:var(--atrium-ground,Canvas)}
iframe{border:0;width:100%;height:100%;display:block;color-scheme:normal}
p{margin:0;padding:24px;color:var(--atrium-text,CanvasText)}
[hidden]{display:none!important}
@media (max-width:480px),(max-height:420px){.panel{position:fixed;inset:0 0 auto;width:100%;height:var(--tall,100dvh);
top:var(--top,0);border-radius:0}.box:not(.refused) .panel:not([hidden])+button{display:none}}
@media (prefers-reduced-motion:no-preference){.panel{animation:a .16s ease-out}@keyframes a{from{opacity:0;transform:translateY(12px)}}}
@media print{.box{display:none}}`;

/** A style sheet that a page's Content-Security-Policy does not hold up. */
export function sheet(text: string): CSSStyleSheet {
  const made = new CSSStyleSheet();
  made.replaceSync(text);
  return made;
}
