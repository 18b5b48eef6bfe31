// The tables of the live page.
"use strict";

const NUMBER = "number";
const TONES = {
  shed: "doubt",
  unknown: "doubt",
  not_sent: "doubt",
  wrong_reject: "bad",
  contract_violation: "bad",
  wrong_accept: "bad",
};
const WORDS = Object.fromEntries(OUTCOMES.map(([name, label]) => [name, label]));
const STANDINGS = { kept: ["kept", "good"], broken: ["broken", "bad"], cannot_tell: ["cannot tell yet", "doubt"] };
const FAULTS = {
  planned: ["planned", ""],
  active: ["on now", "bad"],
  healed: ["healed", "good"],
  skipped: ["skipped", "doubt"],
  failed: ["failed", "bad"],
};

// `rows`: cells that are words, or {words, tone, kind}. Words are put in as text, whatever is in them.
function table(id, heads, rows, none) {
  const head = make("tr", {}, ...heads.map(([name, kind]) => make("th", { scope: "col", class: kind || "" }, name)));
  const body = rows.length
    ? rows.map((cells) =>
        make(
          "tr",
          {},
          ...cells.map((cell, index) => {
            const it = typeof cell === "object" && cell !== null ? cell : { words: cell };
            const style = [heads[index][1] || "", it.kind || "", it.tone ? `toned ${it.tone}` : ""]
              .filter(Boolean)
              .join(" ");
            return make(
              index === 0 ? "th" : "td",
              index === 0 ? { scope: "row", class: style } : { class: style },
              String(it.words ?? "–"),
            );
          }),
        ),
      )
    : [make("tr", {}, make("td", { class: "none", colspan: heads.length }, none))];
  byId(id).replaceChildren(make("thead", {}, head), make("tbody", {}, ...body));
}

function toned([words, tone]) {
  return { words, tone };
}

function showCriteria(criteria) {
  byId("criteria-card").hidden = !criteria.length;
  const rows = criteria.map((one) => [
    one.title || one.name,
    one.seen || "nothing yet",
    toned(STANDINGS[one.standing]),
  ]);
  table("criteria", [["Criterion"], ["Seen"], ["So far"]], rows, "");
}

function showFaults(faults) {
  byId("faults-card").hidden = !faults.length;
  const heads = [["Fault"], ["Kind"], ["State"], ["From", NUMBER], ["To", NUMBER]];
  const row = (one) => [one.name, one.kind, toned(FAULTS[one.state]), moment(one.start_s), moment(one.end_s)];
  table("faults", heads, faults.map(row), "");
}

function showSearch(search) {
  byId("search-card").hidden = !search;
  if (!search) return;
  const rate = (per_s) => (per_s === null ? "none yet" : `${short(per_s)} /s`);
  const rows = [
    ["Level that is on", `${rate(search.rate_per_s)} (${search.role})`],
    ["Highest that held", rate(search.highest_held_per_s)],
    ["Lowest that did not", rate(search.lowest_broken_per_s)],
    ["Levels judged", count(search.levels)],
    ["Time left", length(search.time_left_s)],
  ];
  table("search", [["What"], ["Now", NUMBER]], rows, "");
}

function showCodes(codes) {
  const heads = [["Error code"], ["Step"], ["All", NUMBER], ["Lately", NUMBER]];
  const row = (one) => [{ words: one.code, kind: "code" }, one.step, count(one.count), count(one.recent)];
  const rows = [...codes].sort((one, other) => other.count - one.count).map(row);
  table("codes", heads, rows, "No error code was answered so far.");
}

function showOutcomes(outcomes) {
  const heads = [["Step"], ["Outcome"], ["All", NUMBER], ["Lately", NUMBER]];
  const named = (outcome) => ({ words: WORDS[outcome] || outcome, tone: TONES[outcome] || "" });
  const rows = outcomes.map((one) => [one.step, named(one.outcome), count(one.count), count(one.recent)]);
  table("outcomes", heads, rows, "No exchange has been judged so far.");
}

function showAccounts(accounts) {
  const rows = accounts && [
    ["All", count(accounts.total)],
    ["Ready: a flow may still take them", count(accounts.ready)],
    ["In the hands of a flow or worker", count(accounts.leased)],
    ["Password changed in this run", count(accounts.changed)],
    ["In doubt, between two passwords", { words: count(accounts.in_doubt), tone: accounts.in_doubt ? "doubt" : "" }],
    ["Ready ones last for", length(accounts.lasts_s)],
  ];
  table("accounts", [["Accounts"], ["Number", NUMBER]], rows || [], "Nothing is known of them.");
}

function lastWordOf(one, it) {
  const silent_s = Math.max(it.at_s - one.at_s, 0);
  if (one.is_lost) return { words: "lost", tone: "bad" };
  const words = silent_s < 3 ? "just now" : `${Math.round(silent_s)} s ago`;
  return { words, tone: silent_s > 5 && it.phase !== "ended" ? "bad" : "" };
}

function showHealth(it) {
  const numbers = ["CPU", "Loop lag", "In flight", "Queued", "Begun", "Dropped", "Unacknowledged"];
  const heads = [["Process"], ["Last word"], ...numbers.map((name) => [name, NUMBER])];
  const rows = it.generators.map((one) => [
    one.worker,
    lastWordOf(one, it),
    { words: percent(one.cpu_share), tone: one.cpu_share > 0.9 ? "bad" : "" },
    `${short(one.loop_lag_ms)} ms`,
    count(one.in_flight),
    count(one.queued),
    count(one.begun),
    { words: count(one.dropped), tone: one.dropped ? "bad" : "" },
    count(one.unacknowledged),
  ]);
  table("health", heads, rows, "No process has said how it is so far.");
}

function showTables(it) {
  showCriteria(it.criteria);
  showFaults(it.faults);
  showSearch(it.search);
  showCodes(it.codes);
  showOutcomes(it.outcomes);
  showAccounts(it.accounts);
  showHealth(it);
}
