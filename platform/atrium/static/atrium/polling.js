// Asks again and again while somebody looks: not while the page is hidden, and more and more seldom while nothing changes.

const FIRST = 1500;
const LONGEST = 15000; // milliseconds

/**
 * @param {() => Promise<"changed"|"same"|"done">} ask   "done" ends it
 * @returns {() => void} asks at once, or begins anew
 */
export function pollWhileVisible(ask) {
  let wait = FIRST;
  let timer = 0;
  let asking = false;
  let ended = true;

  async function turn() {
    clearTimeout(timer);
    if (asking || document.hidden) return;
    asking = true;
    let outcome = "same";
    try {
      outcome = await ask();
    } catch {
      // The server is away, or the session has ended: what is shown stays true, and it is asked again.
    }
    asking = false;
    if (outcome === "done") {
      ended = true;
      return;
    }
    wait = outcome === "changed" ? FIRST : Math.min(LONGEST, wait * 1.4);
    timer = window.setTimeout(turn, wait);
  }

  document.addEventListener("visibilitychange", () => {
    if (!document.hidden && !ended) void turn();
  });
  return () => {
    ended = false;
    wait = FIRST;
    clearTimeout(timer);
    timer = window.setTimeout(turn, wait);
  };
}

/** @param {string} url @param {string[]} ids @returns {Promise<any[]>} the states of documents (rag/admin/states.py) */
export async function statesOf(url, ids) {
  const response = await fetch(`${url}?ids=${ids.map(encodeURIComponent).join(",")}`, {
    headers: { Accept: "application/json" },
    redirect: "error",
  });
  if (!response.ok) throw new Error(String(response.status));
  return (await response.json()).documents;
}
