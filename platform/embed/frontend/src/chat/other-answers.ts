import { isAnswer } from "./history";
import type { Turn } from "./turn";

/**
 * Show another of the answers to a turn's question, here and to whoever opens the thread from now on.
 * @param step +1 the next one, -1 the one before
 */
export async function turnTo(turn: Turn, step: number): Promise<void> {
  const { api, conversation, place } = turn;
  if (conversation.busy) return;
  try {
    // Runs that said nothing are among them, too; they are not counted.
    const runs = (await api.variants(place.runId ?? "")).filter(({ messages }) => messages?.some(isAnswer));
    const at = runs.findIndex(({ id }) => String(id) === place.runId) + step;
    const run = runs[at];
    if (!run) return void conversation.load({ quietly: true });
    await Promise.all([api.showVariant(String(run.id)), conversation.learnCalls()]);
    const numbers = { variant: at + 1, variants: runs.length };
    const messages = (run.messages ?? []).filter(isAnswer).map((message) => ({ ...message, ...numbers }));
    turn.answer.begin();
    turn.showStored(messages, String(run.id));
    conversation.turned(at + 1, runs.length);
    focusSwitch(turn, step);
  } catch (error) {
    conversation.complain(error, () => void turnTo(turn, step));
  }
}

/** The button that was pressed has been made anew. */
function focusSwitch(turn: Turn, step: number) {
  const names = step > 0 ? ["next-variant", "previous-variant"] : ["previous-variant", "next-variant"];
  const find = (name: string) => turn.answer.foot.querySelector<HTMLElement>(`[data-testid=${name}]:enabled`);
  const [same, other] = names.map(find);
  (same ?? other)?.focus({ preventScroll: true });
}
