// The live page: asks for the snapshot each second, for the history when it needs it, and shows both.
"use strict";

const EVERY_MS = 1000, PATIENCE_MS = 10000, STALE_S = 6, COURSE_EVERY_MS = 10000, RECENT_KEPT = 600;
const TONES = { shed: "doubt", unknown: "doubt", not_sent: "doubt", wrong_reject: "bad", contract_violation: "bad", wrong_accept: "bad" };
const OUTCOMES = [
  ["right_accept", "accepted, right", 3], ["right_reject", "refused, right", 7], ["shed", "shed", 2], ["unknown", "unknown", 5], ["not_sent", "not sent", 8],
  ["wrong_reject", "wrongly refused", 6], ["contract_violation", "contract violation", 1], ["wrong_accept", "wrongly accepted", 4],
];
const WORDS = Object.fromEntries(OUTCOMES.map(([name, label]) => [name, label]));
const PHASES = { starting: "Starting", running: "Running", finishing: "Finishing: flows are finished, the last samples are awaited", ended: "Ended" };
const byId = (id) => document.getElementById(id);

let snapshot = null, hasReport = false, runId = null, seen = 0, recent = [], course = [], courseAt = 0, cursor = null, span = "600", failures = 0, lastWord = null, phaseSaid = "";

// ---- asking

class SignedOut extends Error {}

async function ask(path) {
  const answer = await fetch(path, { cache: "no-store", credentials: "same-origin", signal: AbortSignal.timeout(PATIENCE_MS) });
  if (answer.redirected || answer.status === 401) throw new SignedOut();
  if (!answer.ok) throw new Error(`HTTP ${answer.status}`);
  return answer.json();
}

// Characters that cannot be seen, or that turn the words after them around, are shown as what they are.
const UNSEEN = /[\u0000-\u001f\u007f-\u009f\u200b-\u200f\u2028-\u202e\u2060-\u2069\ufeff]/g;

function visible(value) {
  if (typeof value === "string") return value.replace(UNSEEN, (one) => `\\u${one.charCodeAt(0).toString(16).padStart(4, "0")}`);
  if (Array.isArray(value)) return value.map(visible);
  return value && typeof value === "object" ? Object.fromEntries(Object.entries(value).map(([key, one]) => [key, visible(one)])) : value;
}

function pointsOf({ names, rows }) {
  return rows.map((row) => Object.fromEntries(names.map((name, index) => [name, row[index]])));
}

async function follow() {
  let wait = EVERY_MS;
  try {
    const said = await ask("pwdload/snapshot.json");
    snapshot = visible(said.snapshot); hasReport = said.has_report;
    if (snapshot) await followHistory();
    failures = 0; lastWord = new Date();
    lost(staleWords(said));
  } catch (error) {
    failures += 1;
    wait = Math.min(EVERY_MS * failures, 5000);
    lost(error instanceof SignedOut ? SIGNED_OUT : failures > 1 ? goneWords() : null);
  }
  try { show(); } catch (error) { lost(`This page cannot show what it was told (${error.message}); please report it.`); throw error; } finally { setTimeout(follow, wait); }
}

async function followHistory() {
  if (snapshot.run_id !== runId) { runId = snapshot.run_id; seen = 0; recent = []; course = []; courseAt = 0; cursor = null; }
  const more = await ask(`pwdload/history.json?after=${seen}`);
  if (more.run_id !== runId) return;
  if (more.seen < seen) recent = [];
  recent = [...recent, ...pointsOf(more)].slice(-RECENT_KEPT);
  seen = more.seen;
  if (span === "run" && Date.now() - courseAt > COURSE_EVERY_MS) await followCourse();
}

async function followCourse() {
  const whole = await ask("pwdload/history.json?span=run");
  if (whole.run_id === runId) { course = pointsOf(whole); courseAt = Date.now(); }
}

const SIGNED_OUT = "You are signed out. Sign in on Locust's page, then come back.";

function goneWords() {
  const since = lastWord ? ` since ${lastWord.toLocaleTimeString("en-GB")}` : "";
  return `No answer from the harness${since}: its process has ended, or the network is down. What is shown is the last it said; this page goes on asking.`;
}

function staleWords({ snapshot: it, age_s }) {
  return it && it.phase !== "ended" && age_s > STALE_S ? `The harness answers, but has had no new numbers for ${Math.round(age_s)} s: it is very busy, or stuck.` : null;
}

