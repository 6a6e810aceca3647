/**
 * The shapes that the API speaks (docs: /api/docs) and that the parts of the chat hand to each other.
 * Dates are ISO 8601 texts, ids are texts.
 *
 * @typedef {object} Assistant
 * @property {string} id
 * @property {string} name
 * @property {string} [description]
 * @property {string[]} [starter_questions]
 *
 * @typedef {object} Thread
 * @property {string} id
 * @property {string} name
 * @property {string} [assistant_id]
 * @property {string} created_at
 * @property {string} updated_at
 *
 * @typedef {object} Citation
 * @property {number} number       the n of a marker [n] in the answer
 * @property {string|null} document_id
 * @property {string|number|null} chunk_id   null when the document is gone; else what `GET passages/{chunk_id}/` opens
 * @property {string} title
 * @property {string} [heading]    path of headings, "A > B"
 * @property {number|null} [page]
 * @property {string} [quote]
 * @property {number|null} [score]
 *
 * @typedef {object} Message
 * @property {string} id
 * @property {string} type         "human", "ai" or another kind that the chat does not show
 * @property {string} content
 * @property {string} [created_at]
 * @property {Citation[]} [citations]
 * @property {boolean} [partial]   the run that wrote it did not come to its end
 * @property {string|number|null} [run_id]
 * @property {number} [variant]    which of the answers to its question this is, from 1
 * @property {number} [variants]   how many there are
 * @property {Feedback|null} [feedback]
 *
 * @typedef {{ thumb: "up"|"down", text: string }} Feedback
 *
 * @typedef {object} ToolCall      that a person has to decide on
 * @property {string} id
 * @property {string} name
 * @property {Record<string, any>} args
 *
 * @typedef {object} Decision
 * @property {string} call_id
 * @property {"approve"|"refuse"|"edit"} decision
 * @property {string} [reason]
 * @property {Record<string, any>} [args]
 *
 * @typedef {object} Run
 * @property {string|number} id
 * @property {"queued"|"running"|"waiting"|"completed"|"failed"|"cancelled"} status
 * @property {string} [error_code]
 * @property {string} [error_detail]
 * @property {ToolCall[]} [tool_calls]  while it waits
 * @property {Message[]} [messages]     in a list of variants
 *
 * @typedef {object} Passage
 * @property {string} id
 * @property {string} document_id
 * @property {string} title
 * @property {string} [heading]
 * @property {number|null} [page]
 * @property {string} text
 * @property {string} [before]
 * @property {string} [after]
 *
 * @typedef {object} StreamEvent   one server-sent event, its data already read as JSON
 * @property {string} id
 * @property {string} event
 * @property {any} data
 *
 * @typedef {object} ChatConfig    what the page tells the component
 * @property {string} apiBase      path of the API, without the last slash
 * @property {string} csrfCookie   name of the cookie whose value goes into X-CSRFToken
 * @property {string} signInUrl
 * @property {string} userName
 * @property {string} tenantName
 * @property {string[]} starters   questions to begin with
 */

export {};
