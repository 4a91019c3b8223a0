// The other worlds: drawn once, as no choice of what is shown changes them.
"use strict";

function drawWorlds() {
  const usd = (text) => (text === null ? null : Number(text));
  const shown = (text) => (text === null ? "not known" : money(amount(text)));
  const values = DATA.worlds.map(([name, there, low, high, instead]) => ({
    name, value: usd(there), low: usd(low), high: usd(high), instead: usd(instead),
    text: shown(there), bounds: `${shown(low)}, ${shown(high)}`, was: shown(instead),
  }));
  draw("worlds", CHARTS.worlds(values.length, innerWidth < 600), values);
}

if (byId("chart-worlds")) drawWorlds();
