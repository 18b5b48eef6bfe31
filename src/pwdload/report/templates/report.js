"use strict";
// Draws the plots in the colours of the page, makes tables sortable and folds long ones. Without it, all numbers are
// still there.
(() => {
  const root = document.documentElement;
  const plots = JSON.parse(document.getElementById("plot-data").textContent);
  const HEIGHT = 250;
  const dark = window.matchMedia("(prefers-color-scheme: dark)");
  const colour = (name) => getComputedStyle(root).getPropertyValue(`--${name}`).trim();

  // Text from a run is data: Plotly reads a little HTML in labels, so it never gets to see any.
  const inert = (text) => text.replace(/&/g, "&amp;").replace(/</g, "&lt;").replace(/>/g, "&gt;");

  function trace(plot, series) {
    const ink = colour(series.ink);
    const common = { name: inert(series.name), x: plot.x, y: series.y };
    if (plot.style === "layers") {
      return { ...common, type: "bar", offset: 0, width: plot.bin, marker: { color: ink, line: { width: 0 } } };
    }
    const few = plot.x.length <= 30;
    return { ...common, type: "scatter", mode: few ? "lines+markers" : "lines", connectgaps: false,
      line: { color: ink, width: 1.8, shape: plot.shades.length ? "hv" : "linear" }, marker: { color: ink, size: 5 } };
  }

  function bands(plot) {
    const edge = (at) => ({ type: "line", x0: at, x1: at, yref: "paper", y0: 0, y1: 1, layer: "below",
      line: { color: colour("faint"), width: 1, dash: "dot" } });
    const grey = ([, from, to]) => ({ type: "rect", x0: from, x1: to, yref: "paper", y0: 0, y1: 1, layer: "below",
      line: { width: 0 }, fillcolor: colour("band") });
    const red = ([, from, to]) => ({ type: "rect", x0: from, x1: to, yref: "paper", y0: 0, y1: 1, layer: "below",
      line: { width: 0 }, fillcolor: colour("shade") });
    return [...plot.bands.slice(1).map((band) => edge(band[1])), ...plot.bands.filter((band) => !band[3]).map(grey),
      ...plot.shades.map(red)];
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

  // A fault is named inside of its shade where there is room, upright in a wide plot; its table names it anyway.
  function shadeNames(plot, width) {
    const whole = plot.x.length ? plot.x[plot.x.length - 1] + plot.bin : 1;
    const room = ([, from, to]) => ((to - from) / whole) * width;
    const lies = (shade) => room(shade) > shade[0].length * 5.4 + 4;
    return plot.shades
      .filter((shade) => lies(shade) || (width > 700 && room(shade) > 13))
      .map((shade) => ({ x: (shade[1] + shade[2]) / 2, xanchor: "center", yref: "paper", y: 1, yanchor: "top",
        textangle: lies(shade) ? 0 : -90,
        showarrow: false, text: inert(shade[0].slice(0, 24)), font: { size: 10.5, color: colour("bad") } }));
  }

  function layout(plot, width) {
    const axis = { gridcolor: colour("rule"), linecolor: colour("rule"), zeroline: false, automargin: true,
      tickfont: { size: 11 }, fixedrange: false };
    return {
      width, height: HEIGHT, barmode: "stack", bargap: 0, hovermode: "x unified", separators: ".,",
      paper_bgcolor: "rgba(0,0,0,0)", plot_bgcolor: "rgba(0,0,0,0)",
      font: { family: getComputedStyle(document.body).fontFamily, size: 11.5, color: colour("soft") },
      margin: { l: 46, r: 6, t: 38, b: 36 },
      legend: { traceorder: "normal", orientation: "h", x: 0, y: 1, yref: "container", xanchor: "left", yanchor: "top", font: { size: 11 }, itemwidth: 30 },
      showlegend: plot.series.length > 1,
      hoverlabel: { bgcolor: colour("paper"), bordercolor: colour("rule"), font: { color: colour("ink") }, namelength: -1 },
      xaxis: { ...axis, title: { text: plot.xLabel, standoff: 4, font: { size: 11 } }, showgrid: false, rangemode: "tozero" },
      yaxis: { ...axis, title: { text: plot.yLabel, standoff: 6, font: { size: 11 } },
        ...(plot.log ? { type: "log", dtick: 1, exponentformat: "none" } : { rangemode: "tozero" }) },
      shapes: bands(plot), annotations: [...bandNames(plot, width - 60), ...shadeNames(plot, width - 60)],
    };
  }

  const config = { displaylogo: false, showTips: false, displayModeBar: false };

  function draw() {
    return Promise.all(plots.map((plot) => {
      const place = document.getElementById(`plot-${plot.name}`);
      const traces = plot.series.map((series) => trace(plot, series));
      const width = Math.max(place.clientWidth, 120);
      return Plotly.react(place, traces, layout(plot, width), config).then(() => makeScalable(place, width));
    }));
  }

  // On paper a picture is as wide as its column, whatever the window was.
  function makeScalable(place, width) {
    place.style.setProperty("--ratio", `${width} / ${HEIGHT}`);
    for (const svg of place.querySelectorAll(".main-svg")) svg.setAttribute("viewBox", `0 0 ${width} ${HEIGHT}`);
  }

  let waiting = 0;
  const later = () => { clearTimeout(waiting); waiting = setTimeout(draw, 120); };
  window.addEventListener("resize", later);
  dark.addEventListener("change", draw);
  // Paper is white: the plots, which are painted and not styled, need the light colours for as long as it takes.
  window.addEventListener("beforeprint", () => { root.dataset.print = ""; draw(); });
  window.addEventListener("afterprint", () => { delete root.dataset.print; draw(); });

  function valueOf(cell) {
    return "v" in cell.dataset ? (cell.dataset.v === "" ? null : Number(cell.dataset.v)) : cell.textContent;
  }

  function sort(table, place, descending) {
    const sign = descending ? -1 : 1;
    const rows = [...table.tBodies[0].rows].map((row) => [valueOf(row.cells[place]), row]);
    rows.sort(([a], [b]) => {
      if (a === null || b === null) return (a === null) - (b === null); // what is absent stays at the end
      return sign * (typeof a === "number" ? a - b : a.localeCompare(b, "en", { numeric: true }));
    });
    table.tBodies[0].append(...rows.map(([, row]) => row));
    fold(table);
  }

  function makeSortable(table) {
    [...table.tHead.rows[0].cells].forEach((head, place) => {
      const button = document.createElement("button");
      button.type = "button";
      button.textContent = head.textContent;
      button.title = "Sort by this column";
      head.replaceChildren(button);
      button.addEventListener("click", () => {
        const first = head.classList.contains("num") ? "descending" : "ascending";
        const other = first === "descending" ? "ascending" : "descending";
        const order = head.getAttribute("aria-sort") === first ? other : first;
        for (const each of table.tHead.rows[0].cells) each.removeAttribute("aria-sort");
        head.setAttribute("aria-sort", order);
        sort(table, place, order === "descending");
      });
    });
  }

  function fold(table) {
    const most = "unfolded" in table.dataset ? Infinity : Number(table.dataset.fold);
    [...table.tBodies[0].rows].forEach((row, place) => row.classList.toggle("folded", place >= most));
  }

  function makeFoldable(table) {
    const count = table.tBodies[0].rows.length;
    if (count <= Number(table.dataset.fold) + 2) { table.dataset.unfolded = ""; return; }
    const button = document.createElement("button");
    const label = () => {
      const all = "unfolded" in table.dataset;
      button.textContent = all ? "Show fewer rows" : `Show all ${count} rows`;
      button.dataset.print = all ? "" : `${table.dataset.fold} of ${count} rows; all are in ${table.dataset.source}.`;
    };
    button.type = "button";
    button.className = "unfold";
    button.addEventListener("click", () => {
      if ("unfolded" in table.dataset) delete table.dataset.unfolded; else table.dataset.unfolded = "";
      label();
      fold(table);
    });
    label();
    fold(table);
    table.parentElement.after(button);
  }

  // A table that does not fit says so: on a phone nothing else shows that there are columns to the right.
  function hintAtWidth() {
    for (const frame of document.querySelectorAll(".scroll")) {
      frame.parentElement.toggleAttribute("data-wide", frame.scrollWidth > frame.clientWidth + 1);
    }
  }
  window.addEventListener("resize", hintAtWidth);

  for (const table of document.querySelectorAll("table")) { makeSortable(table); makeFoldable(table); }
  hintAtWidth();
  // Left on the page for whoever wants to check it: how many plots were drawn, and how much was fetched to do so.
  draw().then((drawn) => {
    root.dataset.plots = String(drawn.length);
    root.dataset.fetched = String(performance.getEntriesByType("resource").length);
  });
})();
