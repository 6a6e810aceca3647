import { Problem } from "./problem";
import type { StreamEvent } from "./types";

const FINAL = new Set(["run.waiting", "run.cancelled", "run.done", "error"]);

/** Attempts in a row without an event: to begin a run some seconds long, to rejoin one about a minute. */
const MOST_TO_BEGIN = 4;
const MOST_TO_REJOIN = 12;
const FIRST_PAUSE_MS = 500;
const LONGEST_PAUSE_MS = 8_000;

/** how far a run has been followed; brought up to date with each event */
export interface Place {
  /** null until the run has told */
  runId: string | null;
  /** number of the last event */
  after: number;
}

/**
 * Follow a run to its end or until it waits for a person, over as many connections as it takes. Each event
 * comes once and in order. Raises a `Problem` when the server refuses, or cannot be reached for too long; a
 * later call with the same `place` goes on where this one was.
 */
export async function* followRun({ place, begin, rejoin, connection = () => {}, signal, pause = pauseFor }: {
  place: Place;
  /**
   * the request that begins the run or goes on with it. It is sent again until an event came, so it has to carry an
   * Idempotency-Key.
   */
  begin?: (() => AsyncIterable<StreamEvent>) | null;
  rejoin: (runId: string, after: number) => AsyncIterable<StreamEvent>;
  /** told when it is lost, and when it is back */
  connection?: (isLost: boolean) => void;
  signal?: AbortSignal;
  pause?: typeof pauseFor;
}): AsyncGenerator<StreamEvent, void, void> {
  let isBegun = !begin;
  let isOver = false;
  for (let failures = 0; !signal?.aborted; ) {
    try {
      const rejoined = isBegun && place.runId !== null;
      const events = rejoined || !begin ? rejoin(place.runId ?? "", place.after) : begin();
      for await (const event of events) {
        if (failures) connection(false);
        failures = 0;
        isBegun = true;
        if (event.data?.run_id) place.runId = String(event.data.run_id);
        const number = Number(event.id);
        if (number <= place.after) continue;
        place.after = number;
        isOver = FINAL.has(event.event);
        yield event;
        if (isOver && event.event !== "run.waiting") return; // a log that waited may go on
      }
      throw new Problem({ status: 0, code: "connection_lost" });
    } catch (error) {
      if (isOver || signal?.aborted) return;
      if (failures && isAlreadyBegun(error, place)) isBegun = true;
      else if (!passes(error, isBegun) || failures >= (isBegun ? MOST_TO_REJOIN : MOST_TO_BEGIN)) throw error;
      connection(true);
      await pause(pauseAfter(failures, error), signal);
      failures += 1;
    }
  }
}

/** The first request arrived after all, only its answer did not. */
function isAlreadyBegun(error: unknown, place: Place) {
  return error instanceof Problem && error.status === 409 && place.runId !== null;
}

/**
 * Trouble that may be over in a moment. What begins a run is refused for good by anything that the server says
 * about the request itself.
 */
function passes(error: unknown, isBegun: boolean) {
  if (!(error instanceof Problem)) return false;
  if (error.status === 0 || [502, 503, 504].includes(error.status)) return true;
  return isBegun && (error.status >= 500 || error.status === 429);
}

/**
 * @param failures before this one
 * @returns milliseconds
 */
export function pauseAfter(failures: number, error: unknown): number {
  const asked = error instanceof Problem ? error.retryAfter * 1000 : 0;
  const own = Math.min(LONGEST_PAUSE_MS, FIRST_PAUSE_MS * 2 ** failures);
  // Not everyone at once: a server that starts anew has lost all of its streams in one moment.
  return Math.max(Math.min(asked, 4 * LONGEST_PAUSE_MS), own * (0.5 + Math.random() / 2));
}

/** Resolves after the time, or as soon as the network is back or the signal aborts. */
function pauseFor(milliseconds: number, signal?: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    const end = () => {
      clearTimeout(timer);
      globalThis.removeEventListener?.("online", end);
      signal?.removeEventListener("abort", end);
      resolve();
    };
    const timer = setTimeout(end, milliseconds);
    globalThis.addEventListener?.("online", end);
    signal?.addEventListener("abort", end);
  });
}
