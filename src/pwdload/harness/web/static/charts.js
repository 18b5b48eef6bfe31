// Charts over time, drawn as SVG. Whatever is shown comes in as text: nothing here makes HTML out of a value.
"use strict";

const LEFT = 52,
  RIGHT = 10,
  TOP = 8,
  STRIP = 15,
  BOTTOM = 22,
  HEIGHT = 205,
  LETTER = 5.9,
  WORD_LEAST = 4,
  RULES_APART = 6;

function niceStep(span, parts) {
  const raw = span / parts,
    size = 10 ** Math.floor(Math.log10(raw));
  return [1, 2, 5, 10].map((one) => one * size).find((one) => one >= raw);
}

function timeStep(span, parts) {
  return (
    [1, 2, 5, 10, 15, 30, 60, 120, 300, 600, 900, 1800, 3600, 7200, 14400, 28800, 86400].find(
      (one) => span / one <= parts,
    ) || 172800
  );
}

// Words as far as there is room for them; none where it is not worth a look.
function fitting(words, room) {
  const letters = Math.floor(room / LETTER);
  if (words.length <= letters) return words;
  return letters < WORD_LEAST ? "" : `${words.slice(0, letters - 1).trimEnd()}…`;
}

class Chart {
  // `series`: {name, label, tone (1 to 8), dashed}; `unit` stands beside the title and with each value that is read out.
  constructor(parent, { title, unit, series, stacked = false, whole = false, moved }) {
    Object.assign(this, { title, unit, series, stacked, whole, moved });
    this.points = [];
    this.from = 0;
    this.to = 1;
    this.faults = [];
    this.stages = [];
    this.cursor = null;
    this.values = new Map();
    const legend = make("ul", { class: "legend" });
    for (const one of series) {
      const value = make("b");
      value.textContent = "–";
      const mark = draw("svg", { width: 18, height: 10, "aria-hidden": "true", class: `s${one.tone}` });
      mark.append(
        stacked
          ? draw("rect", { x: 3, width: 11, height: 10, rx: 2, class: "area" })
          : draw("line", {
              x1: 0,
              x2: 18,
              y1: 5,
              y2: 5,
              class: one.dashed ? "line dashed" : "line",
              "stroke-width": 2.4,
            }),
      );
      const item = make("li", {}, mark, one.label + " ", value);
      legend.append(item);
      this.values.set(one.name, { value, item });
    }
    this.svg = draw("svg", { class: "plot", role: "img", tabindex: 0 });
    this.rows = make("tbody");
    const head = make(
      "tr",
      {},
      make("th", { scope: "col", class: "number" }, "Time"),
      ...series.map((one) => make("th", { scope: "col", class: "number" }, one.label)),
    );
    this.table = make(
      "details",
      {},
      make("summary", {}, "As a table"),
      make(
        "div",
        { class: "scroll" },
        make("table", {}, make("caption", {}, `${title} (${unit}), latest first`), make("thead", {}, head), this.rows),
      ),
    );
    const heading = make("h3", {}, title, make("small", {}, unit));
    this.card = make("figure", { class: "card chart" }, heading, legend, this.svg, this.table);
    parent.append(this.card);
    this.svg.addEventListener("pointermove", (event) => this.moved(this.timeAt(event), false));
    this.svg.addEventListener("pointerleave", () => this.moved(null, false));
    this.svg.addEventListener("blur", () => this.moved(null, false));
    this.svg.addEventListener("keydown", (event) => this.key(event));
    this.table.addEventListener("toggle", () => this.fillTable());
    new ResizeObserver(() => this.render()).observe(this.svg);
  }

  timeAt(event) {
    const box = this.svg.getBoundingClientRect();
    const share = (event.clientX - box.left - LEFT) / Math.max(box.width - LEFT - RIGHT, 1);
    return this.from + Math.min(Math.max(share, 0), 1) * (this.to - this.from);
  }

  key(event) {
    const points = this.inside();
    if (!points.length) return;
    const now = this.cursor === null ? points.length - 1 : this.nearest(points, this.cursor);
    const next = {
      ArrowLeft: now - 1,
      ArrowRight: now + 1,
      PageUp: now - 10,
      PageDown: now + 10,
      Home: 0,
      End: points.length - 1,
    }[event.key];
    if (event.key === "Escape") return this.moved(null, false);
    if (next === undefined) return;
    event.preventDefault();
    const point = points[Math.min(Math.max(next, 0), points.length - 1)];
    this.moved(point.at_s, true, this);
  }

