// The page: what is chosen, the sums of what is chosen (exact: money is a whole number of 10^-15), charts and tables.
"use strict";

const DATA = JSON.parse(document.getElementById("series").textContent);
const DIGITS = 15, ONE = 10n ** BigInt(DIGITS);
const SPEND = ["span", "seller", "requests", "input", "hit", "output", "thought", "unknownCost", "unknownSplit", "uncertain", "estimated", "unpriced", "unbounded", "unsaved"];
const MONEY = ["cost", "fresh", "cached", "thinking", "answer", "unknown", "billed", "energy", "saving", "low", "high"];
const chosen = { provider: null, model: null, span: null };
const views = {};
const byId = (id) => document.getElementById(id);

function amount(text) {
  const [whole, part = ""] = text.replace("-", "").split(".");
  const value = BigInt(whole) * ONE + BigInt(part.padEnd(DIGITS, "0"));
  return text.startsWith("-") ? -value : value;
}

// All digits, as programs read them.
function exact(value) {
  if (value === null) return "";
  const size = value < 0n ? -value : value;
  const part = String(size % ONE).padStart(DIGITS, "0").replace(/0+$/, "");
  return `${value < 0n ? "-" : ""}${size / ONE}${part ? `.${part}` : ""}`;
}

// To the cent, a tiny amount to two digits; halves to the even digit, as the report itself rounds.
function money(value) {
  const size = value < 0n ? -value : value;
  const cent = ONE / 100n;
  const digits = size === 0n || size >= cent ? 2 : DIGITS + 2 - String(size).length;
  const unit = 10n ** BigInt(Math.max(DIGITS - digits, 0));
  let rounded = digits > DIGITS ? size * 10n ** BigInt(digits - DIGITS) : size / unit;
  const twice = (size % unit) * 2n;
  if (twice > unit || (twice === unit && rounded % 2n)) rounded += 1n;
  const text = String(rounded).padStart(digits + 1, "0");
  const whole = text.slice(0, -digits).replace(/\B(?=([0-9]{3})+$)/g, ",");
  return `${value < 0n ? "-" : ""}${DATA.sign}${whole}.${text.slice(-digits)}`;
}

const rows = DATA.spends.map((each) => {
  const row = {};
  SPEND.forEach((name, place) => { row[name] = each[place]; });
  MONEY.forEach((name, place) => { row[name] = amount(each[SPEND.length + place]); });
  return row;
});
const sellerOf = (number) => DATA.sellers[number];
const sellerName = ([provider, model]) => provider === null ? "all others" : `${model} · ${provider}`;

// Whether a seller is among the chosen, but for the dimensions in `free`.
function takes(number, free = "") {
  const [provider, model] = sellerOf(number);
  return (free === "seller" || ((chosen.provider === null || provider === chosen.provider)
    && (chosen.model === null || model === chosen.model)));
}
const within = (span, free = "") => free === "span" || chosen.span === null || span === null || span === chosen.span;
const some = (free) => rows.filter((row) => takes(row.seller, free) && within(row.span, free));

function sum(list) {
  const total = Object.fromEntries([["uncosted", 0], ...SPEND.slice(2).map((name) => [name, 0]), ...MONEY.map((name) => [name, 0n])]);
  for (const row of list) {
    if (sellerOf(row.seller)[0] === "local") total.uncosted += row.unknownCost;
    for (const name of SPEND.slice(2)) total[name] += row[name];
    for (const name of MONEY) total[name] += row[name];
  }
  return total;
}

// Where nothing but zeros is known of a sum that lacks something, it is not known.
const known = (value, unknown) => (value === 0n && unknown ? null : value);
const cost = (total) => known(total.cost, total.unknownCost + total.uncertain);
const part = (total, name) => (cost(total) === null ? null : known(total[name], total.unknownSplit));
const PIECES = {
  thinking: (total) => part(total, "thinking"), answer: (total) => part(total, "answer"), unsplit: (total) => part(total, "unknown"),
  fresh: (total) => part(total, "fresh"), cached: (total) => part(total, "cached"),
  billed: (total) => (cost(total) === null ? null : total.billed), energy: (total) => known(total.energy, total.uncosted),
};
const pieces = (total) => KINDS.map(([kind]) => PIECES[kind](total));

