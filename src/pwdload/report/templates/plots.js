"use strict";
// Draws what the page's data says, in the colours of the page: plots over time, charts and heat maps.
const drawing = (() => {
  const root = document.documentElement;
  const HEIGHTS = { time: 250, chart: 320, heat: 300 };
  const NARROW = 480;
  // Of an A4 page: what is drawn for it keeps the size of its letters.
  const PAPER = { wide: 650, half: 315, height: 0.82 };
  const colour = (name) => getComputedStyle(root).getPropertyValue(`--${name}`).trim();

  // Text from a run is data: Plotly reads a little HTML in labels, so it never gets to see any.
  const inert = (text) => text.replace(/&/g, "&amp;").replace(/</g, "&lt;").replace(/>/g, "&gt;");
  const finite = (values) => values.filter((value) => value !== null && Number.isFinite(value));
  const textWidth = (text) => text.length * 5.7 + 8;

  // --- over the run's time

  function timeTrace(plot, series) {
    const ink = colour(series.ink);
    const common = { name: inert(series.name), x: plot.x, y: series.y };
    if (plot.style === "layers") {
      return { ...common, type: "bar", offset: 0, width: plot.bin, marker: { color: ink, line: { width: 0 } } };
    }
    const few = plot.x.length <= 30;
    return { ...common, type: "scatter", mode: few ? "lines+markers" : "lines", connectgaps: false,
      line: { color: ink, width: 1.8, shape: plot.shades.length ? "hv" : "linear" }, marker: { color: ink, size: 5 } };
  }

  function spans(plot) {
    const tall = { yref: "paper", y0: 0, y1: 1 };
    const edge = (at) => ({ ...tall, type: "line", x0: at, x1: at, layer: "below",
      line: { color: colour("faint"), width: 1, dash: "dot" } });
    const fill = (ink) => ([, from, to]) => ({ ...tall, type: "rect", x0: from, x1: to, layer: "below",
      line: { width: 0 }, fillcolor: colour(ink) });
    return [...plot.bands.slice(1).map((band) => edge(band[1])), ...plot.bands.filter((band) => !band[3]).map(fill("band")),
      ...plot.shades.map(fill("shade"))];
  }

  function bandNames(plot, width) {
    const whole = plot.bands.length ? plot.bands[plot.bands.length - 1][2] : 1;
    const fits = (text, from, to) => ((to - from) / whole) * width > text.length * 5.6 + 6;
    const label = ([name, from, to, measured]) =>
      (measured ? [name] : [`${name} (not measured)`, "(not measured)"]).find((text) => fits(text, from, to)) || "";
    return plot.bands
      .map((band) => ({ x: band[1], xanchor: "left", xshift: 3, yref: "paper", y: 1, yanchor: "bottom",
        showarrow: false, text: inert(label(band)),
        font: { size: 10.5, color: colour("soft") } }));
  }

  // A fault is named inside of its shade where there is room, upright in a wide plot, and of those that overlap the first
  // one is; its table names it anyway.
  function shadeNames(plot, width) {
    const whole = plot.x.length ? plot.x[plot.x.length - 1] + (plot.bin || 0) : 1;
    const room = ([, from, to]) => ((to - from) / whole) * width;
    const lies = (shade) => room(shade) > shade[0].length * 5.4 + 4;
    let free = -Infinity;
    const isFree = ([, from, to]) => from >= free && ((free = to), true);
    return plot.shades
      .filter(isFree)
      .filter((shade) => lies(shade) || (width > 700 && room(shade) > 13))
      .map((shade) => ({ x: (shade[1] + shade[2]) / 2, xanchor: "center", yref: "paper", y: 1, yanchor: "top",
        textangle: lies(shade) ? 0 : -90,
        showarrow: false, text: inert(shade[0].slice(0, 24)), font: { size: 10.5, color: colour("bad") } }));
  }

  function ofTime(plot, width) {
    return {
      traces: plot.series.map((series) => timeTrace(plot, series)),
      layout: {
        barmode: "stack", bargap: 0, hovermode: "x unified", showlegend: plot.series.length > 1,
        xaxis: { showgrid: false, rangemode: "tozero" },
        yaxis: plot.log ? { type: "log", dtick: 1, exponentformat: "none" } : { rangemode: "tozero" },
        shapes: spans(plot), annotations: [...bandNames(plot, width - 60), ...shadeNames(plot, width - 60)],
      },
    };
  }

  // --- one quantity against another

  // The points of a mark that an axis can show: on a logarithmic one nothing is 0.
  function visible(chart, mark) {
    const fits = (value, isLog) => value !== null && value !== undefined && (!isLog || value > 0);
    const top = (place) => (mark.style === "band" ? mark.high[place] : mark.y[place]);
    return [...mark.x.keys()].filter((place) => fits(mark.x[place], chart.xLog) && fits(top(place), chart.yLog));
  }

  // A band is a surface: there along its lower edge, back along its upper one.
  function bandTrace(chart, mark) {
    const places = visible(chart, mark);
    const floor = Math.min(...finite(mark.high)) / 10;
    const low = (place) => (chart.yLog && !(mark.low[place] > 0) ? floor : mark.low[place]);
    const back = [...places].reverse();
    return { name: inert(mark.name), type: "scatter", mode: "lines", hoverinfo: "skip", fill: "toself",
      x: [...places, ...back].map((place) => mark.x[place]),
      y: [...places.map(low), ...back.map((place) => mark.high[place])],
      line: { width: 0, color: colour(mark.ink) }, fillcolor: translucent(colour(mark.ink), 0.18) };
  }

  function whiskers(mark, places, ink) {
    if (!mark.high || !mark.low) return {};
    const reach = (ends, sign) => places.map((place) =>
      (ends[place] === null || ends[place] === undefined ? 0 : Math.max(0, sign * (ends[place] - mark.y[place]))));
    return { error_y: { type: "data", symmetric: false, array: reach(mark.high, 1), arrayminus: reach(mark.low, -1),
      color: ink, thickness: 1.3, width: 4 } };
  }

  function markTrace(chart, mark) {
    const ink = colour(mark.ink);
    if (mark.style === "band") return bandTrace(chart, mark);
    const isLine = mark.style !== "dots";
    const places = isLine ? [...mark.x.keys()] : visible(chart, mark);
    const many = places.length > 200;
    const own = mark.labels
      ? { text: places.map((place) => inert(mark.labels[place])), hovertemplate: "%{text}<extra></extra>" } : {};
    return { name: inert(mark.name), type: "scatter", mode: isLine ? "lines" : "markers", connectgaps: false,
      x: places.map((place) => mark.x[place]), y: places.map((place) => mark.y[place]),
      line: { color: ink, width: 1.8, shape: mark.style === "steps" ? "hv" : "linear" },
      marker: { color: ink, size: many ? 4 : 7, opacity: many ? 0.55 : 1 }, ...whiskers(mark, places, ink), ...own };
  }

  function translucent(hex, share) {
    const parts = hex.match(/[0-9a-f]{2}/gi) || [];
    return parts.length === 3 ? `rgba(${parts.map((part) => parseInt(part, 16)).join(",")},${share})` : hex;
  }

  // The span of an axis over everything that is on it, in its own scale, with a little air.
  function range(chart, axis) {
    const isLog = axis === "x" ? chart.xLog : chart.yLog;
    const ofMarks = chart.marks.flatMap((mark) =>
      (axis === "x" ? mark.x : [...mark.y, ...(mark.low || []), ...(mark.high || [])]));
    const ofRules = chart.rules.filter((rule) => rule[2] === axis).map((rule) => rule[1]);
    const values = finite([...ofMarks, ...ofRules]).filter((value) => !isLog || value > 0);
    if (!values.length) return [0, 1];
    const scaled = values.map((value) => (isLog ? Math.log10(value) : value));
    const [low, high] = [Math.min(...scaled), Math.max(...scaled)];
    const air = (high - low || Math.abs(high) || 1) * 0.05;
    if (isLog) return [low - Math.max(air, 0.03), high + Math.max(air, 0.03)];
    if (chart.zooms && axis === "y") return [low >= 0 ? Math.max(low - air * 2, 0) : low - air * 2, high + air * 2];
    return [low >= 0 ? 0 : low - air, high + air];
  }

  // 1, 2, 5 in each decade while there is room, written out in full.
  function logTicks([low, high], written) {
    const all = [];
    for (let decade = Math.floor(low); decade <= Math.ceil(high); decade += 1) {
      for (const step of [1, 2, 5]) all.push(Number((step * 10 ** decade).toPrecision(1)));
    }
    const inside = all.filter((tick) => Math.log10(tick) >= low - 1e-9 && Math.log10(tick) <= high + 1e-9);
    const decades = inside.filter((tick) => Math.abs(Math.log10(tick) % 1) < 1e-9);
    const ticks = inside.length > 9 && decades.length > 1 ? decades : inside;
    return { tickmode: "array", tickvals: ticks, ticktext: ticks.map(written) };
  }

  const number = (value) => value.toLocaleString("en", { maximumSignificantDigits: 4 });

  function duration(seconds) {
    if (seconds >= 1) return `${number(seconds)} s`;
    return seconds >= 0.001 ? `${number(seconds * 1000)} ms` : `${number(seconds * 1e6)} µs`;
  }

  function chartAxis(chart, axis) {
    const span = range(chart, axis);
    const isLog = axis === "x" ? chart.xLog : chart.yLog;
    return { range: span, ...(isLog ? { type: "log", ...logTicks(span, number) } : {}) };
  }

  function ruleLines(chart) {
    const line = { color: colour("ink"), width: 1.2, dash: "dash" };
    return chart.rules.map(([, at, axis]) => (axis === "x"
      ? { type: "line", x0: at, x1: at, yref: "paper", y0: 0, y1: 1, line, layer: "above" }
      : { type: "line", y0: at, y1: at, xref: "paper", x0: 0, x1: 1, line, layer: "above" }));
  }

  // The names of upright rules stand above the chart, in as many rows as keep them apart.
  function ruleNames(chart, span, width) {
    const font = { size: 10.5, color: colour("ink") };
    const place = (at) => (((chart.xLog ? Math.log10(at) : at) - span[0]) / (span[1] - span[0])) * width;
    const ends = [];
    const upright = chart.rules.filter((rule) => rule[2] === "x").sort((a, b) => a[1] - b[1]).map(([name, at]) => {
      const half = textWidth(name) / 2;
      const middle = Math.min(Math.max(place(at), half), Math.max(width - half, half));
      let row = ends.findIndex((end) => end <= middle - half);
      if (row < 0) row = ends.length;
      ends[row] = middle + half;
      return { xref: "paper", x: middle / width, xanchor: "center", yref: "paper", y: 1, yanchor: "bottom",
        yshift: row * 14, showarrow: false, text: inert(name), font };
    });
    const level = chart.rules.filter((rule) => rule[2] === "y").map(([name, at]) => ({ xref: "paper", x: 1,
      xanchor: "right", y: chart.yLog ? Math.log10(at) : at, yanchor: "bottom", showarrow: false, text: inert(name), font,
      bgcolor: translucent(colour("paper"), 0.8), borderpad: 1 }));
    return { names: [...upright, ...level], rows: ends.length };
  }

  const isEmpty = (chart) => chart.marks.every((mark) => !visible(chart, mark).length);
  const nothing = () => ({ xref: "paper", x: 0.5, yref: "paper", y: 0.5, showarrow: false, text: "nothing to draw" });

  function ofChart(chart, width) {
    const xaxis = chartAxis(chart, "x");
    const { names, rows } = ruleNames(chart, xaxis.range, Math.max(width - 60, 60));
    return {
      traces: chart.marks.map((mark) => markTrace(chart, mark)),
      layout: { hovermode: "closest", showlegend: chart.marks.length > 1, xaxis, yaxis: chartAxis(chart, "y"),
        shapes: ruleLines(chart), annotations: isEmpty(chart) ? [...names, nothing()] : names,
        margin: { l: 46, r: 8, t: (chart.marks.length > 1 ? 26 : 10) + rows * 14, b: 36 } },
    };
  }

  // --- counts in cells of time and response time

  // A number below zero is so many empty cells.
  const unpacked = (row) => row.flatMap((count) => (count < 0 ? Array(-count).fill(0) : [count]));

  // Where cells begin, and where the last one ends.
  function edges(starts, isLog) {
    const [last, before] = [starts[starts.length - 1], starts[starts.length - 2]];
    if (before === undefined) return [last, isLog ? last * 2 : last + 1];
    return [...starts, isLog ? last * (last / before) : last + (last - before)];
  }

  function ofHeat(heat, width) {
    const cells = heat.cells.map(unpacked);
    const most = Math.max(1, ...cells.map((row) => Math.max(0, ...row)));
    const scale = [0, 1, 2, 3, 4].map((step) => [step / 4, colour(`heat-${step}`)]);
    const powers = [...Array(Math.floor(Math.log10(most)) + 1).keys()];
    const [x, y] = [edges(heat.x, false), edges(heat.y, true)];
    const span = [Math.log10(y[0]), Math.log10(y[y.length - 1])];
    const said = (count, row, column) =>
      `${count.toLocaleString("en")} in ${duration(y[row])} to ${duration(y[row + 1])}, from ${number(x[column])} s`;
    return {
      traces: [{ type: "heatmap", x, y, z: cells.map((row) => row.map((count) => (count ? Math.log10(count) : null))),
        zmin: 0, zmax: Math.max(Math.log10(most), 0.3), colorscale: scale, xgap: 0, ygap: 0, hoverongaps: false,
        text: cells.map((row, at) => row.map((count, column) => (count ? said(count, at, column) : ""))),
        hovertemplate: "%{text}<extra></extra>",
        colorbar: { thickness: 9, outlinewidth: 0, tickvals: powers, ticktext: powers.map((power) => number(10 ** power)),
          title: { text: "requests", side: "right", font: { size: 11 } }, tickfont: { size: 11 } } }],
      layout: { hovermode: "closest", showlegend: false, xaxis: { showgrid: false, range: [x[0], x[x.length - 1]] },
        yaxis: { type: "log", range: span, showgrid: false, ...logTicks(span, duration) },
        shapes: spans({ ...heat, bands: heat.bands }).map((shape) => ({ ...shape, layer: "above" })),
        annotations: [...bandNames(heat, width - 130), ...shadeNames({ ...heat, x }, width - 130)],
        margin: { l: 46, r: 6, t: 20, b: 36 } },
    };
  }

  // --- all of them

  const MAKERS = { time: ofTime, chart: ofChart, heat: ofHeat };
  const CONFIG = { displaylogo: false, showTips: false, displayModeBar: false };

  // A long name of an upright axis goes on in a second line rather than out of the picture.
  function wrapped(text, room) {
    const most = Math.floor(room / 5.6);
    if (text.length <= most) return inert(text);
    const comma = text.indexOf(", ") + 1;
    const cut = comma && comma <= most ? comma : text.lastIndexOf(" ", most);
    return cut > 0 ? `${inert(text.slice(0, cut))}<br>${inert(text.slice(cut + 1))}` : inert(text);
  }

  function layoutOf(item, width, height, own) {
    const axis = { gridcolor: colour("rule"), linecolor: colour("rule"), zeroline: false, automargin: true,
      tickfont: { size: 11 }, fixedrange: width < NARROW };
    const titled = (text, standoff, room) => ({ ...axis, title: { text: wrapped(text, room), standoff, font: { size: 11 } } });
    return {
      width, height, separators: ".,",
      paper_bgcolor: "rgba(0,0,0,0)", plot_bgcolor: "rgba(0,0,0,0)",
      font: { family: getComputedStyle(document.body).fontFamily, size: 11.5, color: colour("soft") },
      margin: { l: 46, r: 6, t: 38, b: 36 },
      legend: { traceorder: "normal", orientation: "h", x: 0, y: 1, yref: "container", xanchor: "left", yanchor: "top",
        font: { size: 11 }, itemwidth: 30 },
      hoverlabel: { bgcolor: colour("paper"), bordercolor: colour("rule"), font: { color: colour("ink") }, namelength: -1 },
      ...own,
      xaxis: { ...titled(item.xLabel, 4, width - 60), ...own.xaxis },
      yaxis: { ...titled(item.yLabel, 6, height - 60), ...own.yaxis },
    };
  }

  function sizeOf(item, place, onPaper) {
    const height = HEIGHTS[item.kind];
    if (!onPaper) return { width: Math.max(place.clientWidth, 120), height };
    const figure = place.closest("figure");
    const isWide = figure.classList.contains("wide") || figure.parentElement.children.length === 1;
    return { width: isWide ? PAPER.wide : PAPER.half, height: Math.round(height * PAPER.height) };
  }

  function drawOne(item, onPaper) {
    const place = document.getElementById(`plot-${item.name}`);
    const { width, height } = sizeOf(item, place, onPaper);
    const { traces, layout } = MAKERS[item.kind](item, width);
    return Plotly.react(place, traces, layoutOf(item, width, height, layout), CONFIG)
      .then(() => makeScalable(place, width, height));
  }

  // A picture on paper is as wide as its column, whatever that is on this printer's page.
  function makeScalable(place, width, height) {
    place.style.setProperty("--ratio", `${width} / ${height}`);
    for (const svg of place.querySelectorAll(".main-svg")) svg.setAttribute("viewBox", `0 0 ${width} ${height}`);
  }

  // --- the numbers behind them, for whoever cannot see them or wants to copy some

  const ROWS_MAX = 400;

  function numbersOf(item) {
    if (item.kind === "time") {
      const rows = item.x.map((at, place) => [at, ...item.series.map((series) => series.y[place])]);
      return { head: [item.xLabel, ...item.series.map((series) => series.name)], rows };
    }
    if (item.kind === "heat") {
      const y = edges(item.y, true);
      const rows = item.cells.flatMap((row, at) => unpacked(row)
        .map((count, column) => [item.x[column], duration(y[at]), duration(y[at + 1]), count]).filter((each) => each[3]));
      return { head: [item.xLabel, "from", "to", "requests"], rows: rows.sort((a, b) => a[0] - b[0]) };
    }
    const between = (mark, at) => [(mark.low || [])[at] ?? null, (mark.high || [])[at] ?? null];
    const rows = item.marks.flatMap((mark) => mark.x.map((x, at) => [mark.name, x, mark.y[at] ?? null, ...between(mark, at)]));
    const bounded = rows.some((row) => row[3] !== null || row[4] !== null);
    const head = ["", item.xLabel, item.yLabel, ...(bounded ? ["lower end", "upper end"] : [])];
    return { head, rows: [...rows, ...item.rules.map(([name, at, axis]) => (axis === "x" ? [name, at, null] : [name, null, at]))]
      .map((row) => head.map((_, place) => row[place] ?? null)) };
  }

  return { draw: (items, onPaper) => Promise.all(items.map((item) => drawOne(item, onPaper))), numbersOf, number, ROWS_MAX };
})();