  inside() {
    return this.points.filter((point) => point.at_s >= this.from && point.at_s <= this.to);
  }

  nearest(points, at) {
    let best = 0;
    points.forEach((point, index) => {
      if (Math.abs(point.at_s - at) < Math.abs(points[best].at_s - at)) best = index;
    });
    return best;
  }

  said(point) {
    const values = this.series
      .filter((one) => point[one.name] !== null)
      .map((one) => `${one.label} ${short(point[one.name])}`);
    const stage = this.stages.findLast((one) => one.start_s <= point.at_s),
      when = `${moment(point.at_s)}${stage?.name ? `, stage ${stage.name}` : ""}`;
    return `${this.title}, ${when}: ${values.join(", ") || "nothing known"} ${values.length ? this.unit : ""}`;
  }

  // `faults`: {name, start_s, end_s} of those that were on; `stages`: {name, start_s} of those that have begun, in order.
  show({ points, from, to, faults, stages, cursor }) {
    Object.assign(this, { points, from, to, faults, stages, cursor });
    this.render();
    if (this.table.open) this.fillTable();
  }

  render() {
    const width = this.svg.clientWidth;
    if (!width) return;
    const points = this.inside(),
      stacks = points.map((point) => this.stackOf(point)),
      scale = this.scaleOf(stacks, width),
      chosen = this.cursor === null || !points.length ? null : points[this.nearest(points, this.cursor)];
    this.svg.replaceChildren(
      ...this.drawFaults(scale),
      ...this.drawGrid(scale),
      ...this.series.flatMap((one, index) => this.drawSeries(one, index, points, stacks, scale)),
      ...this.drawStages(scale),
      ...this.nameFaults(scale),
      ...(chosen ? this.drawCursor(chosen, scale) : []),
    );
    this.svg.setAttribute("viewBox", `0 0 ${width} ${HEIGHT}`);
    this.tell(chosen || points.at(-1), points);
  }

  // Where a time and a value are in the picture; its top is a round number that all values are below.
  scaleOf(stacks, width) {
    const highest = Math.max(0, ...stacks.flat().map(([, high]) => high ?? 0)),
      step = Math.max(niceStep(Math.max(highest, 1e-6) * 1.05, 4), this.whole ? 1 : 0),
      top = Math.max(Math.ceil((highest * 1.02) / step) * step, step);
    return {
      width,
      step,
      top,
      x: (at) => LEFT + ((at - this.from) / (this.to - this.from || 1)) * (width - LEFT - RIGHT),
      y: (value) => HEIGHT - BOTTOM - (value / top) * (HEIGHT - TOP - STRIP - BOTTOM),
    };
  }

  faultsInside() {
    return this.faults
      .map((one) => ({ ...one, from: Math.max(one.start_s, this.from), to: Math.min(one.end_s, this.to) }))
      .filter((one) => one.to > one.from)
      .sort((one, other) => one.from - other.from);
  }

  drawFaults({ x }) {
    return this.faultsInside().map((one) => {
      const place = { x: x(one.from), width: Math.max(x(one.to) - x(one.from), 1), y: TOP + STRIP };
      const band = draw("rect", { class: "fault", height: HEIGHT - TOP - STRIP - BOTTOM, ...place });
      band.append(draw("title", {}, `Fault ${one.name}`));
      return band;
    });
  }

  // The name of each fault where its band begins, with room up to the next.
  nameFaults({ x, width }) {
    const faults = this.faultsInside();
    return faults.flatMap((one, index) => {
      const place = x(one.from) + 4,
        next = index + 1 < faults.length ? x(faults[index + 1].from) : width - RIGHT,
        words = fitting(one.name, next - place);
      if (!words) return [];
      const name = draw("text", { class: "fault", x: place, y: TOP + STRIP + 13 }, words);
      name.append(draw("title", {}, `Fault ${one.name}`));
      return [name];
    });
  }

