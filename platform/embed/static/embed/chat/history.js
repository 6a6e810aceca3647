/**
 * @typedef {import("./types.js").Message} Message
 *
 * @typedef {{ question: Message|null, answers: Message[] }} StoredTurn
 */

/** @param {Message} message */
export function isAnswer(message) {
  return message.type === "ai" && Boolean(message.content);
}

/**
 * A thread's messages as questions with what was answered: a run that calls tools may say several things.
 * @param {Message[]} messages oldest first
 * @returns {StoredTurn[]}
 */
export function turnsOf(messages) {
  /** @type {StoredTurn[]} */
  const turns = [];
  for (const message of messages) {
    if (message.type === "human" || !turns.length) turns.push({ question: null, answers: [] });
    const turn = turns[turns.length - 1];
    if (message.type === "human") turn.question = message;
    else if (isAnswer(message)) turn.answers.push(message);
  }
  return turns.filter(({ question, answers }) => question || answers.length);
}

/**
 * What a run has said in all: a run that waited tells at its end perhaps only what came since.
 * @param {Message[]} known @param {Message[]} told
 */
export function withMore(known, told) {
  const byId = new Map([...known, ...told].filter(isAnswer).map((message) => [message.id, message]));
  return [...byId.values()];
}

/**
 * The messages of one run as one answer.
 * @param {Message[]} messages
 * @returns {{ content: string, citations: import("./types.js").Citation[], partial: boolean }}
 */
export function asOneAnswer(messages) {
  return {
    content: messages.map((message) => readable(message.content)).join("\n\n"),
    citations: messages.flatMap((message) => message.citations ?? []),
    partial: messages.some((message) => message.partial),
  };
}

/**
 * An answer of a wanted structure is an object in JSON: shown as code, indented.
 * @param {unknown} said a text, or the object itself
 * @returns {string} Markdown
 */
export function readable(said) {
  let object = said;
  if (typeof said === "string") {
    if (!/^\s*\{/.test(said)) return said;
    try {
      object = JSON.parse(said);
    } catch {
      return said;
    }
  }
  return `\`\`\`json\n${JSON.stringify(object, null, 2)}\n\`\`\``;
}
