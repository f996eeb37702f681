"use strict";
// What the parts of the page share. Names and texts of models become text nodes and attributes, never markup.

function fill(element, attributes, children) {
  for (const [name, value] of Object.entries(attributes || {})) {
    if (name.startsWith("on")) element.addEventListener(name.slice(2), value);
    else if (value !== null && value !== undefined) element.setAttribute(name, value);
  }
  element.append(...children.flat().filter(child => child !== null && child !== undefined));
  return element;
}
const el = (tag, attributes, ...children) => fill(document.createElement(tag), attributes, children);
const SVG = "http://www.w3.org/2000/svg";
const svg = (tag, attributes, ...children) => fill(document.createElementNS(SVG, tag), attributes, children);

const WITHOUT_DUMP = "Not in the library. For passes, loops and assembly: resc compile MODEL.onnx --dump-ir DIR, then "
  + "resc inspect DIR --html FILE.";

/** The content of a script element with JSON. */
const data = id => JSON.parse(document.getElementById("data-" + id).textContent);

const threeDigits = value => value >= 100 ? value.toFixed(0) : value >= 10 ? value.toFixed(1) : value.toFixed(2);
function scaled(value, step, units) {
  let unit = 0;
  for (; value >= 0.9995 * step && unit + 1 < units.length; ++unit) value /= step;
  return (unit ? threeDigits(value) : String(value)) + units[unit];
}
/** "Nx3x224x224" where the first is any number. */
const shapeText = shape => shape.map(size => size < 0 ? "N" : size).join("x");
const bytesText = bytes => scaled(bytes, 1024, [" B", " KiB", " MiB", " GiB", " TiB"]);
const countText = count => scaled(count, 1000, ["", " k", " M", " G", " T"]);
const percentText = share => (100 * share).toFixed(1) + " %";
/** "1x64x56x56xf32" without its element type. */
const plainShape = type => type.replace(/x[a-z]\w*$/, "");
const sum = numbers => numbers.reduce((a, b) => a + b, 0);

function table(rows) {
  const cell = content => typeof content === "number" ? el("td", {class: "number"}, String(content)) : el("td", {}, content);
  return el("table", {}, rows.map(([title, ...cells]) =>
    el("tr", {}, el("th", {scope: "row"}, title), cells.map(cell))));
}

/** A box that follows the pointer over elements made by `hover`. */
const tip = {
  show(event, lines) {
    if (!this.box) document.body.append(this.box = el("div", {id: "tip"}));
    this.box.replaceChildren(...lines.map(line => el("div", {}, line)));
    this.box.hidden = false;
    const right = event.clientX + 16 + this.box.offsetWidth < innerWidth;
    this.box.style.left = (right ? event.clientX + 16 : Math.max(0, event.clientX - 16 - this.box.offsetWidth)) + "px";
    this.box.style.top = Math.min(event.clientY + 12, innerHeight - this.box.offsetHeight - 4) + "px";
  },
  hide() { if (this.box) this.box.hidden = true; },
};
const hover = lines => ({onpointermove: event => tip.show(event, lines), onpointerleave: () => tip.hide()});

/** The call that is looked at, for all drawings: each registers what it does when another is chosen. */
const selection = {
  step: 0,
  listeners: [],
  choose(step, reveal) {
    this.step = step;
    for (const listener of this.listeners) listener(step, reveal);
  },
};
function stepLink(model, step) {
  if (step < 0) return el("span", {}, `input '${model.inputs[-1 - step].name}'`);
  const go = event => {
    event.preventDefault();
    selection.choose(step, true);
  };
  return el("a", {href: "#graph", onclick: go}, `${step} ${model.steps[step].node}`);
}
