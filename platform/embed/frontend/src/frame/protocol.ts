/**
 * What a tenant's page (the launcher) and the frame say to each other with `postMessage`. Both sides look at the
 * sender's window and origin first, and read only what has this shape.
 */

export const VERSION = 1;

/** From the launcher to the frame. */
export type ToFrame =
  | {
      type: "start";
      /** whether it stands in a panel that opens and closes, or in the page */
      mode: "panel" | "inline";
      /** is it on screen? */
      shown: boolean;
      /** a JWT of the tenant's server, or "" */
      identity: string;
    }
  | { type: "identify"; token: string }
  | { type: "logout" }
  | { type: "ask"; text: string }
  /** `focus`: the page has put the focus into the frame */
  | { type: "shown"; shown: boolean; focus: boolean };

/** From the frame to the launcher. No text of a conversation is among it. */
export type ToPage =
  | { type: "ready" }
  | { type: "close" }
  /** the visitor's identity has ended, or is asked for: the page is to say again who it is */
  | { type: "identity" }
  | { type: "event"; name: string; detail: Record<string, unknown> };

/** The message as it is sent. */
export function sealed<T extends ToFrame | ToPage>(message: T): T & { atrium: number } {
  return { atrium: VERSION, ...message };
}

/** The message in what came; null where it is none of this version. Its fields are the receiver's to check. */
export function unsealed(data: unknown): Record<string, unknown> | null {
  const message = data as { atrium?: unknown; type?: unknown } | null;
  const fits = typeof message === "object" && message?.atrium === VERSION && typeof message.type === "string";
  return fits ? (message as Record<string, unknown>) : null;
}