function lost(words) {
  const banner = byId("lost");
  if (banner.textContent !== (words || "")) banner.textContent = words || "";
  banner.hidden = !words;
  document.documentElement.toggleAttribute("data-lost", Boolean(words));
}

// ---- showing

function text(id, words) { const element = byId(id); if (element.textContent !== words) element.textContent = words; }

function length(seconds) {
  if (seconds === null) return null;
  if (seconds < 60) return `${Math.round(seconds)} s`;
  const whole = Math.round(seconds), minutes = Math.floor(whole / 60);
  return minutes < 60 ? `${minutes} min ${String(whole % 60).padStart(2, "0")} s` : `${Math.floor(minutes / 60)} h ${String(minutes % 60).padStart(2, "0")} min`;
}

const percent = (share) => share === null ? "–" : share > 0 && share < 0.0001 ? "< 0.01 %" : `${(100 * share).toFixed(share < 0.1 ? 2 : 1)} %`;
const count = (number) => number === null ? "–" : number.toLocaleString("en-GB").replaceAll(",", "\u202f");

function show() {
  byId("empty").hidden = Boolean(snapshot) || lastWord === null;
  byId("shown").hidden = !snapshot;
  if (!snapshot) {
    if (lastWord !== null) { text("about", "This process has had no run yet"); text("phase-words", "Ready to start"); }
    return;
  }
  showHead(); showTiles(); showCharts(); showTables();
}

