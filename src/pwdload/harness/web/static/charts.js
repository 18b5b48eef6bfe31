// Charts over time, drawn as SVG. Whatever is shown comes in as text: nothing here makes HTML out of a value.
"use strict";

const SVG = "http://www.w3.org/2000/svg";
const LEFT = 52, RIGHT = 10, TOP = 8, BOTTOM = 22, HEIGHT = 190;

function make(kind, attributes = {}, ...inside) {
  const element = document.createElement(kind);
  for (const [name, value] of Object.entries(attributes)) element.setAttribute(name, value);
  element.append(...inside);
  return element;
}

function draw(kind, attributes = {}, text = "") {
  const element = document.createElementNS(SVG, kind);
  for (const [name, value] of Object.entries(attributes)) element.setAttribute(name, value);
  if (text) element.textContent = text;
  return element;
}

// "1 234", "12.3", "0.45": three digits are as much as a chart can show.
function short(value) {
  if (value === null || value === undefined) return "–";
  const size = Math.abs(value);
  const decimals = size >= 100 || Number.isInteger(value) ? 0 : size >= 10 ? 1 : 2;
  return value.toLocaleString("en-GB", { minimumFractionDigits: 0, maximumFractionDigits: decimals }).replaceAll(",", "\u202f");
}

// "0:07", "12:30", "1:02:03" of the run's clock.
function moment(seconds) {
  const whole = Math.max(Math.floor(seconds), 0), two = (number) => String(number).padStart(2, "0");
  const hours = Math.floor(whole / 3600), minutes = Math.floor(whole / 60) % 60;
  return hours ? `${hours}:${two(minutes)}:${two(whole % 60)}` : `${minutes}:${two(whole % 60)}`;
}

function niceStep(span, parts) {
  const raw = span / parts, size = 10 ** Math.floor(Math.log10(raw));
  return [1, 2, 5, 10].map((one) => one * size).find((one) => one >= raw);
}

function timeStep(span, parts) {
  return [1, 2, 5, 10, 15, 30, 60, 120, 300, 600, 900, 1800, 3600, 7200, 14400, 28800, 86400].find((one) => span / one <= parts) || 172800;
}

class Chart {
  // `series`: {name, label, tone (1 to 8), dashed}; `unit` stands beside the title and with each value that is read out.
  constructor(parent, { title, unit, series, stacked = false, whole = false, moved }) {
    Object.assign(this, { title, unit, series, stacked, whole, moved });
    this.points = []; this.from = 0; this.to = 1; this.faults = []; this.cursor = null;
    this.values = new Map();
    const legend = make("ul", { class: "legend" });
    for (const one of series) {
      const value = make("b"); value.textContent = "–";
      const mark = draw("svg", { width: 18, height: 10, "aria-hidden": "true", class: `s${one.tone}` });
      mark.append(stacked ? draw("rect", { x: 3, width: 11, height: 10, rx: 2, class: "area" }) : draw("line", { x1: 0, x2: 18, y1: 5, y2: 5, class: one.dashed ? "line dashed" : "line", "stroke-width": 2.4 }));
      const item = make("li", {}, mark, one.label + " ", value);
      legend.append(item); this.values.set(one.name, { value, item });
    }
    this.svg = draw("svg", { class: "plot", role: "img", tabindex: 0 });
    this.rows = make("tbody");
    const head = make("tr", {}, make("th", { scope: "col", class: "number" }, "Time"), ...series.map((one) => make("th", { scope: "col", class: "number" }, one.label)));
    this.table = make("details", {}, make("summary", {}, "As a table"), make("div", { class: "scroll" }, make("table", {}, make("caption", {}, `${title} (${unit}), latest first`), make("thead", {}, head), this.rows)));
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
    const next = { ArrowLeft: now - 1, ArrowRight: now + 1, PageUp: now - 10, PageDown: now + 10, Home: 0, End: points.length - 1 }[event.key];
    if (event.key === "Escape") return this.moved(null, false);
    if (next === undefined) return;
    event.preventDefault();
    const point = points[Math.min(Math.max(next, 0), points.length - 1)];
    this.moved(point.at_s, true, this);
  }

  inside() { return this.points.filter((point) => point.at_s >= this.from && point.at_s <= this.to); }

  nearest(points, at) {
    let best = 0;
    points.forEach((point, index) => { if (Math.abs(point.at_s - at) < Math.abs(points[best].at_s - at)) best = index; });
    return best;
  }

  said(point) {
    const values = this.series.filter((one) => point[one.name] !== null).map((one) => `${one.label} ${short(point[one.name])}`);
    return `${this.title}, ${moment(point.at_s)}: ${values.join(", ") || "nothing known"} ${values.length ? this.unit : ""}`;
  }

