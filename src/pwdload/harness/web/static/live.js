// The live page: asks for the snapshot each second, for the history when it needs it, and shows both.
"use strict";

const EVERY_MS = 1000,
  PATIENCE_MS = 10000,
  STALE_S = 6,
  COURSE_EVERY_MS = 10000,
  RECENT_KEPT = 600;
const PHASES = {
  starting: "Starting",
  running: "Running",
  finishing: "Finishing: flows are finished, the last samples are awaited",
  ended: "Ended",
};

let snapshot = null,
  hasReport = false,
  runId = null,
  seen = 0,
  recent = [],
  course = [],
  courseAt = 0,
  cursor = null,
  span = "600",
  failures = 0,
  lastWord = null,
  phaseSaid = "";

// ---- asking

class SignedOut extends Error {}

async function ask(path) {
  const answer = await fetch(path, {
    cache: "no-store",
    credentials: "same-origin",
    signal: AbortSignal.timeout(PATIENCE_MS),
  });
  if (answer.redirected || answer.status === 401) throw new SignedOut();
  if (!answer.ok) throw new Error(`HTTP ${answer.status}`);
  return answer.json();
}

function pointsOf({ names, rows }) {
  return rows.map((row) => Object.fromEntries(names.map((name, index) => [name, row[index]])));
}

async function follow() {
  let wait = EVERY_MS;
  try {
    const said = await ask("pwdload/snapshot.json");
    snapshot = visible(said.snapshot);
    hasReport = said.has_report;
    if (snapshot) await followHistory();
    failures = 0;
    lastWord = new Date();
    lost(staleWords(said));
  } catch (error) {
    failures += 1;
    wait = Math.min(EVERY_MS * failures, 5000);
    lost(error instanceof SignedOut ? SIGNED_OUT : failures > 1 ? goneWords() : null);
  }
  try {
    show();
  } catch (error) {
    lost(`This page cannot show what it was told (${error.message}); please report it.`);
    throw error;
  } finally {
    setTimeout(follow, wait);
  }
}

async function followHistory() {
  if (snapshot.run_id !== runId) {
    runId = snapshot.run_id;
    seen = 0;
    recent = [];
    course = [];
    courseAt = 0;
    cursor = null;
  }
  const more = await ask(`pwdload/history.json?after=${seen}`);
  if (more.run_id !== runId) return;
  if (more.seen < seen) recent = [];
  recent = [...recent, ...pointsOf(more)].slice(-RECENT_KEPT);
  seen = more.seen;
  if (span === "run" && Date.now() - courseAt > COURSE_EVERY_MS) await followCourse();
}

async function followCourse() {
  const whole = await ask("pwdload/history.json?span=run");
  if (whole.run_id === runId) {
    course = pointsOf(whole);
    courseAt = Date.now();
  }
}

const SIGNED_OUT = "You are signed out. Sign in on Locust's page, then come back.";

function goneWords() {
  const since = lastWord ? ` since ${lastWord.toLocaleTimeString("en-GB")}` : "";
  return `No answer from the harness${since}: its process has ended, or the network is down. What is shown is the last it said; this page goes on asking.`;
}

function staleWords({ snapshot: it, age_s }) {
  return it && it.phase !== "ended" && age_s > STALE_S
    ? `The harness answers, but has had no new numbers for ${Math.round(age_s)} s: it is very busy, or stuck.`
    : null;
}

function lost(words) {
  const banner = byId("lost");
  if (banner.textContent !== (words || "")) banner.textContent = words || "";
  banner.hidden = !words;
  document.documentElement.toggleAttribute("data-lost", Boolean(words));
}

// ---- showing

function show() {
  byId("empty").hidden = Boolean(snapshot) || lastWord === null;
  byId("shown").hidden = !snapshot;
  if (!snapshot) {
    if (lastWord !== null) {
      text("about", "This process has had no run yet");
      text("phase-words", "Ready to start");
    }
    return;
  }
  showHead();
  showTiles(snapshot);
  showCharts();
  showTables(snapshot);
}

