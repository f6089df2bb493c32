"use strict";
// Draws the charts in the page's theme, sorts tables, opens rows, and lets a sweep's axes be picked.
(() => {
  const LIGHT = {
    "@1": "#1f5fa8", "@2": "#b35900", "@3": "#5b7f00", "@4": "#8a3fa0", "@5": "#00796b", "@6": "#a03060", "@7": "#6b5d00",
    "@8": "#4a4f57", "@good": "#2e7d32", "@bad": "#c62828", "@muted": "#6b7480", "@band": "#e0a030", "@fan": "rgba(31,95,168,0.18)",
    "@f0": "#c62828", "@f1": "#d98a3a", "@f2": "#8d97a5", "@f3": "#5b8fc7", "@f4": "#1f5fa8", text: "#1b1f24", grid: "#e3e6ea",
    "@scale": [[0, "#f2f6fb"], [0.5, "#8fb4dd"], [1, "#1f5fa8"]],
    "@diverging": [[0, "#c62828"], [0.5, "#f7f7f7"], [1, "#2e7d32"]],
  };
  const DARK = {
    "@1": "#7fb2f0", "@2": "#f0a860", "@3": "#b5d66a", "@4": "#d5a0e8", "@5": "#6fd0c2", "@6": "#f09ab8", "@7": "#d9cc6a",
    "@8": "#b8c0ca", "@good": "#7ed085", "@bad": "#ff8a80", "@muted": "#8d97a5", "@band": "#b8862b", "@fan": "rgba(127,178,240,0.20)",
    "@f0": "#ff8a80", "@f1": "#f0b070", "@f2": "#8d97a5", "@f3": "#7fb2f0", "@f4": "#c4e0ff", text: "#e4e7ec", grid: "#2c333d",
    "@scale": [[0, "#1d2733"], [0.5, "#3b6ea8"], [1, "#a9cdfb"]],
    "@diverging": [[0, "#e06a62"], [0.5, "#2a2f37"], [1, "#6cbf74"]],
  };
  const root = document.documentElement;
  const prefers = matchMedia("(prefers-color-scheme: dark)");
  const dark = () => (root.dataset.theme ? root.dataset.theme === "dark" : prefers.matches);
  const figures = JSON.parse(document.getElementById("figures").textContent);

  const coloured = (value, theme) => {
    if (typeof value === "string") return value[0] === "@" && value in theme ? theme[value] : value;
    if (Array.isArray(value)) {
      // numbers and times are long and hold no colours
      return value.length && typeof value[0] === "object" && value[0] !== null ? value.map((v) => coloured(v, theme)) : value;
    }
    if (value && typeof value === "object") {
      const out = {};
      for (const key in value) out[key] = coloured(value[key], theme);
      return out;
    }
    return value;
  };

  const draw = (id, figure) => {
    const theme = dark() ? DARK : LIGHT;
    const layout = coloured(figure.layout, theme);
    const axis = { gridcolor: theme.grid, zerolinecolor: theme.grid, linecolor: theme.grid };
    const narrow = innerWidth < 600;
    for (const key in layout) if (/^[xy]axis/.test(key)) layout[key] = { ...axis, ...layout[key] };
    return Plotly.react(id, coloured(figure.data, theme), {
      paper_bgcolor: "rgba(0,0,0,0)", plot_bgcolor: "rgba(0,0,0,0)", autosize: true,
      font: { color: theme.text, size: narrow ? 11 : 12, family: "system-ui, sans-serif" },
      margin: { l: narrow ? 48 : 64, r: 12, t: 30, b: 48 }, hoverlabel: { font: { size: 12 } }, ...layout,
    }, { responsive: true, displaylogo: false, modeBarButtonsToRemove: ["sendDataToCloud", "lasso2d", "select2d"] });
  };
  const drawAll = () => Promise.all(Object.entries(figures).map(([id, figure]) => draw(id, figure)));

  const button = document.getElementById("theme");
  const label = () => {
    button.textContent = dark() ? "light" : "dark";
    button.setAttribute("aria-label", `Switch to ${button.textContent} colours`);
  };
  button.addEventListener("click", () => {
    root.dataset.theme = dark() ? "light" : "dark";
    label();
    drawAll();
  });
  prefers.addEventListener("change", () => { label(); drawAll(); });
  let before;
  addEventListener("beforeprint", () => { before = root.dataset.theme; root.dataset.theme = "light"; drawAll(); });
  addEventListener("afterprint", () => {
    if (before === undefined) delete root.dataset.theme; else root.dataset.theme = before;
    drawAll();
  });

  const numeric = (text) => {
    const plain = text.replace(/[,%\s]/g, "");
    return plain !== "" && !isNaN(plain) ? Number(plain) : null;
  };
  for (const table of document.querySelectorAll("table")) {
    // a column with any words in it is read from the left
    const rows = [...table.tBodies[0].rows].filter((row) => !row.classList.contains("detail"));
    const texts = rows.map((row) => [...row.cells].map((cell) => cell.textContent.trim()));
    for (let column = 1; column < (texts[0] || []).length; column += 1) {
      const filled = texts.map((row) => row[column]).filter((text) => text && text !== "-");
      if (filled.every((text) => numeric(text) !== null)) continue;
      const long = filled.some((text) => text.length > 24);
      for (const row of [...(table.tHead ? table.tHead.rows : []), ...rows]) {
        row.cells[column].classList.add("words", ...(long ? ["long"] : []));
      }
    }
  }
  for (const table of document.querySelectorAll("table.sortable")) {
    [...table.tHead.rows[0].cells].forEach((head, column) => {
      const sort = document.createElement("button");
      sort.type = "button";
      sort.textContent = head.textContent;
      head.replaceChildren(sort);
      sort.addEventListener("click", () => {
        const up = head.getAttribute("aria-sort") !== "ascending";
        for (const other of table.tHead.rows[0].cells) other.removeAttribute("aria-sort");
        head.setAttribute("aria-sort", up ? "ascending" : "descending");
        const key = (row) => row.cells[column].textContent.trim();
        const rows = [...table.tBodies[0].rows].sort((a, b) => {
          const [x, y] = [numeric(key(a)), numeric(key(b))];
          if (x !== null && y !== null) return x - y;
          if ((x === null) !== (y === null)) return x === null ? 1 : -1;
          return key(a).localeCompare(key(b));
        });
        table.tBodies[0].append(...(up ? rows : rows.reverse()));
      });
    });
  }
  for (const open of document.querySelectorAll("button.open")) {
    open.addEventListener("click", () => {
      const detail = open.closest("tr").nextElementSibling;
      detail.hidden = !detail.hidden;
      open.setAttribute("aria-expanded", String(!detail.hidden));
    });
  }

  for (const place of document.querySelectorAll("[data-explorer]")) explore(place, JSON.parse(place.dataset.explorer));

  // A heat map of any figure over any two axes; the other axes are held at a value or averaged.
  function explore(place, given) {
    const row = document.createElement("div");
    row.className = "pickers";
    const chart = document.createElement("div");
    chart.className = "chart";
    chart.id = "explorer";
    chart.setAttribute("role", "img");
    place.append(row, chart);
    const pick = (name, options, chosen) => {
      const label = document.createElement("label");
      const select = document.createElement("select");
      label.append(`${name} `, select);
      for (const option of options) select.add(new Option(option, option, option === chosen, option === chosen));
      row.append(label);
      select.addEventListener("change", show);
      return select;
    };
    const axes = Object.keys(given.axes);
    const figure = pick("figure", given.figures, given.first);
    const across = pick("across", axes, axes[0]);
    const down = pick("down", axes, axes[1] || axes[0]);
    const held = Object.fromEntries(axes.map((axis) => [axis, pick(`${axis}:`, ["mean of all", ...given.axes[axis]], "mean of all")]));
    function show() {
      const free = [across.value, down.value];
      for (const axis of axes) held[axis].parentElement.hidden = free.includes(axis);
      const rows = given.rows.filter((cell) => axes.every((axis, k) =>
        free.includes(axis) || held[axis].value === "mean of all" || given.axes[axis][cell.at[k]] === held[axis].value));
      const [i, j, n] = [axes.indexOf(across.value), axes.indexOf(down.value), given.figures.indexOf(figure.value)];
      const [x, y] = [given.axes[across.value], given.axes[down.value]];
      const z = y.map((_, b) => x.map((_, a) => {
        const found = rows.filter((cell) => cell.at[i] === a && cell.at[j] === b && cell.is[n] !== null).map((cell) => cell.is[n]);
        return found.length ? found.reduce((s, v) => s + v, 0) / found.length : null;
      }));
      chart.setAttribute("aria-label", `${figure.value} over ${across.value} and ${down.value}`);
      figures.explorer = { data: [{ type: "heatmap", x, y, z, colorscale: "@scale", texttemplate: "%{z:.4g}", xgap: 1, ygap: 1 }],
        layout: { height: 160 + 42 * y.length, xaxis: { type: "category", title: { text: across.value } },
          yaxis: { type: "category", title: { text: down.value }, automargin: true, autorange: "reversed" } } };
      draw("explorer", figures.explorer);
    }
    show();
  }

  label();
  drawAll().then(() => { root.dataset.drawn = "yes"; });
})();
