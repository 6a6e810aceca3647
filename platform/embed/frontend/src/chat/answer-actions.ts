import { copyButton } from "./copy-button";
import { make } from "./dom";
import { FeedbackControl } from "./feedback";
import { t } from "./strings";
import { iconButton } from "./thread-item";
import type { Features, Feedback, Message } from "./types";

export interface AnswerActions {
  /** the answer's text, for elsewhere */
  text: () => string;
  judge: (feedback: Feedback | null) => Promise<unknown>;
  regenerate: () => void;
  /** +1 the next one, -1 the one before */
  turnTo: (step: number) => void;
}

/**
 * What can be done with an answer that is complete: copy it, judge it, ask for another one, look at the other ones.
 * @param message undefined: nothing was said before it ended
 */
export function answerActions(message: Message | undefined, actions: AnswerActions, features: Features): HTMLElement {
  const feedback = features.feedback && message && new FeedbackControl(message.feedback, actions.judge);
  const again = features.regenerate && iconButton("again", t("regenerate"), "regenerate", actions.regenerate);
  if (again) again.classList.add("chat-regenerate"); // only the last turn can be answered anew
  const { variant = 1, variants = 1 } = message ?? {};
  const bar = make(
    "div",
    { class: "chat-actions-bar", role: "group", "aria-label": t("answerActions") },
    message && copyButton(actions.text),
    ...(feedback ? feedback.buttons : []),
    again,
    variants > 1 && variantSwitch(variant, variants, actions.turnTo),
  );
  return make("div", { class: "chat-actions", "data-testid": "answer-actions" }, bar, feedback && feedback.more);
}

function variantSwitch(at: number, count: number, turnTo: (step: number) => void) {
  const previous = iconButton("left", t("previousVariant"), "previous-variant", () => turnTo(-1));
  const next = iconButton("right", t("nextVariant"), "next-variant", () => turnTo(1));
  previous.disabled = at <= 1;
  next.disabled = at >= count;
  const label = { "aria-label": t("variant", { number: at, count }), role: "img", "data-testid": "variant" };
  return make(
    "span",
    { class: "chat-variants", role: "group", "aria-label": t("variants") },
    previous,
    make("span", label, `${at}/${count}`),
    next,
  );
}