function costText(total) {
  const value = cost(total);
  if (value === null && total.uncertain && !total.unpriced && !total.unbounded) return total.low === total.high ? money(total.low) : `${money(total.low)}–${money(total.high)}`;
  if (value === null) return total.unpriced ? "unpriced" : total.uncertain ? "uncertain" : "not known";
  return `${total.estimated ? "~" : ""}${money(value)}${total.unpriced ? " + ?" : ""}`;
}
const partText = (value) => (value === null ? "not known" : money(value));
const share = (of, whole) => (whole ? `${Math.round((of / whole) * 100)} %` : "-");
const number = (value) => value.toLocaleString("en-US");

function choose(changes) {
  Object.assign(chosen, changes);
  show();
}

function show() {
  for (const name of ["provider", "model", "span"]) byId(`choose-${name}`).value = chosen[name] === null ? "" : String(chosen[name]);
  const all = sum(rows), total = sum(some());
  const filtered = Object.values(chosen).some((each) => each !== null);
  byId("everything").hidden = !filtered;
  figures(total);
  const what = [chosen.model, chosen.provider, chosen.span === null ? null : DATA.spans[chosen.span]].filter((each) => each !== null);
  byId("said").textContent = filtered ? `Shown: ${what.join(", ")}: ${costText(total)} of ${costText(all)}.` : `Shown: everything, ${costText(all)}.`;
  drawDays(); drawModels(); drawLengths(); drawHits(); drawClock();
}

function figure(name, text, value) {
  const cell = byId(`figure-${name}`);
  cell.textContent = text;
  cell.value = value;
}

function figures(total) {
  figure("cost", costText(total), exact(cost(total)));
  figure("requests", number(total.requests), String(total.requests));
  pieces(total).forEach((value, place) => figure(KINDS[place][0], partText(value), exact(value)));
  const saving = part(total, "saving");
  figure("saving", `${total.unsaved && saving !== null ? "at least " : ""}${partText(saving)}`, exact(saving));
  figure("input", `${number(total.input)} (${share(total.hit, total.input)} cached)`, String(total.input));
  figure("output", `${number(total.output)} (${share(total.thought, total.output)} thinking)`, String(total.output));
}

// A chart is made once; later it is given its new data.
async function draw(id, spec, values, pick) {
  if (!window.vegaEmbed) return;
  const box = byId(`chart-${id}`), shape = JSON.stringify(spec);
  if (views[id]?.shape === shape) {
    views[id].values = values;
    const view = await views[id].view;
    view.data("table", structuredClone(views[id].values));
    await view.runAsync();
    return;
  }
  const made = { shape, values };
  views[id] = made;
  made.view = window.vegaEmbed(box, { width: "container", autosize: { type: "fit-x", contains: "padding" }, config: CONFIG,
    params: [{ name: "moneyLabel", value: DATA.sign }], data: { name: "table", values }, ...spec },
  { ast: true, actions: false, defaultStyle: false, renderer: "svg", tooltip: { disableDefaultStyle: true } }).then(({ view }) => {
    view.addEventListener("click", (_event, item) => { if (pick && item?.datum) pick(item.datum); });
    const drawing = box.querySelector("svg");
    drawing.setAttribute("role", "img");
    drawing.setAttribute("aria-label", `${box.dataset.title}; the same is in the table below.`);
    return view;
  });
}

function table(id, heads, lines, pick) {
  const body = document.createElement("tbody");
  for (const [cells, key, on] of lines) {
    const row = body.insertRow();
    cells.forEach((text, place) => {
      const cell = row.appendChild(document.createElement(place ? "td" : "th"));
      if (place) cell.className = "number"; else cell.scope = "row";
      if (!place && pick && key !== null) {
        const button = cell.appendChild(document.createElement("button"));
        button.type = "button";
        button.textContent = text;
        button.setAttribute("aria-pressed", String(Boolean(on)));
        button.addEventListener("click", () => pick(key));
      } else cell.textContent = text;
    });
  }
  const whole = byId(`table-${id}`);
  const head = document.createElement("thead").appendChild(document.createElement("tr"));
  heads.forEach((text, place) => {
    const cell = head.appendChild(document.createElement("th"));
    cell.scope = "col";
    cell.textContent = text;
    if (place) cell.className = "number";
  });
  const held = document.activeElement?.closest(`#table-${id} tr`)?.rowIndex;
  whole.replaceChildren(head.parentElement, body);
  if (held !== undefined) whole.rows[held]?.querySelector("button")?.focus();
}