  show(points, from, to, faults, cursor) {
    Object.assign(this, { points, from, to, faults, cursor });
    this.render();
    if (this.table.open) this.fillTable();
  }

  render() {
    const width = this.svg.clientWidth;
    if (!width) return;
    const points = this.inside(), x = (at) => LEFT + (at - this.from) / (this.to - this.from || 1) * (width - LEFT - RIGHT);
    const stacks = points.map((point) => this.stackOf(point));
    const highest = Math.max(0, ...stacks.flat().map(([, high]) => high ?? 0));
    const step = Math.max(niceStep(Math.max(highest, 1e-6) * 1.05, 4), this.whole ? 1 : 0), top = Math.max(Math.ceil(highest * 1.02 / step) * step, step);
    const y = (value) => HEIGHT - BOTTOM - value / top * (HEIGHT - TOP - BOTTOM);
    const parts = [];
    for (const fault of this.faults) {
      const start = Math.max(fault.start_s, this.from), end = Math.min(fault.end_s, this.to);
      if (end <= start) continue;
      const band = draw("rect", { class: "fault", x: x(start), width: Math.max(x(end) - x(start), 1), y: TOP, height: HEIGHT - TOP - BOTTOM });
      band.append(draw("title", {}, `Fault ${fault.name}`)); parts.push(band);
    }
    for (let value = 0; value <= top + step / 2; value += step) {
      parts.push(draw("line", { class: "grid", x1: LEFT, x2: width - RIGHT, y1: Math.round(y(value)), y2: Math.round(y(value)) }));
      parts.push(draw("text", { x: LEFT - 7, y: y(value) + 4, "text-anchor": "end" }, short(Number(value.toPrecision(6)))));
    }
    const every = timeStep(this.to - this.from, Math.max(width / 90, 2));
    for (let at = Math.ceil(this.from / every) * every; at <= this.to; at += every) {
      const place = x(at);
      parts.push(draw("text", { x: place, y: HEIGHT - 6, "text-anchor": place > width - 30 ? "end" : "middle" }, moment(at)));
    }
    this.series.forEach((one, index) => parts.push(...this.drawSeries(one, index, points, stacks, x, y)));
    const chosen = this.cursor === null || !points.length ? null : points[this.nearest(points, this.cursor)];
    if (chosen) {
      const place = Math.round(x(chosen.at_s));
      parts.push(draw("line", { class: "cross", x1: place, x2: place, y1: TOP, y2: HEIGHT - BOTTOM }));
      const stack = this.stackOf(chosen);
      this.series.forEach((one, index) => { if (stack[index][1] !== null) parts.push(draw("circle", { class: `point s${one.tone}`, cx: place, cy: y(stack[index][1]), r: 3 })); });
    }
    this.svg.replaceChildren(...parts);
    this.svg.setAttribute("viewBox", `0 0 ${width} ${HEIGHT}`);
    const read = chosen || points.at(-1);
    for (const one of this.series) {
      const { value, item } = this.values.get(one.name);
      value.textContent = read ? short(read[one.name]) : "–";
      // An outcome that never came is not worth a place: the legend of a stack names what is in it.
      if (this.stacked) item.hidden = !points.some((point) => point[one.name]);
    }
    this.svg.setAttribute("aria-label", read ? `Chart. ${this.said(read)}. Arrow keys read other moments.` : `Chart of ${this.title.toLowerCase()}: nothing yet`);
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

  drawSeries(one, index, points, stacks, x, y) {
    const runs = [[]];
    points.forEach((point, place) => {
      const [low, high] = stacks[place][index];
      if (high === null) runs.push([]); else runs.at(-1).push([x(point.at_s), y(low), y(high)]);
    });
    const place = (number) => number.toFixed(1);
    return runs.filter((run) => run.length).map((run) => {
      const upper = run.map(([at, , high]) => `${place(at)},${place(high)}`);
      if (!this.stacked) return run.length === 1
        ? draw("circle", { class: `point s${one.tone}`, cx: run[0][0], cy: run[0][2], r: 1.6 })
        : draw("polyline", { class: `line s${one.tone}${one.dashed ? " dashed" : ""}`, points: upper.join(" ") });
      const lower = run.map(([at, low]) => `${place(at)},${place(low)}`).reverse();
      return draw("polygon", { class: `area s${one.tone}`, points: [...upper, ...lower].join(" ") });
    });
  }

  fillTable() {
    if (!this.table.open) return;
    const latest = this.inside().slice(-30).reverse();
    this.rows.replaceChildren(...latest.map((point) => make("tr", {}, make("th", { scope: "row", class: "number" }, moment(point.at_s)),
      ...this.series.map((one) => make("td", { class: "number" }, short(point[one.name]))))));
  }
}
