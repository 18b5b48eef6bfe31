"use strict";
// Has the plots drawn, gives each its numbers as a table, makes tables sortable and folds long ones. Without it, all numbers are
// still there.
(() => {
  const root = document.documentElement;
  const plots = JSON.parse(document.getElementById("plot-data").textContent);
  const dark = window.matchMedia("(prefers-color-scheme: dark)");
  const draw = () => drawing.draw(plots, "print" in root.dataset);

  let waiting = 0;
  const later = () => { clearTimeout(waiting); waiting = setTimeout(draw, 120); };
  window.addEventListener("resize", later);
  dark.addEventListener("change", draw);
  // Paper is white and narrow: the plots, which are painted and not styled, are painted for it for as long as it takes.
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
      if (!head.textContent.trim()) return; // nothing to call it by
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

  // What a plot draws, as a table made when it is asked for: the page stays small, and no eyes are needed.
  function numbersTable(item) {
    const { head, rows } = drawing.numbersOf(item);
    const table = document.createElement("table");
    const cell = (row, kind, value) => {
      const made = row.appendChild(document.createElement(kind));
      if (kind === "th") made.scope = "col";
      made.className = typeof value === "number" || kind === "th" ? "num" : "text";
      made.textContent = value === null ? "–" : typeof value === "number" ? drawing.number(value) : value;
    };
    table.createCaption().textContent = rows.length > drawing.ROWS_MAX
      ? `The first ${drawing.ROWS_MAX} of ${rows.length} rows; all are in tables/${item.table}.csv.` : item.title;
    const top = table.createTHead().insertRow();
    for (const name of head) cell(top, "th", name);
    const body = table.createTBody();
    for (const values of rows.slice(0, drawing.ROWS_MAX)) {
      const row = body.insertRow();
      for (const value of values) cell(row, "td", value);
    }
    return table;
  }

  function offerNumbers(item) {
    const figure = document.getElementById(`plot-${item.name}`).closest("figure");
    const reading = figure.querySelector(".reading");
    const button = document.createElement("button");
    button.type = "button";
    button.className = "as-table";
    button.textContent = "Show as table";
    button.setAttribute("aria-expanded", "false");
    button.setAttribute("aria-label", `Show as table: ${item.title}`);
    const frame = document.createElement("div");
    frame.className = "scroll numbers";
    frame.tabIndex = 0;
    frame.hidden = true;
    frame.setAttribute("role", "region");
    frame.setAttribute("aria-labelledby", `plot-${item.name}-title`);
    button.addEventListener("click", () => {
      if (!frame.hasChildNodes()) frame.append(numbersTable(item));
      frame.hidden = !frame.hidden;
      button.setAttribute("aria-expanded", String(!frame.hidden));
      button.textContent = frame.hidden ? "Show as table" : "Hide the table";
    });
    reading.append(button);
    figure.append(frame);
  }

  // The contents say where the reader is: at the last section that has begun above the upper third of the window.
  function followReader() {
    const nav = document.querySelector("nav");
    const links = [...nav.querySelectorAll("a")];
    const sections = links.map((link) => document.querySelector(link.getAttribute("href")));
    const mark = () => {
      const tops = sections.map((section) => section.getBoundingClientRect().top);
      const begun = tops.filter((top) => top < window.innerHeight / 3);
      const atEnd = window.scrollY > 0 && window.innerHeight + window.scrollY >= root.scrollHeight - 2;
      const current = atEnd ? links.length - 1 : Math.max(0, tops.indexOf(Math.max(...begun)));
      links.forEach((link, place) => {
        if (place !== current) link.removeAttribute("aria-current");
        else link.setAttribute("aria-current", "location");
      });
      // Beside the page or above it: the contents move along, and the page stays where it is.
      const { offsetLeft, offsetTop, offsetWidth, offsetHeight } = links[current];
      nav.scrollLeft = offsetLeft - nav.offsetLeft - (nav.clientWidth - offsetWidth) / 2;
      nav.scrollTop = offsetTop - nav.offsetTop - (nav.clientHeight - offsetHeight) / 2;
    };
    let asked = false;
    window.addEventListener("scroll", () => {
      if (asked) return;
      asked = true;
      requestAnimationFrame(() => { asked = false; mark(); });
    }, { passive: true });
    mark();
  }

  followReader();
  for (const item of plots) offerNumbers(item);
  for (const table of document.querySelectorAll("table")) { makeSortable(table); makeFoldable(table); }
  hintAtWidth();
  // Folding has moved whatever the address points at.
  if (location.hash) document.getElementById(decodeURIComponent(location.hash.slice(1)))?.scrollIntoView();
  // Left on the page for whoever wants to check it: how many plots were drawn, and how much was fetched to do so.
  draw().then((drawn) => {
    root.dataset.plots = String(drawn.length);
    root.dataset.fetched = String(performance.getEntriesByType("resource").length);
  });
})();