  // Where a stage begins a thin rule, and its name above the plot, as far as there is room: a search has many.
  drawStages({ x, width }) {
    const end = width - RIGHT,
      shown = this.stages.filter((one, index) => (this.stages[index + 1]?.start_s ?? Infinity) > this.from);
    let latest = -Infinity;
    return shown
      .filter((one) => one.start_s < this.to)
      .flatMap((one, index) => {
        const place = Math.round(x(Math.max(one.start_s, this.from))),
          next = index + 1 < shown.length ? Math.min(x(shown[index + 1].start_s), end) : end,
          words = fitting(one.name, next - place - 8),
          parts = [];
        if (one.start_s > this.from && place - latest >= RULES_APART) {
          latest = place;
          parts.push(draw("line", { class: "stage", x1: place, x2: place, y1: TOP - 4, y2: HEIGHT - BOTTOM }));
        }
        if (words) {
          const name = draw("text", { class: "stage", x: place + (one.start_s > this.from ? 4 : 0), y: TOP + 6 }, words);
          name.append(draw("title", {}, `Stage ${one.name}, from ${moment(one.start_s)}`));
          parts.push(name);
        }
        return parts;
      });
  }

  drawGrid({ x, y, top, step, width }) {
    const parts = [];
    for (let value = 0; value <= top + step / 2; value += step) {
      const at = Math.round(y(value));
      parts.push(draw("line", { class: "grid", x1: LEFT, x2: width - RIGHT, y1: at, y2: at }));
      parts.push(draw("text", { x: LEFT - 7, y: at + 4, "text-anchor": "end" }, short(Number(value.toPrecision(6)))));
    }
    const every = timeStep(this.to - this.from, Math.max(width / 90, 2));
    for (let at = Math.ceil(this.from / every) * every; at <= this.to; at += every) {
      const anchor = x(at) > width - 30 ? "end" : "middle";
      parts.push(draw("text", { x: x(at), y: HEIGHT - 6, "text-anchor": anchor }, moment(at)));
    }
    return parts;
  }

  drawCursor(chosen, { x, y }) {
    const place = Math.round(x(chosen.at_s)),
      stack = this.stackOf(chosen),
      cross = draw("line", { class: "cross", x1: place, x2: place, y1: TOP + STRIP, y2: HEIGHT - BOTTOM });
    const known = this.series.map((one, index) => [one, stack[index][1]]).filter(([, high]) => high !== null);
    return [
      cross,
      ...known.map(([one, high]) => draw("circle", { class: `point s${one.tone}`, cx: place, cy: y(high), r: 3 })),
    ];
  }

  // Writes the values of a moment into the legend, and into what a screen reader says of the chart.
  tell(read, points) {
    for (const one of this.series) {
      const { value, item } = this.values.get(one.name);
      value.textContent = read ? short(read[one.name]) : "–";
      // An outcome that never came is not worth a place: the legend of a stack names what is in it.
      if (this.stacked) item.hidden = !points.some((point) => point[one.name]);
    }
    const words = read
      ? `Chart. ${this.said(read)}. Arrow keys read other moments.`
      : `Chart of ${this.title.toLowerCase()}: nothing yet`;
    this.svg.setAttribute("aria-label", words);
  }

  // Bottom and top of each series at a moment; of a line the bottom is not used.
  stackOf(point) {
    let low = 0;
    return this.series.map((one) => {
      const value = point[one.name];
      if (!this.stacked) return [0, value];
      const part = [low, value === null ? null : low + value];
      low += value ?? 0;
      return part;
    });
  }

  drawSeries(one, index, points, stacks, { x, y }) {
    const runs = [[]];
    points.forEach((point, place) => {
      const [low, high] = stacks[place][index];
      if (high === null) runs.push([]);
      else runs.at(-1).push([x(point.at_s), y(low), y(high)]);
    });
    const place = (number) => number.toFixed(1);
    return runs
      .filter((run) => run.length)
      .map((run) => {
        const upper = run.map(([at, , high]) => `${place(at)},${place(high)}`);
        if (!this.stacked)
          return run.length === 1
            ? draw("circle", { class: `point s${one.tone}`, cx: run[0][0], cy: run[0][2], r: 1.6 })
            : draw("polyline", { class: `line s${one.tone}${one.dashed ? " dashed" : ""}`, points: upper.join(" ") });
        const lower = run.map(([at, low]) => `${place(at)},${place(low)}`).reverse();
        return draw("polygon", { class: `area s${one.tone}`, points: [...upper, ...lower].join(" ") });
      });
  }

  fillTable() {
    if (!this.table.open) return;
    const latest = this.inside().slice(-30).reverse();
    this.rows.replaceChildren(
      ...latest.map((point) =>
        make(
          "tr",
          {},
          make("th", { scope: "row", class: "number" }, moment(point.at_s)),
          ...this.series.map((one) => make("td", { class: "number" }, short(point[one.name]))),
        ),
      ),
    );
  }
}
