/**
 * The shapes that the API speaks (docs: /api/docs) and that the parts of the chat hand to each other.
 * Dates are ISO 8601 texts, ids are texts.
 */

export interface Assistant {
  id: string;
  name: string;
  description?: string;
  starter_questions?: string[];
}

export interface Thread {
  id: string;
  name: string;
  assistant_id?: string;
  created_at: string;
  updated_at: string;
}

export interface Citation {
  /** the n of a marker [n] in the answer */
  number: number;
  document_id: string | null;
  /** null when the document is gone; else what `GET passages/{chunk_id}/` opens */
  chunk_id: string | number | null;
  title: string;
  /** path of headings, "A > B" */
  heading?: string;
  page?: number | null;
  quote?: string;
  /** which version of the document was read; null for one of another system */
  version?: number | null;
  /** the message that cites, once that is stored */
  message_id?: string;
  score?: number | null;
}

export interface Message {
  id: string;
  /** "human", "ai" or another kind that the chat does not show */
  type: string;
  content: string;
  created_at?: string;
  citations?: Citation[];
  /** false: nothing supports an answer, and the text says so */
  grounded?: boolean | null;
  /** the run that wrote it did not come to its end */
  partial?: boolean;
  run_id?: string | number | null;
  /** which of the answers to its question this is, from 1 */
  variant?: number;
  /** how many there are */
  variants?: number;
  feedback?: Feedback | null;
}

export interface Feedback {
  thumb: "up" | "down";
  text: string;
}

/** A tool call that a person has to decide on. */
export interface ToolCall {
  id: string;
  name: string;
  args: Record<string, any>;
}

/** A call that was made, or asked for. */
export interface ToolCallMade {
  run_id: string | number | null;
  call_id: string;
  name: string;
  args: Record<string, any>;
  /** "open": without an answer, as it waits for a person or the run ended before */
  status: "completed" | "failed" | "refused" | "open";
}

export interface Decision {
  call_id: string;
  decision: "approve" | "refuse" | "edit";
  reason?: string;
  args?: Record<string, any>;
}

export interface Run {
  id: string | number;
  status: "queued" | "running" | "waiting" | "completed" | "failed" | "cancelled";
  error_code?: string;
  error_detail?: string;
  /** while it waits */
  tool_calls?: ToolCall[];
  /** in a list of variants */
  messages?: Message[];
}

export interface Passage {
  document_id: string;
  title: string;
  heading?: string;
  page?: number | null;
  text: string;
  before?: string;
  after?: string;
  /** where the quote stands in the text, in code points */
  quote?: { start: number; end: number } | null;
}

/** One server-sent event, its data already read as JSON. */
export interface StreamEvent {
  id: string;
  event: string;
  data: any;
}

/** How the chat shows who asks: headers for each request. They may be made anew each time. */
export type Proof = () => Promise<Record<string, string>>;

/** What the page around it tells the component. */
export interface ChatConfig {
  /** path or address of the API, without the last slash */
  apiBase: string;
  proof: Proof;
  /** called once after a 401; true when there is a new proof, and the request is sent again */
  renew?: () => Promise<boolean>;
  mode: "member" | "visitor";
  /** the one assistant to talk to; without it there is a choice of all that are open to the reader */
  assistantId?: string;
  /** stands above a new conversation; a conversation that has begun has a name of its own */
  title?: string;
  /** the words of welcome; without them the time of the day decides */
  greeting?: string;
  /** questions to begin with; an assistant's own go first */
  starters: string[];
  /** said below a refusal or a failure that the reader can do nothing about: where to turn to instead */
  fallback?: string;
  /** what a visitor has to agree to before the first message */
  consent?: string;
  userName?: string;
  /** a BCP 47 tag, for numbers, dates and plurals */
  locale: string;
  features: Features;
  /** where a member signs in again; without it the page is loaded again */
  signInUrl?: string;
}

/** What of the chat is there. */
export interface Features {
  /** the list of conversations; without it there is a button for a new one */
  threads: boolean;
  rename: boolean;
  remove: boolean;
  feedback: boolean;
  regenerate: boolean;
}

export const ALL_FEATURES: Features = { threads: true, rename: true, remove: true, feedback: true, regenerate: true };
