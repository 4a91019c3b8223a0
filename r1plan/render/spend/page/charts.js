// What each chart looks like, as Vega-Lite. Colours are the style sheet's, so that day, night and paper differ there.
"use strict";

// Those of which the page has a figure.
const KINDS = [
  ["thinking", "thinking"], ["answer", "answers"], ["unsplit", "not split"], ["fresh", "fresh input"],
  ["cached", "cached input"], ["billed", "whole bills"], ["energy", "electricity"],
].filter(([kind]) => document.getElementById(`figure-${kind}`));
const KIND_NAMES = KINDS.map(([, name]) => name);
const KIND_COLOURS = KINDS.map(([kind]) => `var(--${kind})`);

const CONFIG = {
  background: null, font: "system-ui, sans-serif", padding: 2, view: { stroke: null },
  axis: { labelColor: "var(--soft)", titleColor: "var(--soft)", labelFontSize: 12, titleFontSize: 12, titleFontWeight: "normal",
    gridColor: "var(--line)", domainColor: "var(--line)", tickColor: "var(--line)" },
  legend: { labelColor: "var(--ink)", labelFontSize: 12, title: null, orient: "top", direction: "horizontal", symbolType: "square" },
};

const opacity = { condition: { test: "datum.dim", value: 0.3 }, value: 1 };
const tooltip = [{ field: "name", title: "what" }, { field: "part", title: "kind" }, { field: "text", title: "cost" }];
const kindColour = (columns) => ({ field: "part", type: "nominal", sort: null, scale: { domain: KIND_NAMES, range: KIND_COLOURS },
  legend: { columns, values: KIND_NAMES } });
const bars = { type: "bar", cursor: "pointer" };

const CHARTS = {
  days: (labels, narrow) => ({
    height: 220, mark: { ...bars, binSpacing: 1 },
    encoding: {
      x: { field: "name", type: "ordinal", sort: null, axis: { title: null, labelAngle: 0, labelOverlap: "greedy", ticks: false,
        labelExpr: labels, labelSeparation: 6, labelPadding: 7 }, scale: { paddingInner: 0.15 } },
      y: { field: "value", type: "quantitative", axis: { title: "cost", tickCount: 4, labelExpr: "moneyLabel + datum.label" } },
      color: kindColour(narrow ? 2 : 7), order: { field: "order" }, opacity, tooltip,
    },
  }),
  models: (rows, narrow) => ({
    height: 30 * rows, mark: bars,
    encoding: {
      y: { field: "name", type: "nominal", sort: null, axis: { title: null, labelLimit: narrow ? 110 : 340, ticks: false, domain: false } },
      x: { field: "value", type: "quantitative", axis: { title: null, tickCount: 4, labelExpr: "moneyLabel + datum.label" } },
      color: { ...kindColour(3), legend: null }, order: { field: "order" }, opacity, tooltip,
    },
  }),
  lengths: () => ({
    height: 200, mark: { type: "bar", color: "var(--thinking)" },
    encoding: {
      x: { field: "name", type: "ordinal", sort: null, axis: { title: "tokens thought, from", labelAngle: 0, labelOverlap: "greedy", ticks: false,
        labelExpr: "split(datum.value, ' ')[0]" } },
      y: { field: "value", type: "quantitative", axis: { title: "requests", tickCount: 4, tickMinStep: 1 } },
      tooltip: [{ field: "name", title: "tokens" }, { field: "value", title: "requests" }],
    },
  }),
  hits: (labels) => ({
    height: 200,
    encoding: {
      x: { field: "name", type: "ordinal", sort: null, axis: { title: null, labelAngle: 0, labelOverlap: "greedy", ticks: false,
        labelExpr: labels, labelSeparation: 6, labelPadding: 7 } },
      y: { field: "value", type: "quantitative", scale: { domain: [0, 100] }, axis: { title: "% of input cached", tickCount: 4 } },
    },
    layer: [
      { mark: { type: "line", color: "var(--cached)", strokeWidth: 2 } },
      { mark: { type: "point", filled: true, color: "var(--cached)", size: 50, cursor: "pointer" },
        encoding: { opacity, tooltip: [{ field: "name", title: "when" }, { field: "text", title: "cached" }] } },
    ],
  }),
  worlds: (rows, narrow) => ({
    height: 30 * rows,
    encoding: { y: { field: "name", type: "nominal", sort: null,
      axis: { title: null, labelLimit: narrow ? 120 : 340, ticks: false, domain: false,
        labelExpr: narrow ? "length(datum.value) > 18 ? slice(datum.value, 0, 5) + '…' + slice(datum.value, -9) : datum.value" : "datum.value" } },
    tooltip: [{ field: "name", title: "what if" }, { field: "text", title: "cost there" }, { field: "bounds", title: "at least, at most" },
      { field: "was", title: "as it was" }] },
    layer: [
      { mark: { type: "bar", color: "var(--answer)", height: { band: 0.6 } },
        encoding: { x: { field: "value", type: "quantitative", axis: { title: null, tickCount: 4, labelExpr: "moneyLabel + datum.label" } } } },
      { transform: [{ filter: "datum.high > datum.low" }], mark: { type: "rule", color: "var(--ink)", strokeWidth: 2 },
        encoding: { x: { field: "low", type: "quantitative" }, x2: { field: "high" } } },
      { transform: [{ filter: "isValid(datum.instead)" }], mark: { type: "tick", color: "var(--fresh)", thickness: 4, opacity: 1, height: { band: 0.9 } },
        encoding: { x: { field: "instead", type: "quantitative" } } },
    ],
  }),
  clock: () => ({
    height: 7 * 24,
    encoding: {
      x: { field: "hour", type: "ordinal", scale: { domain: [...Array(24).keys()], paddingInner: 0.08 },
        axis: { title: "hour", labelAngle: 0, ticks: false, labelExpr: "datum.value % 3 ? '' : datum.label" } },
      y: { field: "weekday", type: "ordinal", sort: null, scale: { domain: WEEKDAYS, paddingInner: 0.08 }, axis: { title: null, ticks: false } },
      tooltip: [{ field: "name", title: "when" }, { field: "text", title: "cost" }, { field: "requests", title: "requests" },
        { field: "tiers", title: "other price" }],
    },
    layer: [
      { mark: { type: "rect" }, encoding: { color: { field: "level", type: "ordinal", legend: null,
        scale: { domain: [0, 1, 2, 3, 4, 5], range: [0, 1, 2, 3, 4, 5].map((each) => `var(--heat-${each})`) } } } },
      { transform: [{ filter: "datum.share > 0" }],
        mark: { type: "point", shape: "circle", filled: true, size: 22, color: "var(--clock)", stroke: "var(--card)", strokeWidth: 1 } },
    ],
  }),
};
const WEEKDAYS = ["Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun"];
