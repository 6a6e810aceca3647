/** Bundled and run by tests/browser/test_chat_modules.py, in the root of the repository. */

import assert from "node:assert/strict";
import { readdirSync } from "node:fs";
import { beforeEach, test } from "node:test";

import { Problem, explain, isHelpless } from "../../../platform/embed/frontend/src/chat/problem";
import { inTime, t, useMessages, wordsFor } from "../../../platform/embed/frontend/src/chat/strings";
import { messages as en } from "../../../platform/embed/frontend/src/locales/en";

const FOLDER = "platform/embed/frontend/src/locales";
const TAGS = readdirSync(FOLDER).map((name) => name.replace(/\.ts$/, "")).filter((tag) => tag !== "en");
const ISSUE = ["ar", "de", "es", "fr", "hi", "pt", "zh"];

const wordsOf = async (tag) => (await import(`../../../platform/embed/frontend/src/locales/${tag}.ts`)).messages;
const isCode = (key) => key.startsWith("code.");
const placeholders = (text) => [...new Set(text.match(/\{\w+\}/g))].sort();
const forms = (text) => (typeof text === "string" ? { other: text } : text);

beforeEach(() => useMessages("en", en));

test("the languages of the issue are there", () => {
  assert.deepEqual(ISSUE.filter((tag) => !TAGS.includes(tag)), []);
});

for (const tag of TAGS)
  test(`${tag} says all that English says, with the same parameters, in each of its plural forms`, async () => {
    const words = await wordsOf(tag);
    const categories = new Intl.PluralRules(tag).resolvedOptions().pluralCategories.sort();
    const keys = (messages) => Object.keys(messages).filter((key) => !isCode(key)).sort();
    assert.deepEqual(keys(words), keys(en));
    for (const [key, english] of Object.entries(en)) {
      assert.equal(typeof words[key], typeof english, key);
      if (typeof english !== "string") assert.deepEqual(Object.keys(words[key]).sort(), categories, key);
      const known = placeholders(forms(english).other);
      assert.deepEqual(placeholders(forms(words[key]).other), known, key);
      for (const form of Object.values(forms(words[key]))) {
        assert.ok(form.trim(), key);
        assert.deepEqual(placeholders(form).filter((name) => !known.includes(name)), [], key);
      }
    }
  });

test("every language has words for the same codes, and they have no parameters", async () => {
  const codes = Object.keys(await wordsOf("de")).filter(isCode).sort();
  assert.ok(codes.length > 30);
  for (const tag of TAGS) {
    const words = await wordsOf(tag);
    assert.deepEqual(Object.keys(words).filter(isCode).sort(), codes, tag);
    for (const code of codes) assert.deepEqual(placeholders(words[code]), [], `${tag} ${code}`);
  }
});

test("plural forms follow the language", async () => {
  useMessages("ar", await wordsOf("ar"));
  const counted = [1, 2, 3, 11, 100].map((count) => t("sources", { count }));
  assert.deepEqual(counted, ["مصدر واحد", "مصدران", "3 مصادر", "11 مصدرًا", "100 مصدر"]);
  useMessages("de-AT", await wordsOf("de"));
  assert.deepEqual([1, 2].map((count) => t("steps", { count })), ["1 Schritt", "2 Schritte"]);
  useMessages("en", en);
  assert.equal(t("sources", { count: 1200 }), "1,200 sources");
});

test("a name does not turn the direction of the sentence around it", async () => {
  assert.equal(t("rename", { name: "Offer" }), "Rename “Offer”");
  assert.equal(t("rename", { name: "Offer \u202egpj" }), "Rename “\u2068Offer \u202egpj\u2069”");
  useMessages("ar", await wordsOf("ar"), true);
  assert.equal(t("rename", { name: "Offer" }), "إعادة تسمية «\u2068Offer\u2069»");
});

test("a code of the server is said in the reader's language, in the server's own words where there are none", async () => {
  const limited = new Problem({ status: 429, code: "site_limit", detail: "Wait 7 s.", retryAfter: 7 });
  const unknown = new Problem({ status: 403, code: "new_in_this_version", detail: "Not today." });
  assert.equal(explain(limited).text, limited.detail);
  assert.equal(wordsFor("constructor"), "");
  useMessages("fr", await wordsOf("fr"));
  assert.equal(
    explain(limited).text,
    "Vous avez écrit autant de messages que cette discussion en accepte pour le moment. Réessayez dans 7 secondes.",
  );
  assert.equal(explain(unknown).text, "Not today.");
  useMessages("ar-EG", await wordsOf("ar"), true);
  assert.ok(explain(limited).text.includes("خلال 7 ثوان")); // the digits of the markers
});

test("how long to wait is said in the unit that fits, and never too short", () => {
  assert.deepEqual(
    [1, 89, 90, 91, 5399, 5401, 86_400].map(inTime),
    ["in 1 second", "in 89 seconds", "in 2 minutes", "in 2 minutes", "in 90 minutes", "in 2 hours", "in 24 hours"],
  );
});

test("where to turn to instead is said where the reader can only wait", () => {
  const helpless = ({ status, code }) => isHelpless(new Problem({ status, code }));
  const waits = [{ status: 429 }, { status: 403 }, { status: 503 }, { status: 0, code: "run_failed" }];
  const acts = [{ status: 0 }, { status: 401 }, { status: 404 }, { status: 409 }, { status: 413 }, { status: 422 }];
  assert.deepEqual(waits.map(helpless), waits.map(() => true));
  assert.deepEqual(acts.map(helpless), acts.map(() => false));
});