function grouped(list, key) {
  const found = new Map();
  for (const row of list) {
    if (!found.has(key(row))) found.set(key(row), []);
    found.get(key(row)).push(row);
  }
  return found;
}

const stacked = (key, name, total, dim) => pieces(total).map((value, order) => ({
  key, name, part: KIND_NAMES[order], order, value: Number(value ?? 0n) / Number(ONE), text: partText(value), dim,
})).filter((each) => each.value > 0);
const spendHeads = ["cost", "requests", ...KIND_NAMES];
const spendCells = (total) => [costText(total), number(total.requests), ...pieces(total).map(partText)];
const spanLabels = () => (DATA.unit === "month" ? "datum.value" : "slice(datum.value, 5)");
const pickSpan = (key) => choose({ span: chosen.span === key ? null : key });

function drawDays() {
  const groups = grouped(some("span"), (row) => row.span);
  const totals = DATA.spans.map((name, key) => [key, name, sum(groups.get(key) ?? [])]);
  const values = totals.flatMap(([key, name, total]) => {
    const found = stacked(key, name, total, !within(key));
    return found.length ? found : [{ key, name, part: KIND_NAMES[0], order: 0, value: 0, text: costText(total) }];
  });
  draw("days", CHARTS.days(spanLabels(), innerWidth < 600), values, (datum) => pickSpan(datum.key));
  table("days", [DATA.unit, ...spendHeads], totals.filter(([, , total]) => total.requests)
    .map(([key, name, total]) => [[name, ...spendCells(total)], key, chosen.span === key]), pickSpan);
}

function pickSeller(key) {
  const [provider, model] = sellerOf(key);
  if (provider === null) return;
  choose(chosen.provider === provider && chosen.model === model ? { provider: null, model: null } : { provider, model });
}

function drawModels() {
  const groups = grouped(some("seller"), (row) => row.seller);
  const totals = DATA.sellers.map((seller, key) => [key, sellerName(seller), sum(groups.get(key) ?? [])]).filter(([, , total]) => total.requests);
  const values = totals.flatMap(([key, name, total]) => stacked(key, name, total, !takes(key)));
  draw("models", CHARTS.models(new Set(values.map((each) => each.key)).size, innerWidth < 600), values, (datum) => pickSeller(datum.key));
  table("models", ["model and provider", ...spendHeads], totals.map(([key, name, total]) => [[name, ...spendCells(total)],
    sellerOf(key)[0] === null ? null : key, chosen.provider !== null && takes(key)]), pickSeller);
}

function drawLengths() {
  const counts = new Map();
  for (const [span, seller, bin, requests] of DATA.lengths)
    if (takes(seller) && within(span)) counts.set(bin, (counts.get(bin) ?? 0) + requests);
  const most = Math.max(-1, ...counts.keys()), least = Math.min(most, ...counts.keys());
  const values = [];
  for (let bin = least; bin <= most && most >= 0; bin += 1) values.push({ name: binName(bin), value: counts.get(bin) ?? 0 });
  const all = values.reduce((total, each) => total + each.value, 0);
  let seen = 0, half = null;
  for (const each of values) if (half === null && (seen += each.value) * 2 >= all && all) half = each.name;
  byId("about-lengths").textContent = all ? `${number(all)} requests of known thinking; the middle one thought ${half} tokens.`
    : "Of no request it is known how long it thought.";
  draw("lengths", CHARTS.lengths(), values);
  table("lengths", ["tokens thought", "requests", "share"], values.map((each) => [[each.name, number(each.value), share(each.value, all)], null]));
}

