// The numbers at the top of the live page: how the run stands now, and a tone where that needs a look.
"use strict";

// `value`: words, or words and their unit. `tone`: good, doubt, bad, or none.
function tile(name, value, more = "", tone = "") {
  const [words, unit] = Array.isArray(value) ? value : [value, ""];
  const shown = make("dd", {}, words, ...(unit ? [make("small", {}, ` ${unit}`)] : []));
  return make(
    "div",
    { class: tone },
    make("dt", {}, name),
    shown,
    ...(more ? [make("dd", { class: "more" }, more)] : []),
  );
}

const listed = (...words) => words.filter(Boolean).join(", ");

function timeTile(it) {
  const left = it.time_left_s === null ? "no end is planned" : `${length(it.time_left_s)} left`;
  return tile("Time", moment(it.at_s), it.phase === "ended" ? "the load is over" : left);
}

function loadTiles(it, w) {
  const planned = it.planned_per_s === null ? "flows begun" : `${short(it.planned_per_s)} /s planned`;
  const isBehind = it.planned_per_s && it.offered_per_s !== null && it.offered_per_s < 0.9 * it.planned_per_s;
  return [
    tile("Offered", [short(it.offered_per_s), "/s"], planned, isBehind && it.phase === "running" ? "doubt" : ""),
    tile("Goodput", [short(w?.goodput_per_s), "/s"], `${count(it.changes)} changes so far`),
  ];
}

function answerTiles(it, w) {
  const others = w ? `p50 ${short(w.p50_ms)}, p99 ${short(w.p99_ms)}` : "no answers yet";
  const tone = !w?.failed_share ? "" : w.failed_share < 0.01 ? "doubt" : "bad";
  return [
    tile("Response time, p95", [short(w?.p95_ms), "ms"], others),
    tile("Not as expected", percent(w?.failed_share ?? null), `${count(it.requests)} requests so far`, tone),
  ];
}

function generatorTiles(it, w) {
  const dropped = it.dropped ? `${count(it.dropped)} dropped` : "";
  const room = `${count(it.users)} ${it.model === "open" ? "slots" : "users"}`;
  const tone = it.dropped ? "bad" : it.queued ? "doubt" : "";
  return [
    tile("In flight", count(it.in_flight), listed(`${count(it.queued)} queued`, dropped, room), tone),
    tile("Sent late, p99", [short(w?.lag_p99_ms), "ms"], "against when it was intended"),
  ];
}

function accountsTile(it, { total, ready, lasts_s }) {
  const isShort = lasts_s !== null && it.time_left_s !== null && lasts_s < it.time_left_s && it.phase === "running";
  const more = listed(total !== null && `of ${count(total)}`, lasts_s !== null && `last for ${length(lasts_s)}`);
  return tile("Accounts ready", count(ready), more, isShort ? "bad" : "");
}

function faultTile(faults) {
  const on = faults.filter((one) => one.state === "active").map((one) => one.name);
  const healed = faults.filter((one) => one.state === "healed").length;
  return tile("Fault", on.join(", ") || "none is on", `${healed} of ${faults.length} healed`, on.length ? "bad" : "");
}

function criteriaTile(criteria) {
  const kept = criteria.filter((one) => one.standing === "kept").length;
  const broken = criteria.filter((one) => one.standing === "broken").length;
  const tone = broken ? "bad" : kept === criteria.length ? "good" : "doubt";
  return tile(
    "Criteria so far",
    `${kept} of ${criteria.length} kept`,
    broken ? `${broken} broken` : "none is broken",
    tone,
  );
}

function showTiles(it) {
  const w = it.window;
  const tiles = [timeTile(it), ...loadTiles(it, w), ...answerTiles(it, w), ...generatorTiles(it, w)];
  if (it.accounts) tiles.push(accountsTile(it, it.accounts));
  if (it.faults.length) tiles.push(faultTile(it.faults));
  if (it.criteria.length) tiles.push(criteriaTile(it.criteria));
  byId("tiles").replaceChildren(...tiles);
  // Rows of the same length, so that none of the tiles stands alone.
  const inRow = Math.max(Math.floor(byId("tiles").clientWidth / 150), 2);
  const rows = Math.ceil(tiles.length / inRow);
  byId("tiles").style.gridTemplateColumns = `repeat(${Math.ceil(tiles.length / rows)}, minmax(0, 1fr))`;
}
