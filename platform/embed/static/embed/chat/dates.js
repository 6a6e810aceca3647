/** @typedef {"today"|"yesterday"|"lastWeek"|"older"} Period */

/**
 * In which part of the list a conversation stands, by the reader's own calendar.
 * @param {Date} date
 * @param {Date} now
 * @returns {Period}
 */
export function periodOf(date, now) {
  /** @param {number} days */
  const midnight = (days) => new Date(now.getFullYear(), now.getMonth(), now.getDate() - days);
  if (date >= midnight(0)) return "today";
  if (date >= midnight(1)) return "yesterday";
  return date >= midnight(7) ? "lastWeek" : "older";
}

/**
 * @param {Date} now
 * @returns {"morning"|"afternoon"|"evening"}
 */
export function partOfDay(now) {
  const hour = now.getHours();
  if (hour >= 5 && hour < 12) return "morning";
  return hour >= 12 && hour < 18 ? "afternoon" : "evening";
}
