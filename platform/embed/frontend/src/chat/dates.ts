export type Period = "today" | "yesterday" | "lastWeek" | "older";

/** In which part of the list a conversation stands, by the reader's own calendar. */
export function periodOf(date: Date, now: Date): Period {
  const midnight = (days: number) => new Date(now.getFullYear(), now.getMonth(), now.getDate() - days);
  if (date >= midnight(0)) return "today";
  if (date >= midnight(1)) return "yesterday";
  return date >= midnight(7) ? "lastWeek" : "older";
}

export function partOfDay(now: Date): "morning" | "afternoon" | "evening" {
  const hour = now.getHours();
  if (hour >= 5 && hour < 12) return "morning";
  return hour >= 12 && hour < 18 ? "afternoon" : "evening";
}
