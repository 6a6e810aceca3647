/** What the tenants' console takes from the chat: answers look and run there as they do here. */

export { ApiClient, cookie, newKey } from "./chat/api";
export { make } from "./chat/dom";
export { MarkdownView } from "./chat/markdown/view";
export { followRun } from "./chat/run-stream";
