/**
 * @typedef {import("./types.js").Feedback} Feedback
 * @typedef {import("./types.js").Message} Message
 * @typedef {import("./strings.js").Strings} Strings
 */

import { make } from "./dom.js";
import { FeedbackControl } from "./feedback.js";
import { iconButton } from "./thread-item.js";

/**
 * What can be done with an answer that is complete: judge it, ask for another one, look at the other ones.
 * @param {Message|undefined} message undefined: nothing was said before it ended
 * @param {object} can
 * @param {(feedback: Feedback|null) => Promise<unknown>} can.judge
 * @param {() => void} can.regenerate
 * @param {(step: number) => void} can.turnTo  +1 the next one, -1 the one before
 * @param {Strings} strings
 */
export function answerActions(message, { judge, regenerate, turnTo }, strings) {
  const feedback = message && new FeedbackControl(message.feedback, judge, strings);
  const again = iconButton("again", strings.regenerate, "regenerate", regenerate);
  again.classList.add("chat-regenerate"); // only the last turn can be answered anew
  const { variant = 1, variants = 1 } = message ?? {};
  const bar = make(
    "div",
    { class: "chat-actions-bar", role: "group", "aria-label": strings.answerActions },
    ...(feedback ? feedback.buttons : []),
    again,
    variants > 1 && variantSwitch(variant, variants, turnTo, strings),
  );
  return make("div", { class: "chat-actions", "data-testid": "answer-actions" }, bar, feedback?.more);
}

/** @param {number} at @param {number} count @param {(step: number) => void} turnTo @param {Strings} strings */
function variantSwitch(at, count, turnTo, strings) {
  const previous = iconButton("left", strings.previousVariant, "previous-variant", () => turnTo(-1));
  const next = iconButton("right", strings.nextVariant, "next-variant", () => turnTo(1));
  previous.disabled = at <= 1;
  next.disabled = at >= count;
  const label = { "aria-label": strings.variant(at, count), role: "img", "data-testid": "variant" };
  return make(
    "span",
    { class: "chat-variants", role: "group", "aria-label": strings.variants },
    previous,
    make("span", label, `${at}/${count}`),
    next,
  );
}
