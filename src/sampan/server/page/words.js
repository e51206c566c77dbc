// How jobs, times and numbers are said.

const WHEN = new Intl.RelativeTimeFormat("en", { numeric: "auto" });
const STEPS = [
  [60, "second", 1],
  [3600, "minute", 60],
  [86400, "hour", 3600],
  [Infinity, "day", 86400],
];

export const plural = (count, noun) => `${count.toLocaleString("en")} ${noun}${count === 1 ? "" : "s"}`;

/** “3 minutes ago” for ISO 8601 or Unix seconds; empty for nothing. */
export function ago(time) {
  const then = typeof time === "number" ? time * 1000 : Date.parse(time);
  if (!Number.isFinite(then)) return "";
  const seconds = Math.max(0, (Date.now() - then) / 1000);
  if (seconds < 45) return "just now";
  const [, unit, size] = STEPS.find(([limit]) => seconds < limit);
  return WHEN.format(-Math.max(1, Math.round(seconds / size)), unit);
}

export function size(bytes) {
  if (bytes < 1000) return `${bytes} bytes`;
  if (bytes < 1e6) return `${Math.round(bytes / 1e3)} kB`;
  return `${(bytes / 1e6).toFixed(bytes < 1e7 ? 1 : 0)} MB`;
}

/** Where a job stands, in one line. */
export function standing(job) {
  switch (job.status) {
    case "queued":
      return "Waiting for its turn";
    case "running":
      return running(job);
    case "done":
      return [
        job.pages_total && plural(job.pages_total, "page"),
        job.page_failures && `${job.page_failures.toLocaleString("en")} not read`,
        ago(job.finished ?? job.created),
      ]
        .filter(Boolean)
        .join(" · ");
    case "cancelled":
      return "Cancelled";
    default:
      return "";
  }
}

function running(job) {
  const stage = typeof job.stage === "string" && job.stage ? ` · ${job.stage}` : "";
  if (!job.pages_total) return `Opening the file${stage}`;
  if (job.pages_done >= job.pages_total) return `Putting the pages together${stage}`;
  return `Page ${job.pages_done + 1} of ${job.pages_total}${stage}`;
}

/** How far a job is, 0 to 1, or null where nobody knows: of a single page there is no half. */
export const fraction = (job) => (job.status === "running" && job.pages_total > 1 ? job.pages_done / job.pages_total : null);