function showHead() {
  const it = snapshot, place = it.stages > 1 && it.stage_number ? ` (stage ${it.stage_number} of ${it.stages})` : "";
  const stage = it.stage && it.phase === "running" ? `: ${it.stage}${place}` : "";
  const left = it.phase === "running" ? it.time_left_s === null ? "" : `, ${length(it.time_left_s)} left` : "";
  const early = it.end_reason ? `. Ends early: ${it.end_reason}` : "";
  text("title", it.title || it.scenario);
  document.title = `${PHASES[it.phase].split(":")[0]}: ${it.title || it.scenario} (pwdload)`;
  text("about", `${it.target} · ${it.model === "open" ? "open arrivals" : "closed model"}${it.directory ? ` · ${it.directory}` : ""}`);
  // Said aloud when the phase or the stage changes, and not each second.
  const report = it.phase === "ended" && it.directory && !hasReport ? ": its report is made" : "";
  const words = `${PHASES[it.phase]}${stage}${early}${report}`;
  if (words !== phaseSaid) { phaseSaid = words; text("phase-words", words); }
  byId("phase").dataset.phase = it.phase;
  const bar = byId("progress"), share = it.end_s ? Math.min(Math.max(it.at_s / it.end_s, 0), 1) : null;
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

function tile(name, value, more = "", tone = "") {
  return make("div", { class: tone }, make("dt", {}, name), make("dd", {}, ...(Array.isArray(value) ? [value[0], make("small", {}, ` ${value[1]}`)] : [value])), ...(more ? [make("dd", { class: "more" }, more)] : []));
}

function showTiles() {
  const it = snapshot, w = it.window, accounts = it.accounts, active = it.faults.filter((one) => one.state === "active");
  const broken = it.criteria.filter((one) => one.standing === "broken").length, kept = it.criteria.filter((one) => one.standing === "kept").length;
  const behind = it.planned_per_s && it.offered_per_s !== null && it.offered_per_s < 0.9 * it.planned_per_s;
  const tiles = [
    tile("Time", moment(it.at_s), it.time_left_s === null ? "no end is planned" : it.phase === "ended" ? "the load is over" : `${length(it.time_left_s)} left`),
    tile("Offered", [short(it.offered_per_s), "/s"], it.planned_per_s === null ? "flows begun" : `${short(it.planned_per_s)} /s planned`, behind && it.phase === "running" ? "doubt" : ""),
    tile("Goodput", [short(w && w.goodput_per_s), "/s"], `${count(it.changes)} changes so far`),
    tile("Response time, p95", [short(w && w.p95_ms), "ms"], w ? `p50 ${short(w.p50_ms)}, p99 ${short(w.p99_ms)}` : "no answers yet"),
    tile("Not as expected", percent(w && w.failed_share), `${count(it.requests)} requests so far`, !w || !w.failed_share ? "" : w.failed_share < 0.01 ? "doubt" : "bad"),
    tile("In flight", count(it.in_flight), [`${count(it.queued)} queued`, it.dropped ? `${count(it.dropped)} dropped` : "", `${count(it.users)} ${it.model === "open" ? "slots" : "users"}`].filter(Boolean).join(", "), it.dropped ? "bad" : it.queued ? "doubt" : ""),
    tile("Sent late, p99", [short(w && w.lag_p99_ms), "ms"], "against when it was intended"),
  ];
  if (accounts) tiles.push(tile("Accounts ready", count(accounts.ready), [accounts.total !== null ? `of ${count(accounts.total)}` : "", accounts.lasts_s !== null ? `last for ${length(accounts.lasts_s)}` : ""].filter(Boolean).join(", "), accounts.lasts_s !== null && it.time_left_s !== null && accounts.lasts_s < it.time_left_s && it.phase === "running" ? "bad" : ""));
  if (it.faults.length) tiles.push(tile("Fault", active.length ? active.map((one) => one.name).join(", ") : "none is on", `${it.faults.filter((one) => one.state === "healed").length} of ${it.faults.length} healed`, active.length ? "bad" : ""));
  if (it.criteria.length) tiles.push(tile("Criteria so far", `${kept} of ${it.criteria.length} kept`, broken ? `${broken} broken` : "none is broken", broken ? "bad" : kept === it.criteria.length ? "good" : "doubt"));
  byId("tiles").replaceChildren(...tiles);
  // Rows of the same length, so that none of the tiles stands alone.
  const inRow = Math.max(Math.floor(byId("tiles").clientWidth / 150), 2), rows = Math.ceil(tiles.length / inRow);
  byId("tiles").style.gridTemplateColumns = `repeat(${Math.ceil(tiles.length / rows)}, minmax(0, 1fr))`;
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
  { title: "Load", unit: "per second", series: [line("planned_per_s", "planned", 8, true), line("offered_per_s", "offered", 1), line("goodput_per_s", "goodput", 3)] },
  { title: "Response time of changes", unit: "ms", series: [line("p99_ms", "p99", 4), line("p95_ms", "p95", 2), line("p50_ms", "p50", 1)] },
  { title: "Outcomes", unit: "per second", stacked: true, series: OUTCOMES.map(([name, label, tone]) => line(name, label, tone)) },
  { title: "In flight and queue", unit: "flows", whole: true, series: [line("users", "slots or users", 8, true), line("in_flight", "in flight", 1), line("queued", "queued", 4)] },
  { title: "Accounts", unit: "accounts", whole: true, series: [line("accounts_ready", "ready", 1), line("accounts_in_doubt", "in doubt", 5)] },
  { title: "Lag of the generator", unit: "ms", series: [line("lag_p99_ms", "sent late, p99", 1), line("loop_lag_ms", "loop lag, worst process", 5)] },
].map((one) => new Chart(byId("charts"), { ...one, moved }));

function showCharts() {
  if (!snapshot) return;
  const points = span === "run" && course.length ? [...course, ...recent.filter((point) => point.at_s > course.at(-1).at_s)] : recent;
  const to = Math.max(points.length ? points.at(-1).at_s : 0, 10), first = points.length ? points[0].at_s : 0;
  const from = span === "run" ? Math.min(first, 0) : Math.max(to - Number(span), Math.min(first, to - 10), 0);
  const faults = snapshot.faults.filter((one) => one.state === "active" || one.state === "healed").map((one) => one.state === "active" ? { ...one, end_s: Math.max(one.end_s, snapshot.at_s) } : one);
  for (const chart of CHARTS) chart.show(points, from, to, faults.map((one) => ({ ...one, end_s: Math.min(one.end_s, to) })), cursor);
}

// ---- tables

// `rows`: cells that are words, or {words, tone, kind}. Words are put in as text, whatever is in them.
function table(id, heads, rows, none) {
  const head = make("tr", {}, ...heads.map(([name, kind]) => make("th", { scope: "col", class: kind || "" }, name)));
  const body = rows.length ? rows.map((cells) => make("tr", {}, ...cells.map((cell, index) => {
    const it = typeof cell === "object" && cell !== null ? cell : { words: cell };
    const style = [heads[index][1] || "", it.kind || "", it.tone ? `toned ${it.tone}` : ""].filter(Boolean).join(" ");
    return make(index === 0 ? "th" : "td", index === 0 ? { scope: "row", class: style } : { class: style }, String(it.words ?? "–"));
  }))) : [make("tr", {}, make("td", { class: "none", colspan: heads.length }, none))];
  byId(id).replaceChildren(make("thead", {}, head), make("tbody", {}, ...body));
}

const N = "number";
const STANDINGS = { kept: ["kept", "good"], broken: ["broken", "bad"], cannot_tell: ["cannot tell yet", "doubt"] };
const FAULTS = { planned: ["planned", ""], active: ["on now", "bad"], healed: ["healed", "good"], skipped: ["skipped", "doubt"], failed: ["failed", "bad"] };

function showTables() {
  const it = snapshot, search = it.search, accounts = it.accounts;
  byId("criteria-card").hidden = !it.criteria.length;
  byId("faults-card").hidden = !it.faults.length;
  byId("search-card").hidden = !search;
  table("criteria", [["Criterion"], ["Seen"], ["So far"]], it.criteria.map((one) => [one.title || one.name, one.seen || "nothing yet", { words: STANDINGS[one.standing][0], tone: STANDINGS[one.standing][1] }]), "");
  table("faults", [["Fault"], ["Kind"], ["State"], ["From", N], ["To", N]], it.faults.map((one) => [one.name, one.kind, { words: FAULTS[one.state][0], tone: FAULTS[one.state][1] }, moment(one.start_s), moment(one.end_s)]), "");
  if (search) table("search", [["What"], ["Now", N]], [["Level that is on", `${short(search.rate_per_s)} /s (${search.role})`], ["Highest that held", search.highest_held_per_s === null ? "none yet" : `${short(search.highest_held_per_s)} /s`], ["Lowest that did not", search.lowest_broken_per_s === null ? "none yet" : `${short(search.lowest_broken_per_s)} /s`], ["Levels judged", count(search.levels)], ["Time left", length(search.time_left_s)]], "");
  table("codes", [["Error code"], ["Step"], ["All", N], ["Lately", N]], [...it.codes].sort((one, other) => other.count - one.count).map((one) => [{ words: one.code, kind: "code" }, one.step, count(one.count), count(one.recent)]), "No error code was answered so far.");
  table("outcomes", [["Step"], ["Outcome"], ["All", N], ["Lately", N]], it.outcomes.map((one) => [one.step, { words: WORDS[one.outcome] || one.outcome, tone: TONES[one.outcome] || "" }, count(one.count), count(one.recent)]), "No exchange has been judged so far.");
  table("accounts", [["Accounts"], ["Number", N]], accounts ? [["All", count(accounts.total)], ["Ready: a flow may still take them", count(accounts.ready)], ["In the hands of a flow or worker", count(accounts.leased)], ["Password changed in this run", count(accounts.changed)], ["In doubt, between two passwords", { words: count(accounts.in_doubt), tone: accounts.in_doubt ? "doubt" : "" }], ["Ready ones last for", accounts.lasts_s === null ? "–" : length(accounts.lasts_s)]] : [], "Nothing is known of them.");
  table("health", [["Process"], ["Last word"], ["CPU", N], ["Loop lag", N], ["In flight", N], ["Queued", N], ["Begun", N], ["Dropped", N], ["Unacknowledged", N]], it.generators.map((one) => {
    const silent_s = Math.max(it.at_s - one.at_s, 0), isSilent = silent_s > 5 && it.phase !== "ended";
    return [one.worker, one.is_lost ? { words: "lost", tone: "bad" } : { words: silent_s < 3 ? "just now" : `${Math.round(silent_s)} s ago`, tone: isSilent ? "bad" : "" }, { words: percent(one.cpu_share), tone: one.cpu_share > 0.9 ? "bad" : "" }, `${short(one.loop_lag_ms)} ms`, count(one.in_flight), count(one.queued), count(one.begun), { words: count(one.dropped), tone: one.dropped ? "bad" : "" }, count(one.unacknowledged)];
  }), "No process has said how it is so far.");
}

// ---- what a person may choose

const THEMES = { "": "as the system", light: "light", dark: "dark" };

function setTheme(theme) {
  if (theme) document.documentElement.dataset.theme = theme; else delete document.documentElement.dataset.theme;
  text("theme", `Theme: ${THEMES[theme]}`);
  try { localStorage.setItem("pwdload-theme", theme); } catch { /* a browser that keeps nothing: it is asked again next time */ }
}

function keptTheme() {
  try { const theme = localStorage.getItem("pwdload-theme") || ""; return theme in THEMES ? theme : ""; } catch { return ""; }
}

byId("theme").addEventListener("click", () => { const all = Object.keys(THEMES); setTheme(all[(all.indexOf(document.documentElement.dataset.theme || "") + 1) % all.length]); });
byId("spans").addEventListener("change", async (event) => {
  span = event.target.value;
  try { if (span === "run" && runId) await followCourse(); } catch { /* the next second tells what is wrong */ }
  showCharts();
});
setTheme(keptTheme());
follow();
