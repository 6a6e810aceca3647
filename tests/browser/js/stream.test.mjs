/** Bundled and run by tests/browser/test_chat_modules.py. */

import assert from "node:assert/strict";
import { test } from "node:test";

import { cookie } from "../../../platform/embed/frontend/src/chat/api";
import { nameFor } from "../../../platform/embed/frontend/src/chat/conversation";
import { partOfDay, periodOf } from "../../../platform/embed/frontend/src/chat/dates";
import { EventStreamParser, readEvents } from "../../../platform/embed/frontend/src/chat/event-stream";
import { Problem, explain, problemOf } from "../../../platform/embed/frontend/src/chat/problem";
import { useMessages } from "../../../platform/embed/frontend/src/chat/strings";
import { messages as en } from "../../../platform/embed/frontend/src/locales/en";

useMessages("en", en);

const STREAM =
  'id: 1\nevent: run.started\ndata: {"run_id":"r"}\n\n: ping\n\nid: 2\nevent: message.delta\ndata: {"text":\ndata: "ä"}\n\n';
const EVENTS = [
  { id: "1", event: "run.started", data: { run_id: "r" } },
  { id: "2", event: "message.delta", data: { text: "ä" } },
];

async function collect(response, options) {
  const events = [];
  for await (const event of readEvents(response, options)) events.push(event);
  return events;
}

test("events are the same however the stream is cut", () => {
  for (const newline of ["\n", "\r\n", "\r"]) {
    const text = STREAM.replaceAll("\n", newline);
    for (let size = 1; size <= text.length; size += 1) {
      const parser = new EventStreamParser();
      const events = [];
      for (let at = 0; at < text.length; at += size) events.push(...parser.push(text.slice(at, at + size)));
      events.push(...parser.push("\n")); // a CR at the very end waits for a LF
      assert.deepEqual(events, EVENTS, `${JSON.stringify(newline)} by ${size}`);
    }
  }
});

test("letters of several bytes survive a cut between their bytes", async () => {
  const bytes = new TextEncoder().encode(STREAM);
  const body = new ReadableStream({
    start(controller) {
      for (const byte of bytes) controller.enqueue(new Uint8Array([byte]));
      controller.close();
    },
  });
  assert.deepEqual(await collect(new Response(body)), EVENTS);
});

test("a stream that breaks or falls silent counts as a lost connection", async () => {
  const broken = new ReadableStream({
    pull: (controller) => controller.error(new TypeError("network error")),
  });
  await assert.rejects(collect(new Response(broken)), { code: "connection_lost" });
  await assert.rejects(collect(new Response(new ReadableStream()), { silence: 5 }), {
    code: "connection_lost",
  });
});

test("every refusal has words and a remedy", () => {
  const remedy = (status, code = "x") => explain(new Problem({ status, code })).remedy;
  const expected = {
    0: "retry",
    401: "sign-in",
    403: "none",
    404: "none",
    409: "retry",
    413: "edit",
    422: "edit",
    429: "retry",
    500: "retry",
    503: "retry",
  };
  for (const [status, name] of Object.entries(expected)) assert.equal(remedy(Number(status)), name, status);
  assert.equal(remedy(403, ""), "reload"); // Django's own CSRF page, no problem document
  assert.equal(explain(new Problem({ status: 422, detail: "Too short." })).text, "Too short.");
  assert.equal(explain(new TypeError("x is undefined")).text, en["error.internal"]);
});

test("what a proxy says is not shown", async () => {
  const problem = await problemOf(new Response("<h1>Bad gateway</h1>", { status: 502 }));
  assert.deepEqual([problem.status, problem.code, problem.detail], [502, "", ""]);
});

test("a thread is named after the beginning of its first question", () => {
  assert.equal(nameFor("  Why?\n\nBecause "), "Why? Because");
  assert.match(nameFor("word ".repeat(40)), /^(word )+word…$/);
  assert.ok(nameFor("x".repeat(500)).length <= 61);
});

test("threads are grouped by the reader's calendar", () => {
  const now = new Date(2026, 2, 29, 9); // the clocks change in much of Europe on this day
  assert.equal(periodOf(new Date(2026, 2, 29, 0, 1), now), "today");
  assert.equal(periodOf(new Date(2026, 2, 28, 23, 59), now), "yesterday");
  assert.equal(periodOf(new Date(2026, 2, 22, 12), now), "lastWeek");
  assert.equal(periodOf(new Date(2026, 2, 21, 12), now), "older");
  assert.equal(partOfDay(new Date(2026, 0, 1, 2)), "evening");
});

test("a cookie is found by its whole name", () => {
  assert.equal(cookie("csrftoken", "xcsrftoken=a; csrftoken=b%3D; other=c"), "b=");
  assert.equal(cookie("csrftoken", ""), "");
});
