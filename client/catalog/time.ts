/** An instant as a date: `22 November 2026`. */
export const formatDate = (instant: string): string =>
  new Date(instant).toLocaleDateString(undefined, { day: "numeric", month: "long", year: "numeric" });

/** An instant as a date and time: `22 Nov 2026, 10:21`. */
export const formatTime = (instant: string): string =>
  new Date(instant).toLocaleString(undefined, { dateStyle: "medium", timeStyle: "short" });
