// Draws one chart per statistic from the series that the page carries.
"use strict";
const FLAG_COLOURS = { wrong: "#b3261e", retrain: "#c0741a" };
// A band behind each day that is flagged as a whole.
function flagged(days, flags) {
  return days.flatMap((day, place) => (flags[day] || []).filter((flag) => !flag.requests && !flag.hours).slice(0, 1).map((flag) => ({
    type: "rect", xref: "x", yref: "paper", x0: place - 0.5, x1: place + 0.5, y0: 0, y1: 1,
    fillcolor: FLAG_COLOURS[flag.kind], opacity: 0.12, line: { width: 0 }, layer: "below",
  })));
}
function draw() {
  const view = JSON.parse(document.getElementById("series").textContent);
  const style = getComputedStyle(document.body);
  const ink = style.color;
  const line = style.getPropertyValue("--accent");
  const bad = style.getPropertyValue("--bad");
  const grid = { gridcolor: style.getPropertyValue("--line"), zerolinecolor: style.getPropertyValue("--soft") };
  const layout = {
    showlegend: false, paper_bgcolor: "transparent", plot_bgcolor: "transparent", font: { color: ink, size: 11 },
  };
  const shares = document.querySelector("[data-distribution]");
  if (shares) {
    const both = view.distribution;
    shares.setAttribute("role", "img");
    shares.setAttribute("aria-label", "share of rows in training and on " + both.date + ": " + both.labels.map((label, n) =>
      `${label} ${(100 * both.training[n]).toFixed(1)} % and ${(100 * both.day[n]).toFixed(1)} %`).join(", "));
    Plotly.react(shares, [
      { x: both.labels, y: both.training, type: "bar", name: "training", marker: { color: "#c0741a" } },
      { x: both.labels, y: both.day, type: "bar", name: both.date, marker: { color: line } },
    ], { ...layout, showlegend: true, title: { text: "share of rows", font: { size: 13 } },
      legend: { orientation: "h", y: 1.15, x: 1, xanchor: "right" }, margin: { l: 48, r: 10, t: 40, b: 50 },
      xaxis: { type: "category", automargin: true }, yaxis: { tickformat: ".0%", ...grid },
    }, { displayModeBar: false, responsive: true });
  }
  for (const place of document.querySelectorAll("[data-statistic]")) {
    const name = place.dataset.statistic;
    const series = view.series[name] || {};
    const days = Object.keys(series).sort();
    const drift = days.map((day) => view.verdicts[day] === "drift");
    const traces = [{
      x: days.map((day) => day.slice(5)), text: days, y: days.map((day) => series[day]), mode: "lines+markers", name,
      line: { color: line },
      marker: { size: 8, symbol: drift.map((d) => (d ? "diamond" : "circle")),
        color: drift.map((d) => (d ? bad : line)) },
    }];
    // How many rows there were in training says nothing of a day.
    if (name in view.baseline && !["count", "missing"].includes(name)) {
      traces.push({ x: days.map((day) => day.slice(5)), y: days.map(() => view.baseline[name]), mode: "lines", name: "training",
        line: { dash: "dash", color: "#c0741a" } });
    }
    place.setAttribute("role", "img");
    place.setAttribute("aria-label", `${name} per day: ` + days.map((day, n) => `${day} ${series[day]}${drift[n] ? " drift" : ""}`).join(", ")
      + (traces[1] ? `; in training ${view.baseline[name]}` : ""));
    // Where nothing is below zero, no axis is.
    const positive = days.every((day) => series[day] >= 0);
    Plotly.react(place, traces, {
      title: { text: name, font: { size: 13 } }, margin: { l: 48, r: 10, t: 34, b: 34 }, ...layout,
      xaxis: { type: "category", tickangle: 0, nticks: 6, ...grid }, yaxis: { ...grid, rangemode: positive ? "nonnegative" : "normal" },
      shapes: flagged(days, view.flagged),
    }, { displayModeBar: false, responsive: true });
  }
}
document.addEventListener("series", draw);
draw();