function showHead() {
  const it = snapshot,
    place = it.stages > 1 && it.stage_number ? ` (stage ${it.stage_number} of ${it.stages})` : "";
  const stage = it.stage && it.phase === "running" ? `: ${it.stage}${place}` : "";
  const left = it.phase === "running" ? (it.time_left_s === null ? "" : `, ${length(it.time_left_s)} left`) : "";
  const early = it.end_reason ? `. Ends early: ${it.end_reason}` : "";
  text("title", it.title || it.scenario);
  document.title = `${PHASES[it.phase].split(":")[0]}: ${it.title || it.scenario} (pwdload)`;
  text(
    "about",
    `${it.target} · ${it.model === "open" ? "open arrivals" : "closed model"}${it.directory ? ` · ${it.directory}` : ""}`,
  );
  // Said aloud when the phase or the stage changes, and not each second.
  const report = it.phase === "ended" && it.directory && !hasReport ? ": its report is made" : "";
  const words = `${PHASES[it.phase]}${stage}${early}${report}`;
  if (words !== phaseSaid) {
    phaseSaid = words;
    text("phase-words", words);
  }
  byId("phase").dataset.phase = it.phase;
  const bar = byId("progress"),
    share = it.end_s ? Math.min(Math.max(it.at_s / it.end_s, 0), 1) : null;
  bar.hidden = share === null;
  if (share !== null) {
    bar.firstElementChild.style.width = `${(100 * share).toFixed(1)}%`;
    bar.setAttribute("aria-valuenow", Math.round(100 * share));
    bar.setAttribute("aria-valuetext", `${moment(it.at_s)} of ${moment(it.end_s)}${left}`);
  }
  byId("report").hidden = !hasReport;
  const notes = byId("notes");
  notes.hidden = !it.notes.length;
  notes.replaceChildren(...it.notes.map((note) => make("li", {}, note)));
}

// ---- charts

function moved(at, aloud, chart) {
  cursor = at;
  showCharts();
  const points = chart ? chart.inside() : [];
  if (aloud && points.length) text("at", chart.said(points[chart.nearest(points, at)]));
}

const line = (name, label, tone, dashed = false) => ({ name, label, tone, dashed });
const CHARTS = [
  {
    title: "Load",
    unit: "per second",
    series: [
      line("planned_per_s", "planned", 8, true),
      line("offered_per_s", "offered", 1),
      line("goodput_per_s", "goodput", 3),
    ],
  },
  {
    title: "Response time of changes",
    unit: "ms",
    series: [line("p99_ms", "p99", 4), line("p95_ms", "p95", 2), line("p50_ms", "p50", 1)],
  },
  {
    title: "Outcomes",
    unit: "per second",
    stacked: true,
    series: OUTCOMES.map(([name, label, tone]) => line(name, label, tone)),
  },
  {
    title: "In flight and queue",
    unit: "flows",
    whole: true,
    series: [line("users", "slots or users", 8, true), line("in_flight", "in flight", 1), line("queued", "queued", 4)],
  },
  {
    title: "Accounts",
    unit: "accounts",
    whole: true,
    series: [line("accounts_ready", "ready", 1), line("accounts_in_doubt", "in doubt", 5)],
  },
  {
    title: "Lag of the generator",
    unit: "ms",
    series: [line("lag_p99_ms", "sent late, p99", 1), line("loop_lag_ms", "loop lag, worst process", 5)],
  },
].map((one) => new Chart(byId("charts"), { ...one, moved }));

function showCharts() {
  if (!snapshot) return;
  const points =
    span === "run" && course.length
      ? [...course, ...recent.filter((point) => point.at_s > course.at(-1).at_s)]
      : recent;
  const to = Math.max(points.length ? points.at(-1).at_s : 0, 10),
    first = points.length ? points[0].at_s : 0;
  const from = span === "run" ? Math.min(first, 0) : Math.max(to - Number(span), Math.min(first, to - 10), 0);
  const faults = snapshot.faults
    .filter((one) => one.state === "active" || one.state === "healed")
    .map((one) => (one.state === "active" ? { ...one, end_s: Math.max(one.end_s, snapshot.at_s) } : one));
  const shown = {
    points,
    from,
    to,
    faults: faults.map((one) => ({ ...one, end_s: Math.min(one.end_s, to) })),
    stages: snapshot.stages_begun,
    cursor,
  };
  for (const chart of CHARTS) chart.show(shown);
}

// ---- what a person may choose

const THEMES = { "": "as the system", light: "light", dark: "dark" };

function setTheme(theme) {
  if (theme) document.documentElement.dataset.theme = theme;
  else delete document.documentElement.dataset.theme;
  text("theme", `Theme: ${THEMES[theme]}`);
  try {
    localStorage.setItem("pwdload-theme", theme);
  } catch {
    /* a browser that keeps nothing: it is asked again next time */
  }
}

function keptTheme() {
  try {
    const theme = localStorage.getItem("pwdload-theme") || "";
    return theme in THEMES ? theme : "";
  } catch {
    return "";
  }
}

byId("theme").addEventListener("click", () => {
  const all = Object.keys(THEMES);
  setTheme(all[(all.indexOf(document.documentElement.dataset.theme || "") + 1) % all.length]);
});
byId("spans").addEventListener("change", async (event) => {
  span = event.target.value;
  try {
    if (span === "run" && runId) await followCourse();
  } catch {
    /* the next second tells what is wrong */
  }
  showCharts();
});
setTheme(keptTheme());
follow();