const size = (value) => (value < 1024 ? String(value) : `${value / 1024}k`);
const binName = (bin) => (bin === 0 ? "none" : bin === 1 ? "1" : `${size(2 ** (bin - 1))} to ${size(2 ** bin)}`);

function drawHits() {
  const groups = grouped(some("span"), (row) => row.span);
  const totals = DATA.spans.map((name, key) => [key, name, sum(groups.get(key) ?? [])]);
  draw("hits", CHARTS.hits(spanLabels()), totals.map(([key, name, total]) => ({ key, name, dim: !within(key),
    value: total.input ? (total.hit / total.input) * 100 : null, text: `${share(total.hit, total.input)} of ${number(total.input)}` })),
  (datum) => pickSpan(datum.key));
  table("hits", [DATA.unit, "cached", "of input tokens", "saved"], totals.filter(([, , total]) => total.input)
    .map(([key, name, total]) => [[name, share(total.hit, total.input), number(total.input), partText(part(total, "saving"))], key, chosen.span === key]), pickSpan);
}

function drawClock() {
  const cells = new Map();
  for (const [span, weekday, hour, seller, requests, usd] of DATA.hours) {
    if (!takes(seller) || !within(span)) continue;
    const cell = cells.get(weekday * 24 + hour) ?? [0, 0n];
    cells.set(weekday * 24 + hour, [cell[0] + requests, cell[1] + amount(usd)]);
  }
  const tiers = new Map();
  for (const [seller, tier, weekday, hour, part] of DATA.clock) {
    if (!takes(seller)) continue;
    const found = tiers.get(weekday * 24 + hour) ?? [0, new Set()];
    tiers.set(weekday * 24 + hour, [Math.max(found[0], part), found[1].add(`${sellerName(sellerOf(seller))}: ${tier}`)]);
  }
  const most = [...cells.values()].reduce((top, [, usd]) => (usd > top ? usd : top), 0n);
  const values = [];
  WEEKDAYS.forEach((weekday, day) => {
    for (let hour = 0; hour < 24; hour += 1) {
      const [requests, usd] = cells.get((day + 1) * 24 + hour) ?? [0, 0n];
      const [part, names] = tiers.get((day + 1) * 24 + hour) ?? [0, new Set()];
      values.push({ weekday, hour, name: `${weekday} ${String(hour).padStart(2, "0")}:00`, text: money(usd), usd: exact(usd), requests, share: part,
        tiers: [...names].join("; ") || "none", level: usd && most ? 1 + Number((usd * 4n) / most) : requests ? 1 : 0 });
    }
  });
  const clocked = [...new Set([...tiers.values()].flatMap(([, names]) => [...names]))];
  const lost = chosen.span !== null && DATA.hours.some(([span]) => span === null) ? " Hours are not told apart by day: these are of the whole period." : "";
  byId("about-clock").textContent = `Hours are ${DATA.timezone}. ${clocked.length ? `A dot: another price then (${clocked.join("; ")})${DATA.clockLast}.` : "No seller had a price by the clock."}${lost}`;
  draw("clock", CHARTS.clock(), values);
  table("clock", ["hour", "cost", "requests", "other price"], values.filter((each) => each.requests)
    .map((each) => [[each.name, each.text, number(each.requests), each.tiers], null]));
}

for (const [name, texts] of [["provider", [...new Set(DATA.sellers.map(([provider]) => provider))]], ["model", [...new Set(DATA.sellers.map(([, model]) => model))]]])
  for (const text of texts.filter((each) => each !== null).sort()) byId(`choose-${name}`).add(new Option(text, text));
DATA.spans.forEach((text, key) => byId("choose-span").add(new Option(text, String(key))));
for (const name of ["provider", "model", "span"])
  byId(`choose-${name}`).addEventListener("change", ({ target }) => choose({ [name]: target.value === "" ? null : name === "span" ? Number(target.value) : target.value }));
byId("everything").addEventListener("click", () => { choose({ provider: null, model: null, span: null }); byId("choose-provider").focus(); });
for (const id of ["filters", "figures", "charts"]) byId(id).hidden = false;
show();
