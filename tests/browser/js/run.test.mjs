/** Following a run over broken connections, and what is made of its messages. Run as stream.test.mjs is. */

import assert from "node:assert/strict";
import { afterEach, test } from "node:test";

import { ApiClient, newKey } from "../../../platform/embed/frontend/src/chat/api";
import { readArguments } from "../../../platform/embed/frontend/src/chat/approval-card";
import { readableName, textOf } from "../../../platform/embed/frontend/src/chat/arguments";
import {
  asOneAnswer,
  readable,
  turnsOf,
  withMore,
  withoutMarkers,
} from "../../../platform/embed/frontend/src/chat/history";
import { fitAboveKeyboard } from "../../../platform/embed/frontend/src/chat/keyboard";
import { Problem } from "../../../platform/embed/frontend/src/chat/problem";
import { followRun, pauseAfter } from "../../../platform/embed/frontend/src/chat/run-stream";
import { t, useMessages } from "../../../platform/embed/frontend/src/chat/strings";
import { messages } from "../../../platform/embed/frontend/src/locales/en";

useMessages("en", messages);

const realFetch = globalThis.fetch;
afterEach(() => {
  globalThis.fetch = realFetch;
});

const WORDS = "The answer is forty two, as everyone has known for a long while.".split(/(?<= )/);
const LOG = [
  ["run.started", { run_id: "r1", message_id: "m1" }],
  ...WORDS.map((text) => ["message.delta", { text }]),
  ["run.done", { run_id: "r1", messages: [] }],
].map(([event, data], index) => ({ id: String(index + 1), event, data }));

const lost = () => new Problem({ status: 0, code: "connection_lost" });
const frame = ({ id, event, data }) => `id: ${id}\nevent: ${event}\ndata: ${JSON.stringify(data)}\n\n`;

/** A server that has a log, and loses each connection after as many events as `cuts` says. */
function cutServer(cuts, log = LOG) {
  const asked = [];
  async function* from(after, what) {
    asked.push(what);
    let rest = cuts.shift() ?? Infinity;
    for (const event of log.filter(({ id }) => Number(id) > after)) {
      if (rest-- <= 0) throw lost();
      yield event;
    }
  }
  return {
    asked,
    begin: () => from(0, "begin"),
    rejoin: (runId, after) => from(after, `${runId} after ${after}`),
  };
}

async function follow(server, { place = { runId: null, after: 0 }, ...more } = {}) {
  const pauses = [];
  const connection = [];
  const events = [];
  const pause = async (milliseconds) => void pauses.push(milliseconds);
  const options = { place, begin: server.begin, rejoin: server.rejoin, pause, ...more };
  options.connection = (isLost) => connection.push(isLost);
  for await (const event of followRun(options)) events.push(event);
  return { events, pauses, connection, place };
}

test("wherever a stream is cut, each event comes once and in order", async () => {
  for (let first = 0; first <= LOG.length; first += 1)
    for (let second = 0; second <= 3; second += 1) {
      const { events } = await follow(cutServer([first, second]));
      assert.deepEqual(events, LOG, `cut after ${first} and ${second}`);
    }
});

test("a stream that ends without a last event is rejoined after the last one that came", async () => {
  const server = cutServer([3]);
  const { connection, place } = await follow(server);
  assert.deepEqual(server.asked, ["begin", "r1 after 3"]);
  assert.deepEqual(connection, [true, false]);
  assert.deepEqual(place, { runId: "r1", after: LOG.length });
});

test("a question whose answer never came is sent again until an event has come", async () => {
  const server = cutServer([0, 0]);
  await follow(server);
  assert.deepEqual(server.asked, ["begin", "begin", "begin"]);
});

test("events that a server tells twice are taken once", async () => {
  const server = cutServer([4]);
  const { events } = await follow({ begin: server.begin, rejoin: () => server.begin() });
  assert.deepEqual(events, LOG);
});

test("a refusal is not tried again, a server that is away is", async () => {
  for (const [status, attempts] of [
    [422, 1],
    [403, 1],
    [409, 1],
    [500, 1],
    [503, 5],
    [0, 5],
  ]) {
    let asked = 0;
    const begin = async function* () {
      asked += 1;
      throw new Problem({ status, code: "x" });
    };
    await assert.rejects(follow({ begin, rejoin: begin }), { status });
    assert.equal(asked, attempts, String(status));
  }
});

test("it gives up rejoining in the end, and can go on from there", async () => {
  const server = cutServer([4, ...Array(50).fill(0)]);
  const place = { runId: null, after: 0 };
  await assert.rejects(follow(server, { place }), { code: "connection_lost" });
  assert.deepEqual(place, { runId: "r1", after: 4 });
  const well = cutServer([]);
  const { events } = await follow(well, { place, begin: null });
  assert.deepEqual(well.asked, ["r1 after 4"]);
  assert.deepEqual(events, LOG.slice(4));
});

