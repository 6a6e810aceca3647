/**
 * `/embed.js`: puts chats into a tenant's page. One global, `Atrium`; no cookie, no storage, no other request than the
 * frame's. The server writes what it knows of the site into the place of `__ATRIUM_SITE__`.
 */

import { atriumOf } from "./api";
import { defineElement } from "./element";
import { place } from "./place";
import { Panel } from "./panel";
import type { Served } from "./widget";

declare const __ATRIUM_SITE__: Served | null;

// An <img name="currentScript"> in the page would answer to that name, too, and choose the host.
const running = document.currentScript;
const script = (
  running?.tagName === "SCRIPT" ? running : document.querySelector('script[src*="/embed.js"]')
) as HTMLScriptElement | null;

function start(served: Served | null) {
  const host = new URL(script?.src ?? location.href).origin;
  const atrium = atriumOf(window);
  defineElement(host);
  const data = script?.dataset ?? {};
  const site = data.site ?? served?.key;
  if (!site) return;
  if (served && !served.known) return console.error(`Atrium: ${host} has no chat ${site}.`);
  if (served?.open === false || atrium.get(site)) return; // closed, or the same snippet twice
  const known = served?.key === site ? served : null;
  if (data.target) place(data.target, site, data);
  else atrium.add(new Panel({ host, site, data, served: known }));
}

const served = __ATRIUM_SITE__;
if (document.body) start(served);
else addEventListener("DOMContentLoaded", () => start(served));
