/** An instant as a date: `22 November 2026`. */
export const formatDate = (instant: string, locale: string): string =>
  new Date(instant).toLocaleDateString(locale, { day: "numeric", month: "long", year: "numeric" });

/** An instant as a date and time: `22 Nov 2026, 10:21`. */
export const formatTime = (instant: string, locale: string): string =>
  new Date(instant).toLocaleString(locale, { dateStyle: "medium", timeStyle: "short" });

/** An instant as a time of day: `10:21`. */
export const formatClock = (instant: string, locale: string): string =>
  new Date(instant).toLocaleTimeString(locale, { timeStyle: "short" });