test("a run that waited is followed beyond that, and left where it waits still", async () => {
  const waiting = { id: "2", event: "run.waiting", data: { tool_calls: [] } };
  const open = cutServer([], [LOG[0], waiting]);
  assert.deepEqual((await follow(open)).events.at(-1), waiting);
  assert.deepEqual(open.asked, ["begin"]);
  const resumed = [LOG[0], waiting, { id: "3", event: "run.resumed", data: {} }];
  const log = [...resumed, { id: "4", event: "run.done", data: { messages: [] } }];
  assert.equal((await follow(cutServer([], log))).events.length, 4);
});

test("a decision that arrived, whose answer did not, is not refused as given twice", async () => {
  const asked = [];
  const begin = async function* () {
    asked.push("decide");
    throw asked.length > 1 ? new Problem({ status: 409, code: "run_not_waiting" }) : lost();
  };
  const server = cutServer([]);
  const { events } = await follow({ ...server, begin }, { place: { runId: "r1", after: 2 } });
  assert.deepEqual(asked, ["decide", "decide"]);
  assert.deepEqual(events, LOG.slice(2));
});

test("leaving ends it without a word", async () => {
  const leaving = new AbortController();
  const server = cutServer([2]);
  const pause = async () => leaving.abort();
  assert.equal((await follow(server, { pause, signal: leaving.signal })).events.length, 2);
});

test("pauses grow to some seconds, and the server may ask for more", () => {
  for (let failures = 0; failures < 20; failures += 1) {
    const longest = Math.min(8000, 500 * 2 ** failures);
    const pause = pauseAfter(failures, lost());
    assert.ok(pause >= longest / 2 && pause <= longest, `${failures}: ${pause}`);
  }
  assert.equal(pauseAfter(0, new Problem({ status: 503, retryAfter: 5 })), 5000);
  assert.equal(pauseAfter(0, new Problem({ status: 503, retryAfter: 86400 })), 32000);
});

// -- over HTTP, as the browser sends it

/** Answers with these bodies or refusals, one a request; keeps what was asked. */
function fakeFetch(...answers) {
  const asked = [];
  globalThis.fetch = async (url, { method, headers, body }) => {
    asked.push({ url, method, headers, body: body && JSON.parse(body) });
    const answer = answers.shift();
    if (answer instanceof Error) throw answer;
    return answer instanceof Response ? answer : new Response(answer);
  };
  return asked;
}

const api = (more) => new ApiClient({ base: "/api", proof: async () => ({ "X-CSRFToken": "c" }), ...more });

test("a question lost on its way is sent again with the same key, a lost stream is rejoined by number", async () => {
  const client = api();
  const refused = new Response("{}", { status: 503, headers: { "Retry-After": "0" } });
  const asked = fakeFetch(
    new TypeError("network"),
    refused,
    LOG.slice(0, 3).map(frame).join(""),
    LOG.slice(3).map(frame).join(""),
  );
  const key = newKey();
  const message = { assistant_id: "docs_assistant", content: "Why?" };
  const { events } = await follow({
    begin: () => client.send("t/1", message, { key }),
    rejoin: (runId, after) => client.runEvents(runId, after, {}),
  });
  assert.deepEqual(events, LOG);
  const [first, second, third, rejoined] = asked;
  assert.deepEqual([second, third], [first, first]);
  assert.equal(first.url, "/api/threads/t%2F1/messages/");
  assert.equal(first.headers["Idempotency-Key"], key);
  assert.equal(first.headers.Accept, "text/event-stream");
  assert.equal(first.headers["X-CSRFToken"], "c");
  assert.deepEqual([rejoined.url, rejoined.method], ["/api/runs/r1/events/", "GET"]);
  assert.equal(rejoined.headers["Last-Event-ID"], "3");
  assert.equal(rejoined.headers["Idempotency-Key"], undefined);
});

test("every call goes where the API has it", async () => {
  const client = api();
  const drain = async (events) => {
    for await (const _ of events);
  };
  const decision = { call_id: "c", decision: "refuse", reason: "No." };
  const message = { id: "m" };
  const asked = fakeFetch("", "", "{}", "[]", "{}", "{}", new Response(null, { status: 204 }), '[{"id":"r"}]', "[]");
  await drain(client.regenerate("r", { key: "k" }));
  await drain(client.decide("r", [decision], { key: "k" }));
  await client.cancelRun("r");
  await client.variants("r");
  await client.showVariant("r");
  await client.giveFeedback("t", message, { thumb: "down", text: "Wrong." });
  await client.giveFeedback("t", message, null);
  assert.equal((await client.latestRun("t")).id, "r");
  assert.equal(await client.latestRun("t"), null);
  assert.deepEqual(
    asked.map(({ method, url }) => `${method} ${url}`),
    [
      "POST /api/runs/r/regenerate/",
      "POST /api/runs/r/approvals/",
      "POST /api/runs/r/cancel/",
      "GET /api/runs/r/variants/",
      "POST /api/runs/r/show/",
      "PUT /api/threads/t/messages/m/feedback/",
      "DELETE /api/threads/t/messages/m/feedback/",
      "GET /api/threads/t/runs/?limit=1",
      "GET /api/threads/t/runs/?limit=1",
    ],
  );
  assert.deepEqual(asked[1].body, { decisions: [decision] });
  assert.deepEqual(asked[5].body, { thumb: "down", text: "Wrong." });
});

