/** The chat's page: in a frame of a tenant's page, or by itself. */

import { theChatElement } from "../chat/atrium-chat";
import { Visit, type FrameConfig } from "./visit";
import { PageLink } from "./page-link";

const config: FrameConfig = JSON.parse(document.getElementById("frame-config")?.textContent ?? "");
const element = theChatElement();

if (config.mode === "page" || parent === window) {
  const open = config.open && config.mode === "page";
  const visit = new Visit(element, { ...config, open }, null, location.origin);
  void visit.speak().then((speaks) => (speaks ? visit.begin("") : undefined));
} else {
  let visit: Visit | null = null;
  PageLink.listen(
    parent,
    (link, start) => {
      visit ??= new Visit(element, config, link, link.origin);
      void visit.started(start);
    },
    (message) => visit?.received(message),
  );
}