// -- messages

const human = (id) => ({ id, type: "human", content: `Question ${id}` });
const ai = (id, content, more = {}) => ({ id, type: "ai", content, run_id: "r", ...more });

test("messages become questions with all that was answered", () => {
  const messages = [human("1"), ai("2", "I look it up."), ai("3", "Found."), human("4"), ai("5", ""), human("6")];
  const turns = turnsOf(messages).map(({ question, answers }) => [question?.id, answers.map(({ id }) => id)]);
  assert.deepEqual(turns, [
    ["1", ["2", "3"]],
    ["4", []],
    ["6", []],
  ]);
  assert.deepEqual(turnsOf([ai("9", "The question is gone.")]).length, 1);
  assert.deepEqual(turnsOf([]), []);
});

test("what a run said before and after it waited is told once", () => {
  const before = [ai("2", "I ask you first.")];
  assert.deepEqual(
    withMore(before, [human("1"), ...before, ai("3", "Done.")]).map(({ id }) => id),
    ["2", "3"],
  );
  const told = [ai("2", "One.", { partial: true }), ai("3", "Two.", { citations: [{ number: 1 }] })];
  assert.deepEqual(asOneAnswer(told), {
    content: "One.\n\nTwo.",
    citations: [{ number: 1, message_id: "3" }],
    unsupported: false,
    partial: true,
  });
  assert.equal(asOneAnswer([ai("4", "Nothing is known.", { grounded: false })]).unsupported, true);
});

test("an object is shown as code, and a text that only looks like one as text", () => {
  assert.equal(readable('{"a":1}'), '```json\n{\n  "a": 1\n}\n```');
  assert.equal(readable({ a: 1 }), '```json\n{\n  "a": 1\n}\n```');
  for (const text of ["{not json}", "[1] says so", "Plain."]) assert.equal(readable(text), text);
});

test("edited arguments have to be a JSON object", () => {
  assert.deepEqual(readArguments('{"to": "a@b.c"}').args, { to: "a@b.c" });
  for (const text of ["", "{", "[1]", "null", '"text"', "{'a': 1}"]) {
    const { args, error } = readArguments(text);
    assert.equal(args, undefined, text);
    assert.ok(error, text);
  }
});

test("arguments are shown as text where they are, else as JSON, long ones over several lines", () => {
  assert.equal(textOf("two\nlines"), "two\nlines");
  assert.equal(textOf(["a@b.c", 2]), '["a@b.c",2]');
  assert.equal(textOf(null), "null");
  assert.equal(textOf(Array(30).fill(10)).split("\n").length, 32);
});

test("a tool's name is readable, and no two keys are alike", () => {
  assert.equal(readableName("send_e-mail"), "Send e mail");
  assert.match(newKey(), /^[0-9a-f]{32}$/);
  assert.notEqual(newKey(), newKey());
});

test("a request that is refused for its proof is sent once more with a new one", async () => {
  let [token, renewals] = ["old", 0];
  const renew = async () => {
    renewals += 1;
    token = "new";
    return true;
  };
  const client = api({ proof: async () => ({ Authorization: `Bearer ${token}` }), renew, credentials: "omit" });
  const sent = [];
  globalThis.fetch = async (_url, { headers, credentials }) => {
    sent.push([headers.Authorization, credentials]);
    return new Response("[]", { status: headers.Authorization === "Bearer new" ? 200 : 401 });
  };
  await Promise.all([client.threads(), client.assistants()]);
  assert.equal(renewals, 1);
  assert.deepEqual(sent.at(-1), ["Bearer new", "omit"]);
  assert.equal(sent.length, 4);
  token = "old";
  await assert.rejects(api({ renew: async () => false }).threads(), { status: 401 });
});

test("an answer is copied without the markers of its sources", () => {
  assert.equal(withoutMarkers("So it is [1], and so [2, 3][4]. [5](https://x.example)"), "So it is, and so. [5](https://x.example)");
});

test("a text is filled in, and its form follows the count", () => {
  assert.equal(t("steps", { count: 1 }), "1 step");
  assert.equal(t("steps", { count: 3 }), "3 steps");
  assert.equal(t("rename", { name: "{name} $& <b>" }), "Rename “{name} $& <b>”");
});

test("the composer stays above a keyboard that covers the page", () => {
  const viewport = Object.assign(new EventTarget(), { height: 844, scale: 1 });
  const shown = new Map();
  const element = { style: { setProperty: (name, value) => shown.set(name, value) } };
  Object.assign(globalThis, { innerHeight: 844, scrollTo: () => {} });
  const life = new AbortController();
  fitAboveKeyboard(element, life.signal, viewport);
  const resize = (height, scale = 1) => {
    Object.assign(viewport, { height, scale }).dispatchEvent(new Event("resize"));
    return shown.get("--chat-keyboard");
  };
  assert.equal(resize(500), "344px");
  assert.equal(resize(800), "0px"); // a bar of the browser's
  assert.equal(resize(400, 2), "0px"); // the reader has zoomed in
  life.abort();
  assert.equal(resize(500), "0px");
});
